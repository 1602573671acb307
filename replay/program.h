// The operations of a candidate in the order in which they are executed.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "costmodel/evaluator.h"
#include "schedules/expand.h"

namespace tilewright {

/// One operation of expand(), with its slots kept.
struct Step {
  Operation operation;  ///< its spans are empty
  std::size_t phase = 0;
  std::int64_t start = 0;  ///< cycles, by the reference
  std::array<SlotUse, 3> reads{};
  std::size_t read_count = 0;
  std::array<SlotUse, 2> writes{};
  std::size_t write_count = 0;

  std::span<const SlotUse> read_slots() const { return {reads.data(), read_count}; }
  std::span<const SlotUse> write_slots() const { return {writes.data(), write_count}; }
};

/// All operations of all phases and cores, in the order of the reference's start times; ties in the
/// order of expand(), which respects all dependencies.
std::vector<Step> record_program(Evaluator& evaluator, const Tiling& tiling, Objective objective);

/// "k[1] of core 0", with the pools of pool_name().
std::string slot_text(const SlotUse& slot);

}  // namespace tilewright
