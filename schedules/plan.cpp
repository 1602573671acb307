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

std::int64_t overwritten_sub_tiles(const Shape& shape, const Tiling& tiling) {
  if (tiling.overwrite == Overwrite::kNone) {
    return 0;
  }
  const std::int64_t probabilities = tiling.heads * tiling.q_rows * shape.cols * shape.bytes.input;
  const std::int64_t col_bytes =
      tiling.overwrite == Overwrite::kKey ? key_col_bytes(shape) : value_col_bytes(shape);
  return ceil_div(probabilities, tiling.kv_cols * col_bytes);
}

}  // namespace tilewright
