// The steps of a core in an online phase by kind, each kind's durations and stage maps made once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "costmodel/pipeline.h"
#include "costmodel/stage_map.h"

namespace tilewright {

/// One kind of step: all its pairs together. Without initialisers, as few kinds occur.
struct StepMap {
  const RoundTimes* times;  ///< of one pair
  std::int64_t heads;
  bool first;   ///< of its round: loads the input
  bool last;    ///< of its round: normalises and stores
  bool edge;    ///< its sub-tile is the edge
  bool masked;  ///< not every row sees its sub-tile whole
  bool loads;   ///< loads K and V: streamed, or new to the group
  bool begins_group;
  bool ends_group;  ///< the last step of a group
  std::int64_t input;
  std::int64_t bias;
  std::int64_t softmax;
  std::int64_t adjust;  ///< rescale or normalise
  std::int64_t store;
  StageMap first_stage;
  StageMap second_stage;
};

/// What the operations of a step take for one pair.
inline std::int64_t softmax_of(const StepMap& step, const RoundTimes& times) {
  if (step.masked) {
    return step.edge ? times.masked_softmax_edge : times.masked_softmax;
  }
  return step.edge ? times.softmax_edge : times.softmax;
}
inline std::int64_t matmul_of(const StepMap& step, const StageTimes& times) {
  return step.edge ? times.matmul_edge : times.matmul_full;
}
inline std::int64_t load_of(const StepMap& step, const StageTimes& times) {
  return step.edge ? times.load_edge : times.load_full;
}
inline std::int64_t adjust_of(const StepMap& step, const RoundTimes& times) {
  return step.last ? times.normalise : times.rescale;
}

/// One sub-tile of each pair. `input_latency`: where nothing is loaded, as in stay_map().
/// `in_place`: V in the slots of K, which is there.
template <bool kResident>
StageMap step_stage(const PhaseTimes& phase, const StageTimes& times, const StepMap& step,
                    std::int64_t input_latency, bool in_place = false) {
  const std::int64_t matmul = matmul_of(step, times);
  const std::int64_t load = load_of(step, times);
  if (!step.loads || in_place) {
    return stay_map(step.heads * matmul, input_latency);
  }
  const SubTiles tiles{{matmul, matmul, load, load, matmul}, step.heads, 1, phase.latency};
  if constexpr (kResident) {
    return resident_map(tiles);
  } else {
    if (phase.values_in_keys) {
      return resident_map(tiles);  // a slot for all pairs of a step
    }
    return phase.buffers == 1 ? single_map(tiles) : double_map(tiles, true);
  }
}

/// Sets what follows from the kind of a step: all but the pointer, the pairs and the flags.
template <bool kResident>
void set_durations(const PhaseTimes& phase, StepMap& step) {
  const RoundTimes& times = *step.times;
  step.input = step.heads * times.input;
  step.bias = step.heads * (step.edge ? times.bias_edge : times.bias);
  step.softmax = step.heads * softmax_of(step, times);
  step.adjust = step.heads * adjust_of(step, times);
  step.store = step.heads * times.store;
  step.first_stage =
      step_stage<kResident>(phase, times.first, step, step.first ? phase.latency : kNever);
  step.second_stage =
      step_stage<kResident>(phase, times.second, step, kNever, phase.values_in_keys);
}

class StepRuns;

/// One kind of round: its first, inner and last step. A single sub-tile is a last one.
struct StepsOfRound {
  StepMap first;
  StepMap inner;
  StepMap last;
};

/// Some rounds of one kind in a row.
struct StepsRun {
  const StepsOfRound* kind;
  std::int64_t rounds;
};

/// The kinds of rounds that occur. A group is one first round (where an operand is resident), inner
/// ones and a last one; where these do not differ (`alike`), all rounds of full groups are one run.
template <bool kResident>
class StepKinds {
 public:
  using Runs = StepRuns;

  explicit StepKinds(const PhaseTimes& times)
      : t_(times), alike_(times.positions == 1 || !(kResident || times.last_differs)) {
    full_.end = full_.runs;
    edge_.end = edge_.runs;
    if (times.full_groups > 0) {
      make_all(times.heads, times.full_groups, full_);
    }
    if (times.edge_heads > 0) {
      make_all(times.edge_heads, 1, edge_);
    }
  }
  StepKinds(const StepKinds&) = delete;
  StepKinds& operator=(const StepKinds&) = delete;

  bool alike() const { return alike_; }
  const PhaseTimes& times() const { return t_; }
  std::int64_t steps_of_group() const { return t_.positions * t_.sub_tiles; }

  /// The runs of a full group or (alike) of all of them; of the edge group.
  std::span<const StepsRun> full_group() const { return {full_.runs, full_.end}; }
  std::span<const StepsRun> edge_group() const { return {edge_.runs, edge_.end}; }

 private:
  static constexpr std::size_t kMost = 3;
  struct Group {
    StepsOfRound rounds[kMost];
    StepsRun runs[kMost];
    StepsRun* end;
  };
  struct Place {
    bool first;
    bool last;
  };

  void make_all(std::int64_t heads, std::int64_t groups, Group& group) {
    const bool one = t_.positions == 1;
    if (alike_) {
      add(heads, one ? t_.last : t_.full, {one, one}, groups * t_.positions, group);
      return;
    }
    if (kResident) {
      add(heads, t_.full, {true, false}, 1, group);
    }
    const std::int64_t inner = t_.positions - (kResident ? 2 : 1);
    if (inner > 0) {
      add(heads, t_.full, {false, false}, inner, group);
    }
    add(heads, t_.last, {false, true}, 1, group);
  }

  void add(std::int64_t heads, const RoundTimes& times, const Place& place, std::int64_t rounds,
           Group& group) {
    StepsOfRound& round = group.rounds[group.end - group.runs];
    *group.end++ = {&round, rounds};
    if (t_.sub_tiles > 1) {
      make(heads, times, place, {true, false}, round.first);
    }
    if (t_.sub_tiles > 2) {
      make(heads, times, place, {false, false}, round.inner);
    }
    make(heads, times, place, {t_.sub_tiles == 1, true}, round.last);
  }

  /// `round`: the place of the round in its group, `step`: that of the step in its round.
  void make(std::int64_t heads, const RoundTimes& times, const Place& round, const Place& step,
            StepMap& map) {
    map.times = &times;
    map.heads = heads;
    map.first = step.first;
    map.last = map.edge = step.last;
    map.masked = false;
    map.loads = !kResident || round.first;
    map.begins_group = round.first && step.first;
    map.ends_group = round.last && step.last;
    set_durations<kResident>(t_, map);
  }

  const PhaseTimes& t_;
  const bool alike_;
  Group full_;
  Group edge_;
};

/// Goes over the steps of a core in order, as runs of one kind within a round.
class StepRuns {
 public:
  template <typename Kinds>
  explicit StepRuns(const Kinds& kinds)
      : sub_tiles_(kinds.times().sub_tiles),
        group_(kinds.full_group()),
        edge_(kinds.edge_group()),
        groups_(kinds.alike() ? 1 : kinds.times().full_groups) {
    if (group_.empty()) {
      next_groups();
    } else {
      enter(group_.data());
    }
  }

  bool done() const { return at_ == nullptr; }
  const StepMap& kind() const { return *step_; }
  /// Steps of this kind from here on in this round; if done, more than there can be.
  std::int64_t left() const { return left_; }
  /// The run of rounds of one kind in which this is.
  const StepsRun* run() const { return at_; }
  bool same_run_as(const StepRuns& other) const { return at_ == other.at_; }
  std::int64_t steps_of_round() const { return sub_tiles_; }
  static constexpr bool loose() { return false; }
  /// Rounds of this run that have not begun, or are about to.
  std::int64_t whole_rounds() const { return rounds_ - (step_->first ? 0 : 1); }

  void take(std::int64_t steps) {
    left_ -= steps;
    if (left_ == 0) {
      if (step_->last) {
        next_round();
      } else if (step_->first && sub_tiles_ > 2) {
        step_ = &at_->kind->inner;
        left_ = sub_tiles_ - 2;
      } else {
        step_ = &at_->kind->last;
        left_ = 1;
      }
    }
  }

  /// Leaves out rounds of this run, at most whole_rounds().
  void skip_rounds(std::int64_t rounds) {
    rounds_ -= rounds;
    if (rounds_ == 0) {
      rounds_ = 1;
      next_round();
    }
  }

  /// Leaves out whole groups, all of the same size.
  void skip_groups(std::int64_t groups) {
    groups_ -= groups;
    if (groups_ == 0) {
      next_groups();
    }
  }

 private:
  void next_round() {
    if (--rounds_ > 0) {
      enter_round();
    } else if (at_ + 1 < group_.data() + group_.size()) {
      enter(at_ + 1);
    } else if (--groups_ > 0) {
      enter(group_.data());
    } else {
      next_groups();
    }
  }

  void enter(const StepsRun* run) {
    at_ = run;
    rounds_ = run->rounds;
    enter_round();
  }

  void enter_round() {
    step_ = sub_tiles_ > 1 ? &at_->kind->first : &at_->kind->last;
    left_ = 1;
  }

  void next_groups() {
    if (edge_.empty()) {
      at_ = nullptr;
      left_ = std::int64_t{1} << 62U;
      return;
    }
    group_ = edge_;
    edge_ = {};
    groups_ = 1;
    enter(group_.data());
  }

  std::int64_t sub_tiles_;
  std::span<const StepsRun> group_;
  std::span<const StepsRun> edge_;
  std::int64_t groups_;  ///< this one and those of the same size after it
  const StepsRun* at_ = nullptr;
  std::int64_t rounds_ = 0;  ///< of the run, with this one
  const StepMap* step_ = nullptr;
  std::int64_t left_ = 0;
};

}  // namespace tilewright
