// A matmul stage of one round as a max-plus map: how the end of its matmuls and of its loads depend
// on when they may begin. The durations enter once, here; a round then costs a few sums and maxima.
#pragma once

#include <algorithm>
#include <cstdint>

#include "costmodel/pipeline.h"

namespace tilewright {

/// Stands for "does not depend on it". Times are below 2^62, so that a sum with it is never the
/// largest one, and no sum of two overflows.
inline constexpr std::int64_t kNever = -(std::int64_t{1} << 62U);

/// What a stage waits for.
struct StageEntry {
  std::int64_t ready = 0;  ///< the matrix queue and all but the sub-tiles are there
  std::int64_t load = 0;   ///< the load queue and the first sub-tile's slot are free
  std::int64_t slot = 0;   ///< two slots: the second one is free. Overwrite: where K (V) lands is
};

/// When a stage is over.
struct StageEnd {
  std::int64_t matmul;  ///< the last matmul
  std::int64_t load;    ///< the load queue is free
  /// Two slots: the matmul before the last one. Overwrite: the last one that read what stays.
  std::int64_t before;
};

inline constexpr StageEnd kNoEnd{kNever, kNever, kNever};

/// Each figure of the end as its delay after each one of the entry. Without initialisers: there are
/// many, of which few are used.
struct StageMap {
  StageEnd ready;
  StageEnd load;
  StageEnd slot;

  [[gnu::always_inline]] StageEnd at(const StageEntry& e) const {
    return {std::max({e.ready + ready.matmul, e.load + load.matmul, e.slot + slot.matmul}),
            std::max({e.ready + ready.load, e.load + load.load, e.slot + slot.load}),
            std::max({e.ready + ready.before, e.load + load.before, e.slot + slot.before})};
  }

  /// Where the slots are known to be free in time.
  [[gnu::always_inline]] StageEnd at(std::int64_t from_ready, std::int64_t from_load) const {
    return {std::max(from_ready + ready.matmul, from_load + load.matmul),
            std::max(from_ready + ready.load, from_load + load.load), 0};
  }
};

/// `heads` times (sub_tiles - 1 full sub-tiles and one edge), each loaded and then multiplied.
struct SubTiles {
  StageTimes times;
  std::int64_t heads = 1;
  std::int64_t sub_tiles = 1;
  std::int64_t latency = 0;

  std::int64_t matmuls() const { return (sub_tiles - 1) * times.matmul_full + times.matmul_edge; }
  std::int64_t loads() const { return (sub_tiles - 1) * times.load_full + times.load_edge; }
};

/// No loads: the operand is there. `input_latency`: the first stage waits for its input instead.
inline StageMap stay_map(std::int64_t matmuls, std::int64_t input_latency) {
  return {
      {matmuls, kNever, matmuls}, {input_latency + matmuls, 0, input_latency + matmuls}, kNoEnd};
}

/// A slot for every sub-tile: no load waits for a matmul. The longest path changes once from the
/// load queue to the matrix queue; over heads and over full sub-tiles the place of the change
/// enters linearly, so that only the ends of these ranges count. `there`: matmuls of every head
/// before these, whose sub-tiles need no load; they wait for the input alone, as in stay_map().
inline StageMap resident_map(const SubTiles& tiles, std::int64_t there = 0,
                             std::int64_t input_latency = kNever) {
  const StageTimes& t = tiles.times;
  const std::int64_t loads = tiles.loads();
  const std::int64_t matmuls = there + tiles.matmuls();
  std::int64_t change = loads + t.matmul_edge;
  if (tiles.sub_tiles > 1) {
    const std::int64_t full = tiles.sub_tiles - 1;
    change = std::max({change, t.load_full + full * t.matmul_full + t.matmul_edge,
                       full * t.load_full + t.matmul_full + t.matmul_edge});
  }
  change += (tiles.heads - 1) * std::max(loads, matmuls) + tiles.latency;
  const std::int64_t all = tiles.heads * matmuls;
  change = std::max(change, input_latency + all);
  return {{all, kNever, all}, {change, tiles.heads * loads, change}, kNoEnd};
}

/// One slot: every load waits for the matmul before it. A chain of all loads, latencies and
/// matmuls; only the first matmul has a second condition.
inline StageMap single_map(const SubTiles& tiles) {
  const StageTimes& t = tiles.times;
  const bool one = tiles.sub_tiles == 1;
  const std::int64_t to_first = (one ? t.load_edge : t.load_full) + tiles.latency;
  const std::int64_t all =
      tiles.heads * (tiles.loads() + tiles.matmuls() + tiles.sub_tiles * tiles.latency);
  const std::int64_t after = all - t.matmul_edge - tiles.latency;  // the last load's end
  const bool waits = tiles.heads * tiles.sub_tiles > 1;
  return {{all - to_first, waits ? after - to_first : kNever, all - to_first},
          {all, after, all},
          kNoEnd};
}

/// Least delays over all ways to cut K or V in at least so many sub-tiles, with `slots` slots (0:
/// one for every sub-tile): `full` times are those of the first load and of the last matmul, `edge`
/// times of all loads of a head.
inline StageMap any_cut_map(const SubTiles& tiles, std::int64_t slots) {
  const StageTimes& t = tiles.times;
  const std::int64_t loads = t.load_edge;
  const std::int64_t more = tiles.heads - 1;
  const std::int64_t first = t.load_full + tiles.latency;
  std::int64_t all = more * std::max(loads, t.matmul_all) +
                     std::max(first + t.matmul_all, loads + tiles.latency + t.matmul_full);
  if (slots > 0) {
    const std::int64_t chain = loads + t.matmul_all + tiles.sub_tiles * tiles.latency;
    all = std::max(all, tiles.heads * chain / slots);
  }
  const std::int64_t before = more > 0 ? more * t.matmul_all : kNever;
  const std::int64_t stays = slots == 0 ? tiles.heads * t.matmul_all : before;
  return {{tiles.heads * t.matmul_all, kNever, stays},
          {all, tiles.heads * loads, slots == 0 ? all : first + before},
          kNoEnd};
}

/// Two slots in turn. Without `slots`, StageMap::slot has no meaning.
StageMap double_map(const SubTiles& tiles, bool slots);

/// Resident sub-tiles, the last of which P has taken the place of.
struct Overwritten {
  std::int64_t stay = 0;                   ///< sub-tiles that stay
  const StageTimes* stay_loads = nullptr;  ///< their loads, if due
  std::int64_t again = 0;                  ///< those loaded again, into min(buffers, again) slots
  std::int64_t buffers = 1;
  std::int64_t input_latency = kNever;  ///< as in stay_map()
};

/// `tiles`: the times, with those of the loads that come again; one head.
StageMap overwritten_map(const SubTiles& tiles, const Overwritten& overwritten);

}  // namespace tilewright
