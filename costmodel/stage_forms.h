// Closed forms of a run of sub-tiles: exact solutions of
//   load_t = max(load_{t-1}, release_{t-slots}) + L_t
//   end_t  = max(end_{t-1}, load_t + latency) + C_t,   release_t = end_t.
// docs/cost_model.md derives them. For those who make them for a number of their own.
#pragma once

#include "costmodel/stage_map.h"

namespace tilewright {
namespace stage_forms {

/// The longest way of k steps between two places, where a step stays for `best` at most and there
/// and back takes two steps and `there_and_back`. Its weight is linear in the number of times there
/// and back, so that either none or as many as fit are taken.
template <typename Number>
class Spread {
 public:
  Spread(const Number& best, const Number& there_and_back)
      : best_(best), cycle_(largest(there_and_back, best + best)) {}
  Number operator()(const Number& k) const { return (k >> 1) * cycle_ + (k & 1) * best_; }

 private:
  Number best_;
  Number cycle_;
};

/// n equal sub-tiles of l and c. A longest path advances by one sub-tile for l (in the load queue)
/// or c (in the matrix queue), changes to the matrix queue for latency + c and back, through a
/// slot's release, for l and two sub-tiles.
template <typename Number>
StageMapOf<Number> equal_tiles(const Number& n, const Number& l, const Number& c,
                               std::int64_t latency) {
  const Number never(kNever);
  const Number there = l + latency + c;
  const auto one = n == 1;
  const StageMapOf<Number> of_one{{c, never, never}, {there, l, never}, {never, never, Number(0)}};
  if (all(one)) {
    return of_one;
  }
  const Spread<Number> spread(largest(l, c), there);
  const Number two = spread(n - 2);
  const Number three = choose(n > 2, spread(n - 3), never);
  const Number four = choose(n > 3, there + spread(n - 4), never);
  const StageMapOf<Number> of_several{
      {largest(n * c, c + there + three), c + l + three, largest((n - 1) * c, c + four)},
      {there + spread(n - 1), largest(n * l, there + l + three), there + two},
      {there + two, l + largest((n - 2) * l, four), there + three}};
  return any(one) ? choose(one, of_one, of_several) : of_several;
}

/// One more sub-tile at the end of a column.
template <typename Number>
void append(StageEndOf<Number>& column, const Number& l, const Number& c, std::int64_t latency) {
  const Number load = largest(column.load, column.before) + l;
  column.before = column.matmul;
  column.matmul = largest(column.matmul, load + latency) + c;
  column.load = load;
}

/// Continues columns of one head over `more` heads. From the second head on only two times count:
/// when the first load can start and when the matrix queue is free, which is when the second slot
/// is free as well.
template <typename Number>
class MoreHeads {
 public:
  MoreHeads(const StageMapOf<Number>& head, const Number& more)
      : load_(head.load),
        end_{largest(head.ready.matmul, head.slot.matmul), largest(head.ready.load, head.slot.load),
             largest(head.ready.before, head.slot.before)},
        inner_(more - 1),
        load_to_load_(largest(load_.load, load_.before)),
        end_to_load_(largest(end_.load, end_.before)),
        spread_(largest(load_to_load_, end_.matmul), end_to_load_ + load_.matmul) {
    if (any(inner_ > 0)) {
      const Number one_less = spread_(inner_ - 1);
      const Number both =
          choose(inner_ > 1, end_to_load_ + load_.matmul + spread_(inner_ - 2), Number(kNever));
      powers_ = {largest(inner_ * load_to_load_, both), end_to_load_ + one_less,
                 load_.matmul + one_less, largest(inner_ * end_.matmul, both)};
    }
  }

  void continue_column(StageEndOf<Number>& column) const {
    Number load = largest(column.load, column.before);
    Number end = column.matmul;
    const auto has_inner = inner_ > 0;
    if (any(has_inner)) {
      const Number from = load;
      load =
          choose(has_inner, largest(from + powers_.load_to_load, end + powers_.end_to_load), load);
      end = choose(has_inner, largest(from + powers_.load_to_end, end + powers_.end_to_end), end);
    }
    column = {largest(load + load_.matmul, end + end_.matmul),
              largest(load + load_.load, end + end_.load),
              largest(load + load_.before, end + end_.before)};
  }

 private:
  /// The map of these two times over all heads but the first and the last.
  struct Powers {
    Number load_to_load;
    Number end_to_load;
    Number load_to_end;
    Number end_to_end;
  };
  StageEndOf<Number> load_;
  StageEndOf<Number> end_;
  Number inner_;
  Number load_to_load_;
  Number end_to_load_;
  Spread<Number> spread_;
  Powers powers_{};
};

}  // namespace stage_forms

template <typename Number>
StageMapOf<Number> double_map(const SubTilesOf<Number>& tiles, bool slots) {
  using Map = StageMapOf<Number>;
  const StageTimesOf<Number>& t = tiles.times;
  const auto alike =
      tiles.sub_tiles == 1 || (t.load_edge == t.load_full && t.matmul_edge == t.matmul_full);
  if (all(alike)) {
    return stage_forms::equal_tiles(Number(tiles.heads * tiles.sub_tiles), t.load_edge,
                                    t.matmul_edge, tiles.latency);
  }
  Map map = stage_forms::equal_tiles(Number(tiles.sub_tiles - 1), t.load_full, t.matmul_full,
                                     tiles.latency);
  for (StageEndOf<Number>* column : {&map.ready, &map.load, &map.slot}) {
    stage_forms::append(*column, t.load_edge, t.matmul_edge, tiles.latency);
  }
  const auto several = tiles.heads > 1;
  if (any(several)) {
    Map heads = map;
    const stage_forms::MoreHeads<Number> more(map, tiles.heads - 1);
    more.continue_column(heads.ready);
    more.continue_column(heads.load);
    if (slots) {
      more.continue_column(heads.slot);
    }
    map = choose(several, heads, map);
  }
  if (any(alike)) {
    map = choose(alike,
                 stage_forms::equal_tiles(Number(tiles.heads * tiles.sub_tiles), t.load_edge,
                                          t.matmul_edge, tiles.latency),
                 map);
  }
  return map;
}

namespace stage_forms {

/// Sub-tiles of one head that are loaded again, into at most `buffers` slots.
template <typename Number>
StageMapOf<Number> again_map(const SubTilesOf<Number>& tiles, std::int64_t buffers) {
  const auto one = tiles.sub_tiles == 1;
  if (buffers == 1 || all(one)) {
    return single_map(tiles);
  }
  const StageMapOf<Number> map = double_map(tiles, true);
  return any(one) ? choose(one, single_map(tiles), map) : map;
}

}  // namespace stage_forms

template <typename Number>
StageMapOf<Number> overwritten_map(const SubTilesOf<Number>& tiles,
                                   const OverwrittenOf<Number>& overwritten) {
  using End = StageEndOf<Number>;
  const Number never(kNever);
  const Number& full = tiles.times.matmul_full;
  StageMapOf<Number> stayed =
      stay_map(Number(overwritten.stay * full),
               choose(overwritten.stay > 0, Number(overwritten.input_latency), never));
  if (overwritten.stay_loads != nullptr) {
    const auto loads = overwritten.stay > 0;
    if (any(loads)) {
      const Number& load = overwritten.stay_loads->load_full;
      stayed = choose(loads,
                      resident_map(SubTilesOf<Number>{
                          {full, full, load, load}, Number(1), overwritten.stay, tiles.latency}),
                      stayed);
    }
  }
  const SubTilesOf<Number> again{tiles.times, Number(1), overwritten.again, tiles.latency};
  const StageMapOf<Number> rest = stage_forms::again_map(again, overwritten.buffers);
  // What stays depends on the landing in nothing, and its loads on the matmuls in nothing.
  const auto after = [](const Number& matmul, const End& from_ready, const Number& load,
                        const End& from_load) {
    return End{largest(matmul + from_ready.matmul, load + from_load.matmul),
               largest(matmul + from_ready.load, load + from_load.load), matmul};
  };
  const End landed{largest(rest.load.matmul, rest.slot.matmul),
                   largest(rest.load.load, rest.slot.load), never};
  return {after(stayed.ready.matmul, rest.ready, never, End::none()),
          after(stayed.load.matmul, rest.ready, stayed.load.load, rest.load), landed};
}

}  // namespace tilewright
