// The rounds of a core under a mask as runs of one kind: what round_map.h is without a mask. Kinds
// are many, so that each is made when the walk comes to it.
#pragma once

#include <cstdint>

#include "costmodel/masked_rounds.h"
#include "costmodel/round_map.h"

namespace tilewright {

/// The map of a stage whose last `due` of `sub_tiles` are loaded.
template <bool kResident>
StageMap masked_stage(const PhaseTimes& phase, const StageTimes& times, const MaskedRound& round,
                      std::int64_t heads, std::int64_t input_latency) {
  if constexpr (!kResident) {
    const SubTiles tiles{times, heads, round.sub_tiles, phase.latency};
    return phase.buffers == 1 ? single_map(tiles) : double_map(tiles, true);
  } else {
    if (round.due == 0) {
      return stay_map(heads * times.matmul_all, input_latency);
    }
    const std::int64_t there = round.sub_tiles - round.due;
    return resident_map({times, heads, round.due, phase.latency}, there * times.matmul_full,
                        there > 0 ? input_latency : kNever);
  }
}

template <typename Kinds>
class MaskedRuns;

/// How to make the kinds.
template <Stages kStages, bool kResident>
class MaskedKinds {
 public:
  using Runs = MaskedRuns<MaskedKinds>;

  explicit MaskedKinds(const PhaseTimes& times) : t_(times) {}
  MaskedKinds(const MaskedKinds&) = delete;
  MaskedKinds& operator=(const MaskedKinds&) = delete;

  bool alike() const { return t_.positions == 1; }
  const PhaseTimes& times() const { return t_; }

  void make(const MaskedRound& round, std::int64_t position, std::int64_t heads, RoundMap& map,
            RoundTimes& times) const {
    map.first = kResident && position == 0;
    map.last = position == t_.positions - 1;
    times = t_.masked->times(round, map.last ? t_.last : t_.full);
    map.heads = heads;
    map.sub_tiles = round.sub_tiles;
    map.due = kResident ? round.due : round.sub_tiles;
    map.input = heads * times.input;
    map.softmax = heads * times.softmax;
    map.store = heads * times.store;
    if constexpr (kStages.first) {
      map.first_stage = masked_stage<kResident>(t_, times.first, round, heads, t_.latency);
    }
    if constexpr (kStages.second) {
      map.second_stage = masked_stage<kResident>(t_, times.second, round, heads, kNever);
    }
  }

 private:
  const PhaseTimes& t_;
};

/// Goes over the rounds in order. As RoundRuns.
template <typename Kinds>
class MaskedRuns {
 public:
  explicit MaskedRuns(const Kinds& kinds) : kinds_(&kinds) {
    const PhaseTimes& t = kinds.times();
    groups_ = t.full_groups;
    heads_ = t.heads;
    if (groups_ == 0) {
      enter_edge_group();
    } else {
      enter_group();
    }
  }

  bool done() const { return groups_ == 0; }
  const RoundMap& kind() const {
    map_.times = &times_;  // a copy has its own
    return map_;
  }
  std::int64_t left() const { return left_; }

  void take(std::int64_t rounds) {
    left_ -= rounds;
    if (left_ > 0) {
      return;
    }
    if (kinds_->alike()) {
      enter_edge_group();
    } else if (position_ < kinds_->times().positions) {
      enter_run();
    } else if (--groups_ > 0) {
      enter_group();
    } else {
      enter_edge_group();
    }
  }

  void skip_groups(std::int64_t groups) {
    groups_ -= groups;
    if (groups_ == 0) {
      enter_edge_group();
    }
  }

 private:
  void enter_group() {
    position_ = 0;
    next_ = kinds_->times().masked->next(0, there_);
    enter_run();
  }

  void enter_edge_group() {
    const PhaseTimes& t = kinds_->times();
    const bool there = !in_edge_group_ && t.edge_heads > 0;
    in_edge_group_ = true;
    groups_ = there ? 1 : 0;
    heads_ = t.edge_heads;
    if (there) {
      enter_group();
    } else {
      left_ = std::int64_t{1} << 62U;
    }
  }

  /// From position_ on, where next_ is; both then stand behind the run.
  void enter_run() {
    const PhaseTimes& t = kinds_->times();
    const MaskedRound round = next_;
    const std::int64_t first = position_;
    ++position_;
    while (position_ < t.positions) {
      next_ = t.masked->next(position_, there_);
      // The first position and the last one are kinds of their own.
      if (first == 0 || position_ == t.positions - 1 || next_ != round) {
        break;
      }
      ++position_;
    }
    left_ = kinds_->alike() ? groups_ : position_ - first;
    kinds_->make(round, first, heads_, map_, times_);
  }

  const Kinds* kinds_;
  std::int64_t groups_ = 0;  ///< this one and those of the same size after it
  std::int64_t heads_ = 0;
  bool in_edge_group_ = false;
  std::int64_t position_ = 0;  ///< behind the run
  std::int64_t there_ = 0;     ///< sub-tiles that the position of next_ leaves
  MaskedRound next_;
  std::int64_t left_ = 0;
  mutable RoundMap map_;
  RoundTimes times_;
};

}  // namespace tilewright
