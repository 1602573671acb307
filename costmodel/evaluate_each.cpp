// How a block of candidates is dealt with: Evaluator::evaluate_each().
#include <algorithm>

#include "costmodel/evaluator.h"

namespace tilewright {

/// Counting sort.
Evaluator::BlockOrder Evaluator::by_mode(std::span<const Tiling> tilings) {
  const auto mode_of = [](const Tiling& tiling) {
    return kSplits * Plans::index_of(tiling) + static_cast<std::size_t>(tiling.core_split);
  };
  BlockOrder order;
  std::array<std::uint16_t, kModes + 1> count{};
  for (const Tiling& tiling : tilings) {
    ++count[mode_of(tiling) + 1];
  }
  for (std::size_t mode = 1; mode < kModes; ++mode) {
    order.end[mode] = static_cast<std::uint16_t>(order.end[mode - 1] + count[mode]);
  }
  // Filling a mode moves its begin to its end, which is the begin of the next one.
  for (std::size_t i = 0; i < tilings.size(); ++i) {
    order.places[order.end[mode_of(tilings[i])]++] = static_cast<std::uint16_t>(i);
  }
  return order;
}

SideBySide::Survey Evaluator::survey_of(std::span<const Tiling> tilings,
                                        std::span<const std::uint16_t> chosen) const {
  SideBySide::Survey survey;
  survey.count = chosen.size();
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    survey.tilings[i] = &tilings[chosen[i]];
  }
  side_by_side_.survey(*this, survey);
  return survey;
}

bool Evaluator::goes_side_by_side(const Tiling& tiling) const {
  if (side_by_side_.width == 1 || problem_.shape.mask.causal || problem_.serial ||
      problem_.pinned_qk.m > 0 || problem_.pinned_pv.m > 0) {
    return false;
  }
  const auto phases = problem_.plans.of(tiling).phases();
  return std::none_of(phases.begin(), phases.end(), [](const PhasePlan& phase) {
    return phase.own_rows || phase.bias_row_bytes > 0 || phase.values_in_keys;
  });
}

}  // namespace tilewright
