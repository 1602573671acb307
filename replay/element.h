// How numbers stand in the bytes of DRAM and L1 during a replay.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "schedules/workload.h"

namespace tilewright {

enum class ReplayType : std::uint8_t {
  kFp32,  ///< every element is a float, in storage that may be wider than the workload's bytes
  kFp16   ///< elements of two bytes are IEEE halves, longer ones floats
};

/// An element that the workload counts as `bytes` and that takes bytes x scale bytes of storage.
struct Element {
  std::int64_t bytes = 0;
  std::int64_t scale = 1;
  bool half = false;

  std::int64_t storage() const { return bytes * scale; }
  bool operator==(const Element&) const = default;
};

/// Elements of a workload. The scale is the same for all: offsets and sizes are counted in the
/// workload's bytes, storage is `scale` times as long everywhere.
struct Elements {
  Element input;
  Element kv;
  Element score;
  Element accumulator;
  Element bias;  ///< if there is one
  std::int64_t scale = 1;
};

/// Throws InputError if the type does not fit the workload: fp16 needs two bytes.
Elements elements_of(const Workload& workload, ReplayType type);

/// to.size() elements from `from`.
void decode(const Element& element, const std::byte* from, std::span<float> to);
/// Rounds to the element's type.
void encode(const Element& element, std::span<const float> from, std::byte* to);

}  // namespace tilewright
