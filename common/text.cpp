#include "common/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <limits>

namespace tilewright {
namespace {

constexpr std::size_t kLongestWord = 64;
constexpr std::size_t kLongestExcerpt = 60;

/// Optimal string alignment distance: inserts, deletes, replacements, swaps of neighbours.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replace = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({replace, last[j] + 1, row[j - 1] + 1});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

template <typename Word>
std::string nearest(std::string_view word, std::span<const Word> candidates) {
  if (word.empty() || word.size() > kLongestWord) return {};
  std::size_t best = std::numeric_limits<std::size_t>::max();
  std::string_view name;
  for (const Word& candidate : candidates) {
    if (candidate.size() > kLongestWord) continue;
    const std::size_t distance = edit_distance(word, candidate);
    const std::size_t limit = std::max<std::size_t>(1, std::max(word.size(), candidate.size()) / 3);
    if (distance <= limit && distance < best) {
      best = distance;
      name = candidate;
    }
  }
  return std::string(name);
}

template <typename Word>
std::string suggest(std::string_view word, std::span<const Word> candidates) {
  const std::string name = nearest(word, candidates);
  if (!name.empty()) return fmt::format(", did you mean '{}'?", name);
  return fmt::format(", expected one of {}", join(candidates));
}

}  // namespace

std::string nearest_name(std::string_view word, std::span<const std::string_view> candidates) {
  return nearest(word, candidates);
}

std::string nearest_name(std::string_view word, std::span<const std::string> candidates) {
  return nearest(word, candidates);
}

std::string suggestion(std::string_view word, std::span<const std::string_view> candidates) {
  return suggest(word, candidates);
}

std::string suggestion(std::string_view word, std::span<const std::string> candidates) {
  return suggest(word, candidates);
}

std::string join(std::span<const std::string_view> words, std::string_view separator) {
  return fmt::format("{}", fmt::join(words, separator));
}

std::string join(std::span<const std::string> words, std::string_view separator) {
  return fmt::format("{}", fmt::join(words, separator));
}

std::string with_thousands(std::int64_t value) {
  std::string digits = fmt::format("{}", value);
  const std::size_t first = value < 0 ? 1 : 0;
  for (std::size_t end = digits.size(); end > first + 3; end -= 3) digits.insert(end - 3, 1, ',');
  return digits;
}

std::string printable(std::string_view text) {
  const bool cut = text.size() > kLongestExcerpt;
  std::size_t end = cut ? kLongestExcerpt : text.size();
  // Cut in front of a UTF-8 character, not inside it.
  while (cut && end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  std::string out;
  for (const char c : text.substr(0, end)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return cut ? out + "..." : out;
}

bool needs_yaml_quotes(std::string_view text) {
  constexpr std::array<std::string_view, 11> kWords{"true", "false", "yes", "no",   "on", "off",
                                                    "y",    "n",     "~",   "null", ""};
  const std::string lower = lower_case(text);
  if (std::find(kWords.begin(), kWords.end(), lower) != kWords.end()) return true;
  if (lower.ends_with(".inf") || lower.ends_with(".nan")) return true;
  const std::size_t start = text.find_first_not_of("+-.");
  return start == std::string_view::npos ||
         std::isdigit(static_cast<unsigned char>(text[start])) != 0;
}

bool is_bare_name(std::string_view text) {
  const auto alphanumeric = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  const auto allowed = [&](char c) { return alphanumeric(c) || c == '.' || c == '_' || c == '-'; };
  return !text.empty() && text.size() <= kLongestWord && alphanumeric(text.front()) &&
         std::all_of(text.begin(), text.end(), allowed);
}

bool looks_like_path(std::string_view text) {
  return text.find('/') != std::string_view::npos || text.ends_with(".yaml") ||
         text.ends_with(".yml");
}

}  // namespace tilewright
