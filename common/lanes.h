// Numbers of several candidates side by side in a vector register: what number.h says of one, for
// them. For files alone that are compiled for processors with such registers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <experimental/simd>

#include "common/number.h"

namespace tilewright {

/// How many there are depends on what the file is compiled for, and so does the type's name.
using Lanes = std::experimental::native_simd<std::int64_t>;
using LaneMask = Lanes::mask_type;

template <>
struct Choice<LaneMask> {
  static bool any(const LaneMask& condition) { return std::experimental::any_of(condition); }
  static bool all(const LaneMask& condition) { return std::experimental::all_of(condition); }

  [[gnu::always_inline]] static Lanes choose(const LaneMask& condition, const Lanes& yes,
                                             const Lanes& no) {
    Lanes chosen = no;
    std::experimental::where(condition, chosen) = yes;
    return chosen;
  }
  /// Of structures that can choose for themselves, number by number.
  template <typename Value>
  static Value choose(const LaneMask& condition, const Value& yes, const Value& no) {
    return Value::choose(condition, yes, no);
  }
};

template <>
struct Arithmetic<Lanes> {
  static Lanes divided_up(const Lanes& numerator, const Lanes& denominator) {
    return divided_down(numerator + denominator - 1, denominator);
  }
  static Lanes divided_down(const Lanes& numerator, const Lanes& denominator) {
    namespace simd = std::experimental;
    // Below 2^53 a quotient of doubles is never rounded up to the next whole number.
    constexpr std::int64_t kExact = std::int64_t{1} << 53U;
    if (simd::any_of(numerator >= kExact)) [[unlikely]] {
      return Lanes([&](auto i) { return numerator[i] / denominator[i]; });
    }
    using Doubles = simd::rebind_simd_t<double, Lanes>;
    return simd::static_simd_cast<Lanes>(simd::static_simd_cast<Doubles>(numerator) /
                                         simd::static_simd_cast<Doubles>(denominator));
  }
  static std::int64_t any_one(const Lanes& number) { return number[0]; }
  template <typename Function>
  static Lanes each(const Function& function, const Lanes& number) {
    return Lanes([&](auto i) { return function(static_cast<std::int64_t>(number[i])); });
  }
};

/// Those that go together. Where they would part, the fewer ones drop out: what is computed in
/// their lanes from then on has no meaning.
template <>
class Accord<Lanes> {
 public:
  explicit Accord(LaneMask& together) : together_(&together) {}

  bool operator()(const LaneMask& condition) const {
    const LaneMask go = condition && *together_;
    const int going = popcount(go);
    if (going == 0) {
      return false;
    }
    const int all = popcount(*together_);
    if (going == all) {
      return true;
    }
    const bool most = 2 * going >= all;
    *together_ = most ? go : *together_ && !condition;
    return most;
  }

  const LaneMask& together() const { return *together_; }
  void drop(const LaneMask& some) const { *together_ = *together_ && !some; }

 private:
  LaneMask* together_;
};

}  // namespace tilewright
