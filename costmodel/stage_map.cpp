// Closed forms of a run of sub-tiles: exact solutions of
//   load_t = max(load_{t-1}, release_{t-slots}) + L_t
//   end_t  = max(end_{t-1}, load_t + latency) + C_t,   release_t = end_t.
// docs/cost_model.md derives them.
#include "costmodel/stage_map.h"

#include <array>

#include "costmodel/leap.h"

namespace tilewright {
namespace {

/// Two slots: n equal sub-tiles of l and c. A longest path advances by one sub-tile for l (in the
/// load queue) or c (in the matrix queue), changes to the matrix queue for latency + c and back,
/// through a slot's release, for l and two sub-tiles: a cycle of l + latency + c per two sub-tiles.
/// Its weight is linear in the number of such cycles, so that either none or all of them are taken.
class EqualTiles {
 public:
  EqualTiles(std::int64_t l, std::int64_t c, std::int64_t latency)
      : l_(l), c_(c), there_(l + latency + c), best_(std::max(l, c)), cycles_(there_ > 2 * best_) {}

  StageMap map(std::int64_t n) const {
    if (n == 1) {
      return {{c_, kNever, kNever}, {there_, l_, kNever}, {kNever, kNever, 0}};
    }
    // From a release, which is two sub-tiles on; there and back within a run of the load queue.
    const std::int64_t two = spread(n - 2);
    const std::int64_t three = n > 2 ? spread(n - 3) : kNever;
    const std::int64_t four = n > 3 ? there_ + spread(n - 4) : kNever;
    StageMap map;
    map.ready = {std::max(n * c_, c_ + there_ + three), c_ + l_ + three,
                 std::max((n - 1) * c_, c_ + four)};
    map.load = {there_ + spread(n - 1), std::max(n * l_, there_ + l_ + three), there_ + two};
    map.slot = {there_ + two, l_ + std::max((n - 2) * l_, four), there_ + three};
    return map;
  }

 private:
  std::int64_t spread(std::int64_t n) const {
    return cycles_ ? n / 2 * there_ + n % 2 * best_ : n * best_;
  }

  std::int64_t l_;
  std::int64_t c_;
  std::int64_t there_;  ///< from the load queue to the matrix queue: l + latency + c
  std::int64_t best_;
  bool cycles_;
};

/// One more sub-tile at the end of a column.
void append(StageEnd& column, std::int64_t l, std::int64_t c, std::int64_t latency) {
  const std::int64_t load = std::max(column.load, column.before) + l;
  column.before = column.matmul;
  column.matmul = std::max(column.matmul, load + latency) + c;
  column.load = load;
}

/// A column of one head continued over `heads` more.
[[gnu::noinline]] void continue_heads(const StageMap& head, std::int64_t heads, StageEnd& column) {
  // From the second head on, the matrix queue and the second slot are free at the same time.
  const StageEnd end{std::max(head.ready.matmul, head.slot.matmul),
                     std::max(head.ready.load, head.slot.load),
                     std::max(head.ready.before, head.slot.before)};
  std::array<std::int64_t, 3> state{column.load, column.matmul, column.before};
  repeat<Extent<3>>(state, heads, [&head, &end](std::array<std::int64_t, 3>& s) {
    const std::int64_t load = std::max(s[0], s[2]);
    const std::int64_t matmul = s[1];
    s[0] = std::max(load + head.load.load, matmul + end.load);
    s[1] = std::max(load + head.load.matmul, matmul + end.matmul);
    s[2] = std::max(load + head.load.before, matmul + end.before);
  });
  column = {state[1], state[0], state[2]};
}

/// Column by column: what `run` gives where only one thing is waited for.
template <typename Run>
StageMap by_columns(const Run& run) {
  return {run(StageEntry{0, kNever, kNever}), run(StageEntry{kNever, 0, kNever}),
          run(StageEntry{kNever, kNever, 0})};
}

}  // namespace

StageMap stay_map(std::int64_t matmuls, std::int64_t input_latency) {
  return {
      {matmuls, kNever, matmuls}, {input_latency + matmuls, 0, input_latency + matmuls}, kNoEnd};
}

/// The longest path changes once from the load queue to the matrix queue; over heads and over full
/// sub-tiles the place of the change enters linearly, so that only the ends of these ranges count.
StageMap resident_map(const SubTiles& tiles) {
  const StageTimes& t = tiles.times;
  const std::int64_t loads = tiles.loads();
  const std::int64_t matmuls = tiles.matmuls();
  std::int64_t change = loads + t.matmul_edge;
  if (tiles.sub_tiles > 1) {
    const std::int64_t full = tiles.sub_tiles - 1;
    change = std::max({change, t.load_full + full * t.matmul_full + t.matmul_edge,
                       full * t.load_full + t.matmul_full + t.matmul_edge});
  }
  change += (tiles.heads - 1) * std::max(loads, matmuls) + tiles.latency;
  const std::int64_t all = tiles.heads * matmuls;
  return {{all, kNever, all}, {change, tiles.heads * loads, change}, kNoEnd};
}

/// A chain of all loads, latencies and matmuls; only the first matmul has a second condition.
StageMap single_map(const SubTiles& tiles) {
  const StageTimes& t = tiles.times;
  const bool one = tiles.sub_tiles == 1;
  const std::int64_t to_first = (one ? t.load_edge : t.load_full) + tiles.latency;
  const std::int64_t all =
      tiles.heads * (tiles.loads() + tiles.matmuls() + tiles.sub_tiles * tiles.latency);
  StageMap map{kNoEnd, kNoEnd, kNoEnd};
  map.ready.matmul = all - to_first;
  map.load.matmul = all;
  if (tiles.heads * tiles.sub_tiles == 1) {
    map.load.load = t.load_edge;
  } else {
    map.ready.load = map.ready.matmul - t.matmul_edge - tiles.latency;
    map.load.load = map.load.matmul - t.matmul_edge - tiles.latency;
  }
  map.ready.before = map.ready.matmul;
  map.load.before = map.load.matmul;
  return map;
}

StageMap double_map(const SubTiles& tiles) {
  const StageTimes& t = tiles.times;
  if (tiles.sub_tiles == 1 || (t.load_edge == t.load_full && t.matmul_edge == t.matmul_full)) {
    return EqualTiles(t.load_edge, t.matmul_edge, tiles.latency).map(tiles.heads * tiles.sub_tiles);
  }
  StageMap map = EqualTiles(t.load_full, t.matmul_full, tiles.latency).map(tiles.sub_tiles - 1);
  append(map.ready, t.load_edge, t.matmul_edge, tiles.latency);
  append(map.load, t.load_edge, t.matmul_edge, tiles.latency);
  append(map.slot, t.load_edge, t.matmul_edge, tiles.latency);
  if (tiles.heads > 1) {
    const StageMap head = map;
    for (StageEnd* column : {&map.ready, &map.load, &map.slot}) {
      continue_heads(head, tiles.heads - 1, *column);
    }
  }
  return map;
}

StageMap overwritten_map(const SubTiles& tiles, const Overwritten& overwritten) {
  const std::int64_t full = tiles.times.matmul_full;
  StageMap stayed =
      stay_map(overwritten.stay * full, overwritten.stay > 0 ? overwritten.input_latency : kNever);
  if (overwritten.stay > 0 && overwritten.stay_loads != nullptr) {
    const std::int64_t load = overwritten.stay_loads->load_full;
    stayed = resident_map({{full, full, load, load}, 1, overwritten.stay, tiles.latency});
  }
  const SubTiles again{tiles.times, 1, overwritten.again, tiles.latency};
  const bool single = std::min(overwritten.buffers, overwritten.again) == 1;
  const StageMap rest = single ? single_map(again) : double_map(again);
  return by_columns([&](const StageEntry& entry) {
    const StageEnd middle = stayed.at(entry);
    StageEnd end =
        rest.at({middle.matmul, std::max(middle.load, entry.slot), single ? kNever : entry.slot});
    end.before = middle.matmul;
    return end;
  });
}

}  // namespace tilewright
