// Numbers as people write them in files, read exactly: no rounding, no octal, no wrap-around.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tilewright {

enum class NumberProblem {
  kNone,
  kNotANumber,  ///< not of the form that is asked for
  kNotFinite,   ///< NaN or infinity, as YAML or C write them
  kTooLarge,    ///< does not fit 64 bits
  kTooFine,     ///< no whole multiple of 1/scale
};

struct ParsedNumber {
  std::int64_t value = 0;  ///< meaningful only without a problem
  NumberProblem problem = NumberProblem::kNone;
};

/// "-12": an optional minus and decimal digits without leading zeros.
ParsedNumber parse_integer(std::string_view text);

/// "-1.25": as above with an optional fraction of at most 10 digits, times `scale`
/// (1 to 1,000,000,000); the product must be whole.
ParsedNumber parse_decimal(std::string_view text, std::int64_t scale);

/// value / scale as short as possible: (1500, 1000) -> "1.5".
std::string format_decimal(std::int64_t value, std::int64_t scale);

/// nan, .nan, inf, -.inf, infinity and the like, in any case.
bool is_non_finite(std::string_view text);

}  // namespace tilewright
