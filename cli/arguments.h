// Strict readers of option values. All throw InputError that names the option.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "costmodel/timeline.h"
#include "search/tune.h"

namespace tilewright::cli {

struct CountRange {
  std::uint64_t lowest = 0;
  std::uint64_t highest = 0;
};

inline constexpr CountRange kThreads{1, 1024};

/// Decimal digits only, within the range.
std::uint64_t parse_count(std::string_view option, const std::string& text, CountRange range);

/// Seconds above 0, at most a year.
double parse_seconds(std::string_view option, const std::string& text);

/// "2..5", or "2" for that one alone.
RoundRange parse_rounds(std::string_view option, const std::string& text);

TileSizes parse_tile_sizes(const std::string& text);

/// "a,b,c"; empty names and names given twice are errors.
std::vector<std::string> parse_name_list(std::string_view option, const std::string& text);

/// Throws with the nearest name if `word` is none of `known`.
void require_known(std::string_view option, const std::string& word,
                   std::span<const std::string> known);

std::vector<std::string> names_of(const std::vector<NamedText>& entries);

}  // namespace tilewright::cli
