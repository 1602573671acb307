// What the cost model needs of the numbers that it computes with, so that it can be written once
// for any number: a whole one, or those of several candidates side by side (lanes.h).
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>

namespace tilewright {

/// Of one candidate.
template <typename Number>
inline constexpr bool kAlone = std::is_same_v<Number, std::int64_t>;

/// What a comparison of two numbers gives.
template <typename Condition>
struct Choice;

template <>
struct Choice<bool> {
  static bool any(bool condition) { return condition; }
  static bool all(bool condition) { return condition; }
  template <typename Value>
  static Value choose(bool condition, const Value& yes, const Value& no) {
    return condition ? yes : no;
  }
};

template <typename Condition>
[[gnu::always_inline]] inline bool any(const Condition& condition) {
  return Choice<Condition>::any(condition);
}
template <typename Condition>
[[gnu::always_inline]] inline bool all(const Condition& condition) {
  return Choice<Condition>::all(condition);
}
template <typename Number>
using ConditionOf = decltype(Number() == Number());

/// `yes` where the condition holds, `no` elsewhere.
template <typename Condition, typename Value>
[[gnu::always_inline]] inline Value choose(const Condition& condition, const Value& yes,
                                           const Value& no) {
  return Choice<Condition>::choose(condition, yes, no);
}

template <typename Number>
[[gnu::always_inline]] inline Number largest(const Number& a, const Number& b) {
  using std::max;
  return max(a, b);
}
template <typename Number, typename... More>
[[gnu::always_inline]] inline Number largest(const Number& a, const Number& b,
                                             const More&... more) {
  return largest(largest(a, b), more...);
}
template <typename Number>
[[gnu::always_inline]] inline Number least(const Number& a, const Number& b) {
  using std::min;
  return min(a, b);
}

template <typename Number>
struct Arithmetic;

template <>
struct Arithmetic<std::int64_t> {
  static constexpr std::int64_t divided_up(std::int64_t numerator, std::int64_t denominator) {
    return (numerator + denominator - 1) / denominator;
  }
  static constexpr std::int64_t divided_down(std::int64_t numerator, std::int64_t denominator) {
    return numerator / denominator;
  }
  static std::int64_t any_one(std::int64_t number) { return number; }
  template <typename Function>
  static std::int64_t each(const Function& function, std::int64_t number) {
    return function(number);
  }
};

/// ceil(numerator / denominator) for numerator >= 0, denominator > 0, whose sum is below 2^63.
template <typename Number>
[[gnu::always_inline]] inline Number divided_up(const Number& numerator,
                                                const Number& denominator) {
  return Arithmetic<Number>::divided_up(numerator, denominator);
}

/// floor(numerator / denominator) for numerator >= 0, denominator > 0.
template <typename Number>
[[gnu::always_inline]] inline Number divided_down(const Number& numerator,
                                                  const Number& denominator) {
  return Arithmetic<Number>::divided_down(numerator, denominator);
}

/// One of them: of one candidate its own.
template <typename Number>
std::int64_t any_one(const Number& number) {
  return Arithmetic<Number>::any_one(number);
}

/// What a function of whole numbers makes of each.
template <typename Number, typename Function>
Number each(const Function& function, const Number& number) {
  return Arithmetic<Number>::each(function, number);
}

/// Which way to go where all candidates side by side have to go one way. One alone goes its own.
template <typename Number>
class Accord {
 public:
  bool operator()(bool condition) const { return condition; }
};

}  // namespace tilewright
