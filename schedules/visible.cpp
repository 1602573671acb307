#include "schedules/visible.h"

#include <algorithm>

#include "common/math.h"

namespace tilewright {

KeyRange keys_of(const Shape& shape, std::int64_t row) {
  if (!shape.mask.causal) {
    return {0, shape.cols};
  }
  const std::int64_t end = row / shape.mask.sharing + shape.mask.offset + 1;
  const std::int64_t window = shape.mask.window;
  return {window > 0 ? std::max<std::int64_t>(0, end - window) : 0, end};
}

Visible visible_to(const Shape& shape, const Tiling& tiling, std::int64_t first_row,
                   std::int64_t rows) {
  const KeyRange top = keys_of(shape, first_row);
  const KeyRange bottom = keys_of(shape, first_row + rows - 1);
  const std::int64_t c = tiling.kv_cols;
  Visible visible;
  visible.first = top.first / c;
  const std::int64_t end = ceil_div(bottom.end, c);
  visible.sub_tiles = end - visible.first;
  const std::int64_t last_col = std::min(shape.cols, end * c);
  visible.cols = last_col - visible.first * c;
  // Between where the last row begins to see and where the first one ceases to.
  visible.whole_first = std::min(end, ceil_div(bottom.first, c));
  visible.whole_end = std::max(visible.whole_first, top.end == shape.cols ? end : top.end / c);
  const std::int64_t whole =
      std::min(shape.cols, visible.whole_end * c) - std::min(shape.cols, visible.whole_first * c);
  visible.masked_cols = visible.cols - whole;
  return visible;
}

Visible visible_at(const Shape& shape, const Tiling& tiling, const CoreRounds& rounds,
                   std::int64_t position) {
  const std::int64_t first = (rounds.first_tile + position * rounds.tile_stride) * tiling.q_rows;
  return visible_to(shape, tiling, first,
                    std::min(rounds.share * tiling.q_rows, shape.rows - first));
}

std::int64_t most_visible_cols(const Shape& shape, std::int64_t kv_cols, std::int64_t rows) {
  if (shape.mask.window == 0) {
    return shape.cols;
  }
  // `rows` neighbours belong to at most so many queries, one key further each.
  const std::int64_t queries = 1 + ceil_div(rows - 1, shape.mask.sharing);
  const std::int64_t keys = shape.mask.window + queries - 1;
  return std::min(shape.cols, keys + 2 * (kv_cols - 1));
}

std::int64_t visible_scores(const Shape& shape) {
  if (!shape.mask.causal) {
    return shape.rows * shape.cols;
  }
  // Query i sees min(window, offset + i + 1) keys: a ramp, then a plateau.
  const std::int64_t queries = shape.rows / shape.mask.sharing;
  const std::int64_t first = shape.mask.offset + 1;
  const std::int64_t window = shape.mask.window > 0 ? shape.mask.window : shape.cols;
  const std::int64_t ramp = std::clamp<std::int64_t>(window - first + 1, 0, queries);
  const std::int64_t plateau = queries - ramp;
  return shape.mask.sharing * (ramp * first + ramp * (ramp - 1) / 2 + plateau * window);
}

}  // namespace tilewright
