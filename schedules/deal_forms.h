// deal_rounds() for those who need it for a number of their own.
#pragma once

#include <cstdint>

#include "schedules/rounds.h"

namespace tilewright {
namespace deal_forms {

/// Elements of {0 .. count-1} that are congruent to `core` modulo `cores`.
template <typename Number>
Number dealt(const Number& count, std::int64_t cores, const Number& core) {
  return choose(core < count, divided_up(largest(count - core, Number(0)), Number(cores)),
                Number(0));
}

/// Rows of a query tile; 0 beyond the last.
template <typename Number>
Number rows_of(const TileCountsOf<Number>& counts, const TilingOf<Number>& tiling,
               const Number& q_tile) {
  return choose(q_tile >= counts.q_tiles, Number(0),
                choose(q_tile == counts.q_tiles - 1, counts.edge_rows, tiling.q_rows));
}

/// Sets the groups: `groups` of them, the last of which is short or not.
template <typename Number, typename Condition>
void set_groups(const Number& groups, const Condition& short_last, const Number& edge_heads,
                CoreRoundsOf<Number>& rounds) {
  rounds.full_groups = groups - choose(short_last, Number(1), Number(0));
  rounds.edge_heads = choose(short_last, edge_heads, Number(0));
}

template <typename Number>
CoreRoundsOf<Number> deal_heads(const TileCountsOf<Number>& counts, const TilingOf<Number>& tiling,
                                std::int64_t cores, std::int64_t core) {
  CoreRoundsOf<Number> rounds;
  const Number groups = dealt(counts.groups, cores, Number(core));
  const auto has_last = groups > 0 && core + (groups - 1) * cores == counts.groups - 1;
  set_groups(groups, has_last && counts.edge_heads < tiling.heads, counts.edge_heads, rounds);
  rounds.heads = tiling.heads;
  rounds.positions = counts.q_tiles;
  rounds.rows_full = tiling.q_rows;
  rounds.rows_last = counts.edge_rows;
  rounds.sub_tiles = counts.sub_tiles;
  return rounds;
}

template <typename Number>
CoreRoundsOf<Number> deal_queries(const TileCountsOf<Number>& counts,
                                  const TilingOf<Number>& tiling, const CoreLayout& layout,
                                  std::int64_t core) {
  CoreRoundsOf<Number> rounds;
  set_groups(counts.groups, counts.edge_heads < tiling.heads, counts.edge_heads, rounds);
  rounds.heads = tiling.heads;
  rounds.share = cores_in_step(counts, CoreSplit::kQuery, layout);
  rounds.first_tile = choose(rounds.share > 1, Number(0), Number(core));
  rounds.tile_stride = layout.cores;
  rounds.positions = dealt(counts.q_tiles, layout.cores, rounds.first_tile);
  rounds.rows_full = tiling.q_rows;
  rounds.rows_last = rows_of(counts, tiling, Number(core + (rounds.positions - 1) * layout.cores));
  rounds.sub_tiles = counts.sub_tiles;
  return rounds;
}

/// All query tiles of all pairs, each with the core's own sub-tiles.
template <typename Number>
CoreRoundsOf<Number> deal_keys(const TileCountsOf<Number>& counts, const TilingOf<Number>& tiling,
                               std::int64_t cores, std::int64_t core) {
  CoreRoundsOf<Number> rounds = deal_heads(counts, tiling, 1, 0);
  rounds.sub_tiles = dealt(counts.sub_tiles, cores, Number(core));
  rounds.first_sub_tile = core;
  rounds.sub_tile_stride = cores;
  rounds.has_edge_cols = rounds.last_sub_tile() == counts.sub_tiles - 1;
  return rounds;
}

}  // namespace deal_forms

template <typename Number>
CoreRoundsOf<Number> deal_rounds(const TileCountsOf<Number>& counts, const TilingOf<Number>& tiling,
                                 const CoreLayout& layout, std::int64_t core) {
  switch (tiling.core_split) {
    case CoreSplit::kHeads:
      return deal_forms::deal_heads(counts, tiling, layout.cores, core);
    case CoreSplit::kQuery:
      return deal_forms::deal_queries(counts, tiling, layout, core);
    case CoreSplit::kKeyValue:
      break;
  }
  return deal_forms::deal_keys(counts, tiling, layout.cores, core);
}

}  // namespace tilewright
