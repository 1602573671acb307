// Integer helpers of the model: everything is counted in whole cycles, bytes and femtojoules.
#pragma once

#include <bit>
#include <cstdint>

#include "common/number.h"

namespace tilewright {

__extension__ typedef __int128 Int128;            // NOLINT(modernize-use-using)
__extension__ typedef unsigned __int128 UInt128;  // NOLINT(modernize-use-using)

/// ceil(numerator / denominator) for numerator >= 0, denominator > 0.
constexpr std::int64_t ceil_div(std::int64_t numerator, std::int64_t denominator) {
  return Arithmetic<std::int64_t>::divided_up(numerator, denominator);
}

/// The smallest multiple of `step` that is >= value.
constexpr std::int64_t round_up(std::int64_t value, std::int64_t step) {
  return ceil_div(value, step) * step;
}

/// Division by a number that is known long before: a shift where it is a power of two.
class Divisor {
 public:
  explicit constexpr Divisor(std::uint64_t divisor)
      : divisor_(divisor),
        shift_((divisor & (divisor - 1)) == 0 ? std::countr_zero(divisor) : -1) {}

  /// ceil(numerator / divisor) for numerator below 2^63.
  constexpr std::uint64_t ceil(std::uint64_t numerator) const {
    const std::uint64_t scaled = numerator + (divisor_ - 1);
    return shift_ >= 0 ? scaled >> shift_ : scaled / divisor_;
  }
  constexpr std::int64_t ceil(std::int64_t numerator) const {
    return static_cast<std::int64_t>(ceil(static_cast<std::uint64_t>(numerator)));
  }
  template <typename Number>
  Number ceil(const Number& numerator) const {
    const auto divisor = static_cast<std::int64_t>(divisor_);
    return shift_ >= 0 ? (numerator + (divisor - 1)) >> shift_
                       : divided_up(numerator, Number(divisor));
  }
  /// The smallest multiple of the divisor that is >= value.
  template <typename Number>
  constexpr Number round_up(const Number& value) const {
    if (shift_ >= 0) [[likely]] {
      const std::int64_t mask = static_cast<std::int64_t>(divisor_) - 1;
      return (value + mask) & ~mask;
    }
    return ceil(value) * static_cast<std::int64_t>(divisor_);
  }
  constexpr std::uint64_t value() const { return divisor_; }

 private:
  std::uint64_t divisor_;
  int shift_;
};

}  // namespace tilewright
