// A matmul stage of one round as a max-plus map: how the end of its matmuls and of its loads depend
// on when they may begin. The durations enter once, here; a round then costs a few sums and maxima.
#pragma once

#include <cstdint>

#include "common/number.h"
#include "costmodel/pipeline.h"

namespace tilewright {

/// Stands for "does not depend on it". Times are below 2^62, so that a sum with it is never the
/// largest one, and no sum of two overflows.
inline constexpr std::int64_t kNever = -(std::int64_t{1} << 62U);

/// What a stage waits for.
template <typename Number>
struct StageEntryOf {
  Number ready = 0;  ///< the matrix queue and all but the sub-tiles are there
  Number load = 0;   ///< the load queue and the first sub-tile's slot are free
  Number slot = 0;   ///< two slots: the second one is free. Overwrite: where K (V) lands is
};
using StageEntry = StageEntryOf<std::int64_t>;

/// When a stage is over.
template <typename Number>
struct StageEndOf {
  Number matmul;  ///< the last matmul
  Number load;    ///< the load queue is free
  /// Two slots: the matmul before the last one. Overwrite: the last one that read what stays.
  Number before;

  template <typename Condition>
  static StageEndOf choose(const Condition& condition, const StageEndOf& yes,
                           const StageEndOf& no) {
    return {tilewright::choose(condition, yes.matmul, no.matmul),
            tilewright::choose(condition, yes.load, no.load),
            tilewright::choose(condition, yes.before, no.before)};
  }
  static StageEndOf none() { return {Number(kNever), Number(kNever), Number(kNever)}; }
};
using StageEnd = StageEndOf<std::int64_t>;

/// Each figure of the end as its delay after each one of the entry. Without initialisers: there are
/// many, of which few are used.
template <typename Number>
struct StageMapOf {
  using Entry = StageEntryOf<Number>;
  using End = StageEndOf<Number>;

  End ready;
  End load;
  End slot;

  template <typename Condition>
  static StageMapOf choose(const Condition& condition, const StageMapOf& yes,
                           const StageMapOf& no) {
    return {tilewright::choose(condition, yes.ready, no.ready),
            tilewright::choose(condition, yes.load, no.load),
            tilewright::choose(condition, yes.slot, no.slot)};
  }

  [[gnu::always_inline]] End at(const Entry& e) const {
    return {largest(e.ready + ready.matmul, e.load + load.matmul, e.slot + slot.matmul),
            largest(e.ready + ready.load, e.load + load.load, e.slot + slot.load),
            largest(e.ready + ready.before, e.load + load.before, e.slot + slot.before)};
  }

  /// Where the slots are known to be free in time.
  [[gnu::always_inline]] End at(const Number& from_ready, const Number& from_load) const {
    return {largest(from_ready + ready.matmul, from_load + load.matmul),
            largest(from_ready + ready.load, from_load + load.load), Number(0)};
  }
};
using StageMap = StageMapOf<std::int64_t>;

/// `heads` times (sub_tiles - 1 full sub-tiles and one edge), each loaded and then multiplied.
template <typename Number>
struct SubTilesOf {
  StageTimesOf<Number> times;
  Number heads = 1;
  Number sub_tiles = 1;
  std::int64_t latency = 0;

  Number matmuls() const { return (sub_tiles - 1) * times.matmul_full + times.matmul_edge; }
  Number loads() const { return (sub_tiles - 1) * times.load_full + times.load_edge; }
};
using SubTiles = SubTilesOf<std::int64_t>;

/// No loads: the operand is there. `input_latency`: the first stage waits for its input instead.
template <typename Number>
StageMapOf<Number> stay_map(const Number& matmuls, const Number& input_latency) {
  const Number after_input = input_latency + matmuls;
  return {{matmuls, Number(kNever), matmuls},
          {after_input, Number(0), after_input},
          StageEndOf<Number>::none()};
}

/// A slot for every sub-tile: no load waits for a matmul. The longest path changes once from the
/// load queue to the matrix queue; over heads and over full sub-tiles the place of the change
/// enters linearly, so that only the ends of these ranges count. `there`: matmuls of every head
/// before these, whose sub-tiles need no load; they wait for the input alone, as in stay_map().
template <typename Number>
StageMapOf<Number> resident_map(const SubTilesOf<Number>& tiles, std::int64_t there = 0,
                                std::int64_t input_latency = kNever) {
  const StageTimesOf<Number>& t = tiles.times;
  const Number loads = tiles.loads();
  const Number matmuls = there + tiles.matmuls();
  Number change = loads + t.matmul_edge;
  const auto several = tiles.sub_tiles > 1;
  if (any(several)) {
    const Number full = tiles.sub_tiles - 1;
    change = choose(several,
                    largest(change, t.load_full + full * t.matmul_full + t.matmul_edge,
                            full * t.load_full + t.matmul_full + t.matmul_edge),
                    change);
  }
  change += (tiles.heads - 1) * largest(loads, matmuls) + tiles.latency;
  const Number all = tiles.heads * matmuls;
  change = largest(change, input_latency + all);
  return {{all, Number(kNever), all},
          {change, tiles.heads * loads, change},
          StageEndOf<Number>::none()};
}

/// One slot: every load waits for the matmul before it. A chain of all loads, latencies and
/// matmuls; only the first matmul has a second condition.
template <typename Number>
StageMapOf<Number> single_map(const SubTilesOf<Number>& tiles) {
  const StageTimesOf<Number>& t = tiles.times;
  const Number to_first = choose(tiles.sub_tiles == 1, t.load_edge, t.load_full) + tiles.latency;
  const Number all =
      tiles.heads * (tiles.loads() + tiles.matmuls() + tiles.sub_tiles * tiles.latency);
  const Number after = all - t.matmul_edge - tiles.latency;  // the last load's end
  const auto waits = tiles.heads * tiles.sub_tiles > 1;
  return {{all - to_first, choose(waits, after - to_first, Number(kNever)), all - to_first},
          {all, after, all},
          StageEndOf<Number>::none()};
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
          StageEnd::none()};
}

/// Two slots in turn. Without `slots`, StageMap::slot has no meaning.
template <typename Number>
StageMapOf<Number> double_map(const SubTilesOf<Number>& tiles, bool slots);

/// Resident sub-tiles, the last of which P has taken the place of.
template <typename Number>
struct OverwrittenOf {
  Number stay = 0;                                   ///< sub-tiles that stay
  const StageTimesOf<Number>* stay_loads = nullptr;  ///< their loads, if due
  Number again = 0;  ///< those loaded again, into min(buffers, again) slots
  std::int64_t buffers = 1;
  std::int64_t input_latency = kNever;  ///< as in stay_map()
};
using Overwritten = OverwrittenOf<std::int64_t>;

/// `tiles`: the times, with those of the loads that come again; one head.
template <typename Number>
StageMapOf<Number> overwritten_map(const SubTilesOf<Number>& tiles,
                                   const OverwrittenOf<Number>& overwritten);

extern template StageMap double_map(const SubTiles& tiles, bool slots);
extern template StageMap overwritten_map(const SubTiles& tiles, const Overwritten& overwritten);

}  // namespace tilewright
