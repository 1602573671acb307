// How the rounds of a candidate are dealt to the cores.
#pragma once

#include <cstdint>

#include "common/number.h"
#include "schedules/shape.h"
#include "schedules/tiling.h"

namespace tilewright {

/// What a schedule needs to know of the cores; no speeds.
struct CoreLayout {
  std::int64_t cores = 1;
  bool l1_shared = false;  ///< one L1 for all cores
};

/// The rounds of one core: head groups, each with `positions` query tiles. All tiles of a group
/// have `rows_full` rows but the last, which has `rows_last`: none, if the core works in lock-step
/// with others and lacks it. After `full_groups` groups of `heads` pairs comes one of `edge_heads`
/// pairs if that is not 0.
template <typename Number>
struct CoreRoundsOf {
  Number heads = 0;
  Number full_groups = 0;
  Number edge_heads = 0;
  Number positions = 0;
  Number rows_full = 0;
  Number rows_last = 0;
  Number share = 1;        ///< cores that load a K/V tile together: those in lock-step
  Number first_tile = 0;   ///< query tile at position 0; in lock-step the first core's
  Number tile_stride = 1;  ///< from position to position
  // Sub-tiles of a round: all, but in a split of keys and values.
  Number sub_tiles = 0;
  Number first_sub_tile = 0;
  Number sub_tile_stride = 1;
  ConditionOf<Number> has_edge_cols{true};  ///< the last sub-tile of all is among them

  Number groups() const { return full_groups + choose(edge_heads > 0, Number(1), Number(0)); }
  Number rounds() const { return groups() * positions; }
  /// The last of the core's sub-tiles.
  Number last_sub_tile() const { return first_sub_tile + (sub_tiles - 1) * sub_tile_stride; }
};
using CoreRounds = CoreRoundsOf<std::int64_t>;

/// Number of query tiles and their edge, number of sub-tiles and their edge, number of head groups.
template <typename Number>
struct TileCountsOf {
  Number groups = 0;
  Number edge_heads = 0;  ///< pairs of the last group, 1 .. heads
  Number q_tiles = 0;
  Number edge_rows = 0;  ///< rows of the last query tile, 1 .. q_rows
  Number sub_tiles = 0;
  Number edge_cols = 0;  ///< columns of the last sub-tile, 1 .. kv_cols
};
using TileCounts = TileCountsOf<std::int64_t>;

template <typename Number>
TileCountsOf<Number> count_tiles(const Shape& shape, const TilingOf<Number>& tiling) {
  TileCountsOf<Number> counts;
  counts.groups = divided_up(Number(shape.pairs), tiling.heads);
  counts.edge_heads = shape.pairs - (counts.groups - 1) * tiling.heads;
  counts.q_tiles = divided_up(Number(shape.rows), tiling.q_rows);
  counts.edge_rows = shape.rows - (counts.q_tiles - 1) * tiling.q_rows;
  counts.sub_tiles = divided_up(Number(shape.cols), tiling.kv_cols);
  counts.edge_cols = shape.cols - (counts.sub_tiles - 1) * tiling.kv_cols;
  return counts;
}

/// Cores that get at least one round.
template <typename Number>
Number active_cores(const TileCountsOf<Number>& counts, CoreSplit split, const CoreLayout& layout) {
  switch (split) {
    case CoreSplit::kHeads:
      return least(Number(layout.cores), counts.groups);
    case CoreSplit::kQuery:
      return least(Number(layout.cores), counts.q_tiles);
    case CoreSplit::kKeyValue:
      break;
  }
  return least(Number(layout.cores), counts.sub_tiles);
}

/// Cores that work in lock-step. Those that split queries over a shared L1 have one copy of K and
/// V, so they run one program, each on its own query tile, and start every operation together. All
/// other cores go their own ways: 1.
template <typename Number>
Number cores_in_step(const TileCountsOf<Number>& counts, CoreSplit split,
                     const CoreLayout& layout) {
  return split == CoreSplit::kQuery && layout.l1_shared ? active_cores(counts, split, layout)
                                                        : Number(1);
}

/// Rounds of core `core` (0 is the busiest: no core has more work anywhere).
template <typename Number>
CoreRoundsOf<Number> deal_rounds(const TileCountsOf<Number>& counts, const TilingOf<Number>& tiling,
                                 const CoreLayout& layout, std::int64_t core);
extern template CoreRounds deal_rounds(const TileCounts& counts, const Tiling& tiling,
                                       const CoreLayout& layout, std::int64_t core);

/// Columns of the sub-tiles that `rounds` has.
template <typename Number>
Number cols_of(const TileCountsOf<Number>& counts, const TilingOf<Number>& tiling,
               const CoreRoundsOf<Number>& rounds) {
  const Number last = choose(rounds.has_edge_cols, counts.edge_cols, tiling.kv_cols);
  return (rounds.sub_tiles - 1) * tiling.kv_cols + last;
}

// A merge of parts deals single query rows of all pairs to the cores, one a round.
std::int64_t merging_cores(const Shape& shape, const CoreLayout& layout);
std::int64_t merged_rows(const Shape& shape, const CoreLayout& layout, std::int64_t core);

}  // namespace tilewright
