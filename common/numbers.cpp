#include "common/numbers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <limits>

#include "common/math.h"

namespace tilewright {
namespace {

constexpr std::size_t kMaxWholeDigits = 18;
constexpr std::size_t kMaxFractionDigits = 10;  // enough for 1/1024

bool all_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// Digits without a superfluous leading zero (which other readers take for octal).
bool is_whole(std::string_view digits) {
  return all_digits(digits) && (digits.size() == 1 || digits.front() != '0');
}

NumberProblem why_not(std::string_view text) {
  return is_non_finite(text) ? NumberProblem::kNotFinite : NumberProblem::kNotANumber;
}

Int128 power_of_ten(std::size_t exponent) {
  Int128 power = 1;
  for (std::size_t i = 0; i < exponent; ++i) power *= 10;
  return power;
}

Int128 digits_value(std::string_view digits) {
  Int128 value = 0;
  for (const char c : digits) value = value * 10 + (c - '0');
  return value;
}

ParsedNumber narrow(Int128 value, bool negative) {
  if (value > std::numeric_limits<std::int64_t>::max()) return {0, NumberProblem::kTooLarge};
  const auto magnitude = static_cast<std::int64_t>(value);
  return {negative ? -magnitude : magnitude, NumberProblem::kNone};
}

}  // namespace

ParsedNumber parse_integer(std::string_view text) {
  const std::string_view digits = text.substr(text.starts_with('-') ? 1 : 0);
  if (!is_whole(digits)) return {0, why_not(text)};
  std::int64_t value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec != std::errc{}) return {0, NumberProblem::kTooLarge};
  return {value, NumberProblem::kNone};
}

ParsedNumber parse_decimal(std::string_view text, std::int64_t scale) {
  const bool negative = text.starts_with('-');
  const std::string_view unsigned_text = text.substr(negative ? 1 : 0);
  const std::size_t point = unsigned_text.find('.');
  const std::string_view whole = unsigned_text.substr(0, point);
  std::string_view fraction;
  if (point != std::string_view::npos) {
    fraction = unsigned_text.substr(point + 1);
    if (!all_digits(fraction)) return {0, why_not(text)};
  }
  if (!is_whole(whole)) return {0, why_not(text)};
  while (fraction.ends_with('0')) fraction.remove_suffix(1);
  if (whole.size() > kMaxWholeDigits) return {0, NumberProblem::kTooLarge};
  if (fraction.size() > kMaxFractionDigits) return {0, NumberProblem::kTooFine};
  // At most 28 digits times a scale of at most 10^9: stays below 2^127 (1.7e38).
  const Int128 unit = power_of_ten(fraction.size());
  const Int128 scaled = (digits_value(whole) * unit + digits_value(fraction)) * scale;
  if (scaled % unit != 0) return {0, NumberProblem::kTooFine};
  return narrow(scaled / unit, negative);
}

std::string format_decimal(std::int64_t value, std::int64_t scale) {
  if (value % scale == 0) return fmt::format("{}", value / scale);
  return fmt::format("{}", static_cast<double>(value) / static_cast<double>(scale));
}

bool is_non_finite(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  if (text.starts_with('.')) text.remove_prefix(1);
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  constexpr std::array<std::string_view, 3> kWords{"nan", "inf", "infinity"};
  return std::find(kWords.begin(), kWords.end(), lower) != kWords.end();
}

}  // namespace tilewright
