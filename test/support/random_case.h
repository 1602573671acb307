// Random machines, shapes and tilings for property tests. Same seed, same case, on any platform.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "costmodel/evaluator.h"
#include "costmodel/op_costs.h"
#include "schedules/schedule.h"
#include "search/random.h"

namespace tilewright::test {

/// An element of `values`.
template <typename Container>
auto pick(Random& random, const Container& values) {
  return values[static_cast<std::size_t>(
      random.between(0, static_cast<std::int64_t>(values.size()) - 1))];
}

Hardware random_hardware(Random& random);

/// A small array and buffers of a few L0 tiles of its size: many L0 tiles to choose from.
/// The sides of the largest tile that both matmuls put on the array at once.
ArraySides array_reach(const MatrixUnit& unit);

/// Takes element-wise work from the array if its accumulators could not hold a tile's scores.
void keep_on_array(const Workload& workload, const Tiling& tiling, Hardware& hardware);

void make_l0_scarce(Random& random, std::int64_t input_bytes, Hardware& hw);
Workload random_workload(Random& random);

/// Kinds of attention layers that models have.
enum class Family {
  kSelf,
  kGrouped,
  kCross,
  kDecode,
  kCausal,
  kWindow,
  kLatent,
  kLatentDecode,  ///< V in K
  kBias,          ///< T5
  kInt8
};
inline constexpr std::array kFamilies{
    Family::kSelf,   Family::kGrouped, Family::kCross,        Family::kDecode, Family::kCausal,
    Family::kWindow, Family::kLatent,  Family::kLatentDecode, Family::kBias,   Family::kInt8};

/// Makes a random workload one of a family; what the family does not fix stays random.
void make_family(Random& random, Family family, Workload& workload);

/// Cycles that the masking adds on one core if nothing hides it: an addition in every sub-tile that
/// is seen in part, rounded up for every softmax.
std::int64_t mask_cycles(const Hardware& hardware, const Workload& workload, const Tiling& tiling,
                         bool online);

/// No mask where the schedule has none.
void keep_runnable(const Schedule& schedule, std::string_view variant, Workload& workload);

/// After other lengths were set: no mask where the first queries would see no key.
void keep_valid(Workload& workload);

/// A tiling that is legal for the schedule; it need not fit.
std::optional<Tiling> random_tiling(Random& random, const Schedule& schedule,
                                    std::string_view variant, const Shape& shape,
                                    const CoreLayout& layout);

std::string describe(const Hardware& hardware, const Workload& workload, const Tiling& tiling);

}  // namespace tilewright::test
