// Of the coarse bound what the matrix unit takes.
#include <algorithm>

#include "costmodel/coarse_bound.h"

namespace tilewright {
namespace {

/// Sizes `low` to `high` rounded up to `width`: the least ratio to the size itself.
struct Padding {
  std::int64_t padded = 1;
  std::int64_t size = 1;
};

Padding least_padding(std::int64_t low, std::int64_t high, std::int64_t width) {
  const std::int64_t padded = ceil_div(high, width) * width;
  return padded - width < low ? Padding{padded, high} : Padding{};
}

}  // namespace

/// What the array does for a pair on the busiest core under a mask, rounding included: full tiles
/// are rounded up to the array on both sides, only those in the last query tile or in the last
/// sub-tile may be smaller.
std::int64_t CoarseBound::padded_scores(const ClassBox& box, const Least& least,
                                        MatmulKind kind) const {
  const Shape& s = problem_.shape;
  const ArraySides sides = array_sides(problem_.hardware.matrix, kind);
  const std::int64_t width = kind == MatmulKind::kQK ? sides.n : sides.k;
  const Padding rows = least_padding(box.low[1], box.high[1], sides.m);
  const Padding cols = least_padding(box.low[2], box.high[2], width);
  const auto even = [&](std::size_t axis, std::int64_t length) {
    return box.low[axis] == box.high[axis] && length % box.low[axis] == 0;
  };
  const std::int64_t last_rows = even(1, s.rows) ? 0 : box.high[1] * s.cols;
  // Of the rows that see one of the last keys, the first tile has others before them.
  const std::int64_t see_last = s.mask.sharing * box.high[2] + box.high[1];
  const std::int64_t last_cols = even(2, s.cols) ? 0 : box.high[2] * std::min(s.rows, see_last);
  const std::int64_t full = least.all.scores - last_rows - last_cols;
  if (full <= 0) {
    return least.core.scores;
  }
  const std::int64_t cores = box.mode.core_split == CoreSplit::kHeads ? 1 : problem_.layout.cores;
  const Int128 size = static_cast<Int128>(rows.size) * cols.size;
  const Int128 padded = static_cast<Int128>(rows.padded) * cols.padded;
  return least.core.scores + static_cast<std::int64_t>(full * (padded - size) / (size * cores));
}

/// Of the tiles of a pair along the query rows on the busiest core, rounded up to the array.
std::int64_t CoarseBound::row_passes(const ClassBox& box, const Least& least,
                                     std::int64_t width) const {
  const Cuts cuts{problem_.shape.rows, box.low[1], box.high[1]};
  const bool shares = box.mode.core_split == CoreSplit::kQuery;
  const std::int64_t average =
      ceil_div(least_parts(cuts, {1, width}), shares ? problem_.layout.cores : 1);
  const std::int64_t of_tiles =
      (least.core.q_tiles - 1) * ceil_div(box.low[1], width) + ceil_div(least.last_rows, width);
  return std::max(average, of_tiles);
}

/// Of the sub-tiles of a round on the busiest core, where columns take parts at `rate`.
std::int64_t CoarseBound::parts_of_keys(const ClassBox& box, const Least& least,
                                        const PartRate& rate) const {
  const std::int64_t all = least_parts({problem_.shape.cols, box.low[2], box.high[2]}, rate);
  if (box.mode.core_split != CoreSplit::kKeyValue) {
    return all;
  }
  return std::max(ceil_div(all, problem_.layout.cores),
                  ceil_div(least.cols * rate.size, rate.count));
}

std::int64_t CoarseBound::array_passes(const ClassBox& box, const Least& least,
                                       MatmulKind kind) const {
  const Shape& s = problem_.shape;
  const ArraySides sides = array_sides(problem_.hardware.matrix, kind);
  if (!s.mask.causal) {
    const bool keys = kind == MatmulKind::kQK;
    const std::int64_t depth = keys ? ceil_div(s.qk_dim, sides.k) : ceil_div(s.v_dim, sides.n);
    return least.pairs * row_passes(box, least, sides.m) *
           parts_of_keys(box, least, {1, keys ? sides.n : sides.k}) * depth;
  }
  // However tiles are cut, each pass is of one array's rows and columns at most, and tiles of few
  // rows or columns leave the rest of it empty.
  const Work& work = least.core;
  const std::int64_t scores = padded_scores(box, least, kind);
  const auto passes = [&](std::int64_t across) {
    return std::max({ceil_div(least.pairs * scores, sides.m * across),
                     ceil_div(least.pairs * work.col_visits, across),
                     ceil_div(least.pairs * work.row_visits, sides.m)});
  };
  return kind == MatmulKind::kQK ? passes(sides.n) * ceil_div(s.qk_dim, sides.k)
                                 : passes(sides.k) * ceil_div(s.v_dim, sides.n);
}

/// L0 tiles of one pair, each with a start-up: one per matmul at least, and each holds at most a
/// buffer's worth of an operand.
std::int64_t CoarseBound::l0_tiles(const ClassBox& box, const Least& least, MatmulKind kind) const {
  const Shape& s = problem_.shape;
  const L0Buffers& l0 = problem_.hardware.l0;
  const auto buffers = [](std::int64_t elements, std::int64_t bytes, std::int64_t buffer) {
    return ceil_div(elements * bytes, buffer);
  };
  const Work& work = least.core;
  if (s.mask.causal) {
    return std::max(work.steps,
                    kind == MatmulKind::kQK
                        ? buffers(work.scores, s.bytes.accumulator, l0.accumulator_bytes)
                        : buffers(work.scores, s.bytes.input, l0.left_bytes));
  }
  const MatmulTile whole = matmul_tile(s, kind, work.rows, least.cols);
  return std::max({work.steps, buffers(whole.m * whole.k, s.bytes.input, l0.left_bytes),
                   buffers(whole.k * whole.n, s.bytes.kv, l0.right_bytes),
                   buffers(whole.m * whole.n, s.bytes.accumulator, l0.accumulator_bytes),
                   least.same_rows ? l0_tiles_by_rows(box, least, kind) : 0});
}

/// The same where the query tiles are as many all over the box: of each the least rows.
std::int64_t CoarseBound::l0_tiles_by_rows(const ClassBox& box, const Least& least,
                                           MatmulKind kind) const {
  const Shape& s = problem_.shape;
  const L0Buffers& l0 = problem_.hardware.l0;
  const bool keys = kind == MatmulKind::kQK;
  const std::int64_t dim = keys ? s.qk_dim : s.v_dim;
  const std::int64_t right = parts_of_keys(box, least, {dim * s.bytes.kv, l0.right_bytes});
  // Q of a tile lies in the left buffer and its scores in the accumulators; O and P the same.
  const PartRate rows = keys ? PartRate{dim * s.bytes.input, l0.left_bytes}
                             : PartRate{dim * s.bytes.accumulator, l0.accumulator_bytes};
  const PartRate scores = keys ? PartRate{s.bytes.accumulator, l0.accumulator_bytes}
                               : PartRate{s.bytes.input, l0.left_bytes};
  const std::int64_t sub_tiles = least.core.steps / least.core.q_tiles;
  const auto of_tile = [&](std::int64_t tile_rows) {
    return std::max({right, sub_tiles * ceil_div(tile_rows * rows.size, rows.count),
                     parts_of_keys(box, least, {tile_rows * scores.size, scores.count})});
  };
  const std::int64_t last = of_tile(least.last_rows);
  const std::int64_t full = least.last_rows == box.low[1] ? last : of_tile(box.low[1]);
  return (least.core.q_tiles - 1) * full + last;
}

std::int64_t CoarseBound::l0_bytes(const Work& work, MatmulKind kind, std::int64_t pairs) const {
  const Shape& s = problem_.shape;
  const ElementBytes& b = s.bytes;
  // What the array keeps is not moved.
  const std::int64_t scores = problem_.on_array() ? 0 : work.scores;
  if (kind == MatmulKind::kQK) {
    return pairs * (work.row_visits * s.qk_dim * b.input + work.col_visits * s.qk_dim * b.kv +
                    scores * b.score);
  }
  return pairs * (scores * b.input + work.col_visits * s.v_dim * b.kv +
                  2 * work.row_visits * s.v_dim * b.accumulator);
}

/// On the busiest core: the larger of its array passes with start-ups and its L1 <-> L0 traffic.
std::int64_t CoarseBound::matmul_cycles(const ClassBox& box, const Least& least,
                                        MatmulKind kind) const {
  const Int128 passes = array_passes(box, least, kind);
  const auto array = static_cast<std::int64_t>((passes * pass_milli_ + kMilli - 1) / kMilli);
  const std::int64_t startup = problem_.hardware.matrix.startup_cycles;
  const std::int64_t compute = array + startup * least.pairs * l0_tiles(box, least, kind);
  const std::int64_t moved = l0_bytes(least.core, kind, least.pairs);
  return std::max(compute, ceil_div(moved, problem_.hardware.l0.bandwidth_bytes_per_cycle));
}

}  // namespace tilewright
