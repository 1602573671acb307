#include "search/start.h"

#include <tuple>

namespace tilewright {
namespace {

bool same_factors(const Tiling& a, const Tiling& b) {
  const auto mode_of = [](const Tiling& t) {
    return std::tie(t.heads, t.q_rows, t.kv_cols, t.kv_resident, t.buffers, t.lookahead,
                    t.overwrite, t.core_split);
  };
  return mode_of(a) == mode_of(b);
}

}  // namespace

std::optional<Tiling> adapted_start(Evaluator& evaluator, const DesignSpace& space,
                                    const TuneOptions& options) {
  if (!options.start) {
    return std::nullopt;
  }
  Point point = nearest_point(space, *options.start);
  Random random(options.seed);
  if (!repair(space, evaluator, random, point)) {
    return std::nullopt;
  }
  // Whether it runs does not depend on what is sought.
  const Tiling tiling = tiling_at(space, point);
  return evaluator.evaluate(tiling, Objective::kLatency) ? std::optional(tiling) : std::nullopt;
}

StartUse start_use(const std::optional<Tiling>& wanted, const std::optional<Tiling>& start) {
  if (!wanted) {
    return StartUse::kNone;
  }
  if (!start) {
    return StartUse::kIgnored;
  }
  return same_factors(*wanted, *start) ? StartUse::kAsGiven : StartUse::kAdapted;
}

}  // namespace tilewright
