// Every candidate of a space, one by one.
#include <algorithm>
#include <vector>

#include "proof/claim.h"

namespace tilewright {
namespace {

/// A line: all kv_cols of one mode, heads and q_rows.
Tiling line_start(const DesignSpace& space, Int128 line) {
  const auto& [heads, rows, cols] = space.axes;
  const auto at_rows = static_cast<std::int64_t>(line % rows.size());
  line /= rows.size();
  const auto at_heads = static_cast<std::int64_t>(line % heads.size());
  line /= heads.size();
  return tiling_of(space.modes[static_cast<std::size_t>(line)], heads.value(at_heads),
                   rows.value(at_rows), cols.value(0));
}

/// The first candidate of a line that refutes the claim.
std::optional<ClaimedCandidate> refutation_in_line(const Claim& claim, Evaluator& evaluator,
                                                   Tiling tiling) {
  const Axis& cols = claim.space.axes[2];
  for (std::int64_t i = 0; i < cols.size(); ++i) {
    tiling.kv_cols = cols.value(i);
    if (!is_legal(claim.problem.shape, tiling)) {
      continue;
    }
    if (auto refutation = claim.refutation(evaluator, tiling)) {
      return refutation;
    }
  }
  return std::nullopt;
}

}  // namespace

Survey enumerate_candidates(const SurveyTask& task) {
  // Lines at once: between them comes a look at the clock and at Ctrl-C.
  constexpr std::int64_t kCandidatesAtOnce = std::int64_t{1} << 20U;
  const DesignSpace& space = task.claim.space;
  const std::int64_t per_line = space.axes[2].size();
  const Int128 lines = space.size() / per_line;
  const std::int64_t most = std::max<std::int64_t>(1, kCandidatesAtOnce / per_line);
  Survey survey;
  for (Int128 line = 0; line < lines && !survey.refuted && !task.stopped(); line += most) {
    const auto count = static_cast<std::int64_t>(std::min<Int128>(most, lines - line));
    std::vector<std::optional<ClaimedCandidate>> refutations(static_cast<std::size_t>(count));
    task.executor.for_each(count, [&](std::int64_t i, Evaluator& evaluator) {
      refutations[static_cast<std::size_t>(i)] =
          refutation_in_line(task.claim, evaluator, line_start(space, line + i));
    });
    for (const auto& refutation : refutations) {
      if (!survey.refuted) {
        survey.refuted = refutation;
      }
    }
    survey.covered += static_cast<Int128>(count) * per_line;
    task.covered(survey.covered);
  }
  survey.evaluated = survey.covered;
  return survey;
}

}  // namespace tilewright
