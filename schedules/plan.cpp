#include "schedules/plan.h"

#include "common/math.h"

namespace tilewright {

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
