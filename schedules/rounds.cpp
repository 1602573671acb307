#include "schedules/rounds.h"

#include <algorithm>

#include "common/math.h"

namespace tilewright {

Shape shape_of(const Workload& workload) {
  Shape shape;
  shape.pairs = workload.batch * workload.kv_heads;
  shape.rows = workload.q_len * (workload.heads / workload.kv_heads);
  shape.cols = workload.kv_len;
  shape.qk_dim = workload.qk_dim;
  shape.v_dim = workload.v_dim;
  shape.bytes = workload.bytes;
  shape.softcap = workload.softcap;
  shape.bias_bytes = workload.bias_bytes;
  shape.bias_pairs = workload.kv_heads;
  shape.v_in_k = workload.v_in_k;
  const std::int64_t window = workload.window < workload.kv_len ? workload.window : 0;
  // One query, the newest, sees all keys up to itself: nothing is hidden.
  const bool hides = workload.mask == Mask::kCausal && (workload.q_len > 1 || window > 0);
  shape.mask = {hides, hides ? window : 0, workload.heads / workload.kv_heads,
                workload.kv_len - workload.q_len};
  return shape;
}

TileCounts count_tiles(const Shape& shape, const Tiling& tiling) {
  TileCounts counts;
  counts.groups = ceil_div(shape.pairs, tiling.heads);
  counts.edge_heads = shape.pairs - (counts.groups - 1) * tiling.heads;
  counts.q_tiles = ceil_div(shape.rows, tiling.q_rows);
  counts.edge_rows = shape.rows - (counts.q_tiles - 1) * tiling.q_rows;
  counts.sub_tiles = ceil_div(shape.cols, tiling.kv_cols);
  counts.edge_cols = shape.cols - (counts.sub_tiles - 1) * tiling.kv_cols;
  return counts;
}

std::int64_t active_cores(const TileCounts& counts, CoreSplit split, const CoreLayout& layout) {
  switch (split) {
    case CoreSplit::kHeads:
      return std::min(layout.cores, counts.groups);
    case CoreSplit::kQuery:
      return std::min(layout.cores, counts.q_tiles);
    case CoreSplit::kKeyValue:
      break;
  }
  return std::min(layout.cores, counts.sub_tiles);
}

std::int64_t cores_in_step(const TileCounts& counts, CoreSplit split, const CoreLayout& layout) {
  return split == CoreSplit::kQuery && layout.l1_shared ? active_cores(counts, split, layout) : 1;
}

namespace {

/// Elements of {0 .. count-1} that are congruent to `core` modulo `cores`.
std::int64_t dealt(std::int64_t count, std::int64_t cores, std::int64_t core) {
  return core < count ? (count - core + cores - 1) / cores : 0;
}

/// Rows of a query tile; 0 beyond the last.
std::int64_t rows_of(const TileCounts& counts, const Tiling& tiling, std::int64_t q_tile) {
  if (q_tile >= counts.q_tiles) {
    return 0;
  }
  return q_tile == counts.q_tiles - 1 ? counts.edge_rows : tiling.q_rows;
}

CoreRounds deal_heads(const TileCounts& counts, const Tiling& tiling, std::int64_t cores,
                      std::int64_t core) {
  CoreRounds rounds;
  const std::int64_t groups = dealt(counts.groups, cores, core);
  const bool has_last = groups > 0 && core + (groups - 1) * cores == counts.groups - 1;
  const bool short_last = has_last && counts.edge_heads < tiling.heads;
  rounds.heads = tiling.heads;
  rounds.full_groups = groups - (short_last ? 1 : 0);
  rounds.edge_heads = short_last ? counts.edge_heads : 0;
  rounds.positions = counts.q_tiles;
  rounds.rows_full = tiling.q_rows;
  rounds.rows_last = counts.edge_rows;
  rounds.sub_tiles = counts.sub_tiles;
  return rounds;
}

CoreRounds deal_queries(const TileCounts& counts, const Tiling& tiling, const CoreLayout& layout,
                        std::int64_t core) {
  CoreRounds rounds;
  const bool short_last = counts.edge_heads < tiling.heads;
  rounds.heads = tiling.heads;
  rounds.full_groups = counts.groups - (short_last ? 1 : 0);
  rounds.edge_heads = short_last ? counts.edge_heads : 0;
  rounds.share = cores_in_step(counts, CoreSplit::kQuery, layout);
  rounds.first_tile = rounds.share > 1 ? 0 : core;
  rounds.tile_stride = layout.cores;
  rounds.positions = dealt(counts.q_tiles, layout.cores, rounds.first_tile);
  rounds.rows_full = tiling.q_rows;
  rounds.rows_last = rows_of(counts, tiling, core + (rounds.positions - 1) * layout.cores);
  rounds.sub_tiles = counts.sub_tiles;
  return rounds;
}

/// All query tiles of all pairs, each with the core's own sub-tiles.
CoreRounds deal_keys(const TileCounts& counts, const Tiling& tiling, std::int64_t cores,
                     std::int64_t core) {
  CoreRounds rounds = deal_heads(counts, tiling, 1, 0);
  rounds.sub_tiles = dealt(counts.sub_tiles, cores, core);
  rounds.first_sub_tile = core;
  rounds.sub_tile_stride = cores;
  rounds.has_edge_cols = rounds.last_sub_tile() == counts.sub_tiles - 1;
  return rounds;
}

}  // namespace

CoreRounds deal_rounds(const TileCounts& counts, const Tiling& tiling, const CoreLayout& layout,
                       std::int64_t core) {
  switch (tiling.core_split) {
    case CoreSplit::kHeads:
      return deal_heads(counts, tiling, layout.cores, core);
    case CoreSplit::kQuery:
      return deal_queries(counts, tiling, layout, core);
    case CoreSplit::kKeyValue:
      break;
  }
  return deal_keys(counts, tiling, layout.cores, core);
}

std::int64_t cols_of(const TileCounts& counts, const Tiling& tiling, const CoreRounds& rounds) {
  const std::int64_t last = rounds.has_edge_cols ? counts.edge_cols : tiling.kv_cols;
  return (rounds.sub_tiles - 1) * tiling.kv_cols + last;
}

std::int64_t merging_cores(const Shape& shape, const CoreLayout& layout) {
  return std::min(layout.cores, shape.pairs * shape.rows);
}

std::int64_t merged_rows(const Shape& shape, const CoreLayout& layout, std::int64_t core) {
  return dealt(shape.pairs * shape.rows, layout.cores, core);
}

}  // namespace tilewright
