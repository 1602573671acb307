// Numbers as people read them. Nothing here depends on the locale.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/math.h"
#include "costmodel/objective.h"

namespace tilewright {

/// All digits, no separators: "-170141183460469231731687303715884105728" at the low end.
std::string decimal(Int128 value);

std::string decimal(const Wide& value);

/// Digits in groups of three: "1,234,567".
std::string with_separators(Int128 value);

/// "1 case", "1,234 cases"; `plural` where it has no s more.
std::string count_text(Int128 count, std::string_view word, std::string_view plural = "");

/// `digits` places after the point and groups of three before it: "1,234.5". Infinities and NaN
/// are "-".
std::string fixed(double value, int digits);

/// Exact with separators below ten million, else two figures: "1.2e8".
std::string approximate_count(Int128 value);

/// "0.4 ms", "12 ms", "1.23 s", "4 min 05 s".
std::string duration_text(double seconds);

/// "512 B", "1,280 KiB", "5.00 MiB"; picks the unit by size.
std::string bytes_text(std::int64_t bytes);

/// "812 nJ", "12.3 µJ", "4.56 mJ", "7.89 J"; picks the unit by size.
std::string energy_text(Int128 femtojoules);

/// "870 ns", "69.9 µs", "12.3 ms", "4.56 s"; picks the unit by size.
std::string latency_text(double microseconds);

/// Columns that UTF-8 text takes on a terminal: combining marks none, East Asian wide ones two.
std::size_t display_width(std::string_view text);

}  // namespace tilewright
