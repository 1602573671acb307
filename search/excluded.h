// Which rule excludes how many candidates of a space without looking at each: docs/search.md
// numbers the rules and says why nothing excluded ranks before the incumbent.
#pragma once

#include <array>
#include <cstdint>
#include <numeric>
#include <string_view>

#include "common/math.h"

namespace tilewright {

enum class Rule : std::uint8_t {
  kIllegal,      ///< no candidate of the box is legal
  kTooLarge,     ///< none fits the memories
  kCoarseBound,  ///< the box's coarse bound ranks behind the incumbent
  kClassBound,   ///< the bound of its class does
  kTied          ///< bounds tie, and the factors rank behind
};
/// What a goal says of a box: nothing in it is wanted, by its bounds or, where these tie, by the
/// factors.
enum class Standing : std::uint8_t { kOpen, kBehind, kTied };

/// As in result files.
inline constexpr std::array<std::string_view, 5> kRuleNames{"illegal", "too_large", "coarse_bound",
                                                            "class_bound", "tied"};

struct Excluded {
  std::array<Int128, kRuleNames.size()> by_rule{};

  Int128 total() const { return std::accumulate(by_rule.begin(), by_rule.end(), Int128{0}); }
  void add(Rule rule, Int128 candidates) { by_rule[static_cast<std::size_t>(rule)] += candidates; }
  void add(const Excluded& other) {
    for (std::size_t i = 0; i < by_rule.size(); ++i) {
      by_rule[i] += other.by_rule[i];
    }
  }
};

}  // namespace tilewright
