// Closed forms of a run of sub-tiles: exact solutions of
//   load_t = max(load_{t-1}, release_{t-slots}) + L_t
//   end_t  = max(end_{t-1}, load_t + latency) + C_t,   release_t = end_t.
// docs/cost_model.md derives them.
#include "costmodel/stage_map.h"

namespace tilewright {
namespace {

/// The longest way of k steps between two places, where a step stays for `best` at most and there
/// and back takes two steps and `there_and_back`. Its weight is linear in the number of times there
/// and back, so that either none or as many as fit are taken.
class Spread {
 public:
  Spread(std::int64_t best, std::int64_t there_and_back)
      : best_(best), cycle_(there_and_back > 2 * best ? there_and_back : 2 * best) {}
  std::int64_t operator()(std::int64_t k) const { return k / 2 * cycle_ + (k & 1) * best_; }

 private:
  std::int64_t best_;
  std::int64_t cycle_;
};

/// n equal sub-tiles of l and c. A longest path advances by one sub-tile for l (in the load queue)
/// or c (in the matrix queue), changes to the matrix queue for latency + c and back, through a
/// slot's release, for l and two sub-tiles.
StageMap equal_tiles(std::int64_t n, std::int64_t l, std::int64_t c, std::int64_t latency) {
  const std::int64_t there = l + latency + c;
  if (n == 1) {
    return {{c, kNever, kNever}, {there, l, kNever}, {kNever, kNever, 0}};
  }
  const Spread spread(std::max(l, c), there);
  const std::int64_t two = spread(n - 2);
  const std::int64_t three = n > 2 ? spread(n - 3) : kNever;
  const std::int64_t four = n > 3 ? there + spread(n - 4) : kNever;
  return {{std::max(n * c, c + there + three), c + l + three, std::max((n - 1) * c, c + four)},
          {there + spread(n - 1), std::max(n * l, there + l + three), there + two},
          {there + two, l + std::max((n - 2) * l, four), there + three}};
}

/// One more sub-tile at the end of a column.
void append(StageEnd& column, std::int64_t l, std::int64_t c, std::int64_t latency) {
  const std::int64_t load = std::max(column.load, column.before) + l;
  column.before = column.matmul;
  column.matmul = std::max(column.matmul, load + latency) + c;
  column.load = load;
}

/// Continues columns of one head over `more` heads. From the second head on only two times count:
/// when the first load can start and when the matrix queue is free, which is when the second slot
/// is free as well.
class MoreHeads {
 public:
  MoreHeads(const StageMap& head, std::int64_t more)
      : load_(head.load),
        end_{std::max(head.ready.matmul, head.slot.matmul),
             std::max(head.ready.load, head.slot.load),
             std::max(head.ready.before, head.slot.before)},
        inner_(more - 1),
        load_to_load_(std::max(load_.load, load_.before)),
        end_to_load_(std::max(end_.load, end_.before)),
        spread_(std::max(load_to_load_, end_.matmul), end_to_load_ + load_.matmul) {
    if (inner_ > 0) {
      const std::int64_t one_less = spread_(inner_ - 1);
      const std::int64_t both =
          inner_ > 1 ? end_to_load_ + load_.matmul + spread_(inner_ - 2) : kNever;
      powers_ = {std::max(inner_ * load_to_load_, both), end_to_load_ + one_less,
                 load_.matmul + one_less, std::max(inner_ * end_.matmul, both)};
    }
  }

  void continue_column(StageEnd& column) const {
    std::int64_t load = std::max(column.load, column.before);
    std::int64_t end = column.matmul;
    if (inner_ > 0) {
      const std::int64_t from = load;
      load = std::max(from + powers_.load_to_load, end + powers_.end_to_load);
      end = std::max(from + powers_.load_to_end, end + powers_.end_to_end);
    }
    column = {std::max(load + load_.matmul, end + end_.matmul),
              std::max(load + load_.load, end + end_.load),
              std::max(load + load_.before, end + end_.before)};
  }

 private:
  /// The map of these two times over all heads but the first and the last.
  struct Powers {
    std::int64_t load_to_load;
    std::int64_t end_to_load;
    std::int64_t load_to_end;
    std::int64_t end_to_end;
  };
  StageEnd load_;
  StageEnd end_;
  std::int64_t inner_;
  std::int64_t load_to_load_;
  std::int64_t end_to_load_;
  Spread spread_;
  Powers powers_{};
};

}  // namespace

StageMap double_map(const SubTiles& tiles, bool slots) {
  const StageTimes& t = tiles.times;
  if (tiles.sub_tiles == 1 || (t.load_edge == t.load_full && t.matmul_edge == t.matmul_full)) {
    return equal_tiles(tiles.heads * tiles.sub_tiles, t.load_edge, t.matmul_edge, tiles.latency);
  }
  StageMap map = equal_tiles(tiles.sub_tiles - 1, t.load_full, t.matmul_full, tiles.latency);
  append(map.ready, t.load_edge, t.matmul_edge, tiles.latency);
  append(map.load, t.load_edge, t.matmul_edge, tiles.latency);
  append(map.slot, t.load_edge, t.matmul_edge, tiles.latency);
  if (tiles.heads > 1) {
    const MoreHeads more(map, tiles.heads - 1);
    more.continue_column(map.ready);
    more.continue_column(map.load);
    if (slots) {
      more.continue_column(map.slot);
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
  const StageMap rest = single ? single_map(again) : double_map(again, true);
  // What stays depends on the landing in nothing, and its loads on the matmuls in nothing.
  const auto after = [](std::int64_t matmul, const StageEnd& from_ready, std::int64_t load,
                        const StageEnd& from_load) {
    return StageEnd{std::max(matmul + from_ready.matmul, load + from_load.matmul),
                    std::max(matmul + from_ready.load, load + from_load.load), matmul};
  };
  const StageEnd landed{std::max(rest.load.matmul, single ? kNever : rest.slot.matmul),
                        std::max(rest.load.load, single ? kNever : rest.slot.load), kNever};
  return {after(stayed.ready.matmul, rest.ready, kNever, kNoEnd),
          after(stayed.load.matmul, rest.ready, stayed.load.load, rest.load), landed};
}

}  // namespace tilewright
