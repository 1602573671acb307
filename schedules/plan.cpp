#include "schedules/plan.h"

#include <algorithm>

#include "common/math.h"

namespace tilewright {

PhaseDeal phase_deal(const Shape& shape, const Tiling& tiling, const CoreLayout& layout,
                     const PhasePlan& phase) {
  PhaseDeal deal{tiling, layout};
  if (phase.own_rows) {
    deal.tiling.q_rows = std::max<std::int64_t>(1, tiling.q_rows * tiling.kv_cols / shape.cols);
    deal.layout.cores = active_cores(count_tiles(shape, tiling), tiling.core_split, layout);
  }
  return deal;
}

std::int64_t fewest_steps_of_group(const Shape& shape, const TileCounts& counts, CoreSplit split,
                                   const CoreLayout& layout, const PhasePlan& phase) {
  const std::int64_t active = active_cores(counts, split, layout);
  const std::int64_t rounds = split == CoreSplit::kQuery ? counts.q_tiles / active : counts.q_tiles;
  if (!phase.online || shape.mask.causal) {
    return rounds;  // under a mask a round may have a single step
  }
  return rounds * (split == CoreSplit::kKeyValue ? counts.sub_tiles / active : counts.sub_tiles);
}

std::int64_t key_slots(const PhasePlan& phase, const Tiling& tiling, std::int64_t steps) {
  if (!phase.values_in_keys) {
    return tiling.buffers;
  }
  if (phase.epochs) {
    // K of step s is loaded in epoch s - 2, and read by P V in epoch s + 1 (online: s).
    const std::int64_t behind = phase.online ? 1 : 2;
    return 2 + (tiling.kv_resident ? behind / steps : behind);
  }
  // Before the loads of a step, P V of the one `lookahead` + 1 steps before it is issued.
  return tiling.kv_resident ? std::max(tiling.buffers, 1 + ceil_div(phase.lookahead, steps))
                            : phase.lookahead + tiling.buffers;
}

}  // namespace tilewright
