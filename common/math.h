// Integer helpers of the model: everything is counted in whole cycles, bytes and femtojoules.
#pragma once

#include <cstdint>

namespace tilewright {

__extension__ typedef __int128 Int128;            // NOLINT(modernize-use-using)
__extension__ typedef unsigned __int128 UInt128;  // NOLINT(modernize-use-using)

/// ceil(numerator / denominator) for numerator >= 0, denominator > 0.
constexpr std::int64_t ceil_div(std::int64_t numerator, std::int64_t denominator) {
  return (numerator + denominator - 1) / denominator;
}

/// The smallest multiple of `step` that is >= value.
constexpr std::int64_t round_up(std::int64_t value, std::int64_t step) {
  return ceil_div(value, step) * step;
}

}  // namespace tilewright
