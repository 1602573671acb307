// The rounds of a core under a mask as runs of one kind: what round_map.h is without a mask. Kinds
// are many, so that each is made when the walk comes to it.
#pragma once

#include <algorithm>
#include <cstdint>

#include "costmodel/alike_rounds.h"
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
    StageMap map = resident_map(SubTiles{times, heads, round.due, phase.latency},
                                there * times.matmul_full, there > 0 ? input_latency : kNever);
    // In a lower bound all matmuls may be more than their sum.
    map.ready.matmul = map.ready.before = std::max(map.ready.matmul, heads * times.matmul_all);
    return map;
  }
}

template <typename Kinds>
class MaskedRuns;

/// How to make the kinds.
template <Stages kStages, bool kResident>
class MaskedKinds {
 public:
  using Runs = MaskedRuns<MaskedKinds>;

  MaskedKinds(const PhaseTimes& times, const Accord<std::int64_t>& /*alone*/) : t_(times) {}
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
      MaskedRound values = round;
      values.due = t_.values_in_keys ? 0 : round.due;
      map.second_stage = masked_stage<kResident>(t_, times.second, values, heads, kNever);
    }
  }

 private:
  const PhaseTimes& t_;
};

/// Goes over the rounds in order. As RoundRuns.
template <typename Kinds>
class MaskedRuns {
 public:
  explicit MaskedRuns(const Kinds& kinds) : kinds_(&kinds), rounds_(kinds.times()) { make(); }

  bool done() const { return rounds_.done(); }
  const RoundMap& kind() const {
    map_.times = &times_;  // a copy has its own
    return map_;
  }
  std::int64_t left() const { return rounds_.left(); }

  void take(std::int64_t rounds) {
    if (rounds_.take(rounds)) {
      make();
    }
  }

  void skip_groups(std::int64_t groups) {
    if (rounds_.skip_groups(groups)) {
      make();
    }
  }

 private:
  void make() {
    if (!done()) {
      kinds_->make(rounds_.round(), rounds_.position(), rounds_.heads(), map_, times_);
    }
  }

  const Kinds* kinds_;
  AlikeRounds rounds_;
  mutable RoundMap map_;
  RoundTimes times_;
};

}  // namespace tilewright
