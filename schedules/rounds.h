// How the rounds of a candidate are dealt to the cores.
#pragma once

#include <cstdint>

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
struct CoreRounds {
  std::int64_t heads = 0;
  std::int64_t full_groups = 0;
  std::int64_t edge_heads = 0;
  std::int64_t positions = 0;
  std::int64_t rows_full = 0;
  std::int64_t rows_last = 0;
  std::int64_t share = 1;        ///< cores that load a K/V tile together: those in lock-step
  std::int64_t first_tile = 0;   ///< query tile at position 0; in lock-step the first core's
  std::int64_t tile_stride = 1;  ///< from position to position
  // Sub-tiles of a round: all, but in a split of keys and values.
  std::int64_t sub_tiles = 0;
  std::int64_t first_sub_tile = 0;
  std::int64_t sub_tile_stride = 1;
  bool has_edge_cols = true;  ///< the last sub-tile of all is among them

  std::int64_t groups() const { return full_groups + (edge_heads > 0 ? 1 : 0); }
  std::int64_t rounds() const { return groups() * positions; }
  /// The last of the core's sub-tiles.
  std::int64_t last_sub_tile() const { return first_sub_tile + (sub_tiles - 1) * sub_tile_stride; }
};

/// Number of query tiles and their edge, number of sub-tiles and their edge, number of head groups.
struct TileCounts {
  std::int64_t groups = 0;
  std::int64_t edge_heads = 0;  ///< pairs of the last group, 1 .. heads
  std::int64_t q_tiles = 0;
  std::int64_t edge_rows = 0;  ///< rows of the last query tile, 1 .. q_rows
  std::int64_t sub_tiles = 0;
  std::int64_t edge_cols = 0;  ///< columns of the last sub-tile, 1 .. kv_cols
};

TileCounts count_tiles(const Shape& shape, const Tiling& tiling);

/// Cores that get at least one round.
std::int64_t active_cores(const TileCounts& counts, CoreSplit split, const CoreLayout& layout);

/// Cores that work in lock-step. Those that split queries over a shared L1 have one copy of K and
/// V, so they run one program, each on its own query tile, and start every operation together. All
/// other cores go their own ways: 1.
std::int64_t cores_in_step(const TileCounts& counts, CoreSplit split, const CoreLayout& layout);

/// Rounds of core `core` (0 is the busiest: no core has more work anywhere).
CoreRounds deal_rounds(const TileCounts& counts, const Tiling& tiling, const CoreLayout& layout,
                       std::int64_t core);

/// Columns of the sub-tiles that `rounds` has.
std::int64_t cols_of(const TileCounts& counts, const Tiling& tiling, const CoreRounds& rounds);

// A merge of parts deals single query rows of all pairs to the cores, one a round.
std::int64_t merging_cores(const Shape& shape, const CoreLayout& layout);
std::int64_t merged_rows(const Shape& shape, const CoreLayout& layout, std::int64_t core);

}  // namespace tilewright
