#include "cli/arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "common/error.h"
#include "common/text.h"

namespace tilewright::cli {
namespace {

constexpr double kYearSeconds = 365.0 * 24 * 3600;

template <typename Number>
bool parse_whole(const std::string& text, Number& value) {
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  return error == std::errc{} && stopped == end;
}

}  // namespace

std::uint64_t parse_count(std::string_view option, const std::string& text, CountRange range) {
  std::uint64_t value = 0;
  if (parse_whole(text, value) && value >= range.lowest && value <= range.highest) return value;
  throw InputError(fmt::format("{}: '{}' is not a whole number from {} to {}", option,
                               printable(text), range.lowest, range.highest));
}

double parse_seconds(std::string_view option, const std::string& text) {
  double value = 0;
  if (parse_whole(text, value) && value > 0 && value <= kYearSeconds) return value;
  throw InputError(fmt::format("{}: '{}' is not a number of seconds above 0 and at most {:.0f}",
                               option, printable(text), kYearSeconds));
}

RoundRange parse_rounds(std::string_view option, const std::string& text) {
  const std::size_t dots = text.find("..");
  const std::string ends = dots == std::string::npos ? text : text.substr(dots + 2);
  RoundRange rounds;
  if (parse_whole(text.substr(0, dots), rounds.first) && parse_whole(ends, rounds.last) &&
      rounds.first >= 0 && rounds.first <= rounds.last) {
    return rounds;
  }
  throw InputError(fmt::format("{}: '{}' is not FIRST..LAST, two rounds from 0 on, e.g. 0..3",
                               option, printable(text)));
}

TileSizes parse_tile_sizes(const std::string& text) {
  const std::vector<std::string> known{"all", "divisors", "pow2"};
  require_known("--tile-sizes", text, known);
  if (text == "divisors") return TileSizes::kDivisors;
  return text == "pow2" ? TileSizes::kPow2 : TileSizes::kAll;
}

std::vector<std::string> parse_name_list(std::string_view option, const std::string& text) {
  std::vector<std::string> names;
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t end = std::min(text.find(',', start), text.size());
    const std::string name = text.substr(start, end - start);
    if (name.empty()) {
      throw InputError(
          fmt::format("{}: '{}' has an empty name, expected names with a comma "
                      "between them",
                      option, printable(text)));
    }
    if (std::find(names.begin(), names.end(), name) != names.end()) {
      throw InputError(fmt::format("{}: '{}' is given twice", option, printable(name)));
    }
    names.push_back(name);
    start = end + 1;
  }
  return names;
}

void require_known(std::string_view option, const std::string& word,
                   std::span<const std::string> known) {
  if (std::find(known.begin(), known.end(), word) != known.end()) return;
  throw InputError(
      fmt::format("{}: '{}' is unknown{}", option, printable(word), suggestion(word, known)));
}

std::vector<std::string> names_of(const std::vector<NamedText>& entries) {
  std::vector<std::string> names;
  names.reserve(entries.size());
  for (const NamedText& entry : entries) names.push_back(entry.name);
  return names;
}

}  // namespace tilewright::cli
