// The steps of a core in an online phase by kind, each kind's durations and stage maps made once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "costmodel/pipeline.h"
#include "costmodel/stage_map.h"

namespace tilewright {

/// One kind of step: all its pairs together. Without initialisers, as few kinds occur.
template <typename Number>
struct StepMapOf {
  const RoundTimesOf<Number>* times;  ///< of one pair
  Number heads;
  bool first;   ///< of its round: loads the input
  bool last;    ///< of its round: normalises and stores
  bool edge;    ///< its sub-tile is the edge
  bool masked;  ///< not every row sees its sub-tile whole
  bool loads;   ///< loads K and V: streamed, or new to the group
  bool begins_group;
  bool ends_group;  ///< the last step of a group
  Number input;
  Number bias;
  Number softmax;
  Number adjust;  ///< rescale or normalise
  Number store;
  StageMapOf<Number> first_stage;
  StageMapOf<Number> second_stage;
};
using StepMap = StepMapOf<std::int64_t>;

/// What the operations of a step take for one pair.
template <typename Number>
Number softmax_of(const StepMapOf<Number>& step, const RoundTimesOf<Number>& times) {
  if (step.masked) {
    return step.edge ? times.masked_softmax_edge : times.masked_softmax;
  }
  return step.edge ? times.softmax_edge : times.softmax;
}
template <typename Number>
Number matmul_of(const StepMapOf<Number>& step, const StageTimesOf<Number>& times) {
  return step.edge ? times.matmul_edge : times.matmul_full;
}
template <typename Number>
Number load_of(const StepMapOf<Number>& step, const StageTimesOf<Number>& times) {
  return step.edge ? times.load_edge : times.load_full;
}
template <typename Number>
Number adjust_of(const StepMapOf<Number>& step, const RoundTimesOf<Number>& times) {
  return step.last ? times.normalise : times.rescale;
}

/// One sub-tile of each pair. `input_latency`: where nothing is loaded, as in stay_map().
/// `in_place`: V in the slots of K, which is there.
template <bool kResident, typename Number>
StageMapOf<Number> step_stage(const PhaseTimesOf<Number>& phase, const StageTimesOf<Number>& times,
                              const StepMapOf<Number>& step, std::int64_t input_latency,
                              bool in_place = false) {
  const Number matmul = matmul_of(step, times);
  const Number load = load_of(step, times);
  if (!step.loads || in_place) {
    return stay_map(Number(step.heads * matmul), Number(input_latency));
  }
  const SubTilesOf<Number> tiles{
      {matmul, matmul, load, load, matmul}, step.heads, Number(1), phase.latency};
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
template <bool kResident, typename Number>
void set_durations(const PhaseTimesOf<Number>& phase, StepMapOf<Number>& step) {
  const RoundTimesOf<Number>& times = *step.times;
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

template <typename Number>
class StepRuns;

/// One kind of round: its first, inner and last step. A single sub-tile is a last one.
template <typename Number>
struct StepsOfRound {
  StepMapOf<Number> first;
  StepMapOf<Number> inner;
  StepMapOf<Number> last;
};

/// Some rounds of one kind in a row.
template <typename Number>
struct StepsRun {
  const StepsOfRound<Number>* kind;
  Number rounds;
};

/// The kinds of rounds that occur. A group is one first round (where an operand is resident), inner
/// ones and a last one; where these do not differ (`alike`), all rounds of full groups are one run.
template <typename Number, bool kResident>
class StepKinds {
 public:
  using Runs = StepRuns<Number>;

  StepKinds(const PhaseTimesOf<Number>& times, const Accord<Number>& accord)
      : t_(times),
        accord_(accord),
        one_(accord(times.positions == 1)),
        alike_(one_ || !(kResident || times.last_differs)),
        single_(accord(times.sub_tiles == 1)),
        inner_(!single_ && accord(times.sub_tiles > 2)) {
    full_.end = full_.runs;
    edge_.end = edge_.runs;
    if (accord(times.full_groups > 0)) {
      make_all(times.heads, times.full_groups, full_);
    }
    if (accord(times.edge_heads > 0)) {
      make_all(times.edge_heads, Number(1), edge_);
    }
  }
  StepKinds(const StepKinds&) = delete;
  StepKinds& operator=(const StepKinds&) = delete;

  bool alike() const { return alike_; }
  bool single() const { return single_; }
  bool inner() const { return inner_; }
  const PhaseTimesOf<Number>& times() const { return t_; }
  const Accord<Number>& accord() const { return accord_; }
  Number steps_of_group() const { return t_.positions * t_.sub_tiles; }

  /// The runs of a full group or (alike) of all of them; of the edge group.
  std::span<const StepsRun<Number>> full_group() const { return {full_.runs, full_.end}; }
  std::span<const StepsRun<Number>> edge_group() const { return {edge_.runs, edge_.end}; }

 private:
  static constexpr std::size_t kMost = 3;
  struct Group {
    StepsOfRound<Number> rounds[kMost];
    StepsRun<Number> runs[kMost];
    StepsRun<Number>* end;
  };
  struct Place {
    bool first;
    bool last;
  };

  void make_all(const Number& heads, const Number& groups, Group& group) {
    if (alike_) {
      add(heads, one_ ? t_.last : t_.full, {one_, one_}, groups * t_.positions, group);
      return;
    }
    if (kResident) {
      add(heads, t_.full, {true, false}, Number(1), group);
    }
    const Number inner = t_.positions - (kResident ? 2 : 1);
    if (accord_(inner > 0)) {
      add(heads, t_.full, {false, false}, inner, group);
    }
    add(heads, t_.last, {false, true}, Number(1), group);
  }

  void add(const Number& heads, const RoundTimesOf<Number>& times, const Place& place,
           const Number& rounds, Group& group) {
    StepsOfRound<Number>& round = group.rounds[group.end - group.runs];
    *group.end++ = {&round, rounds};
    if (!single_) {
      make(heads, times, place, {true, false}, round.first);
    }
    if (inner_) {
      make(heads, times, place, {false, false}, round.inner);
    }
    make(heads, times, place, {single_, true}, round.last);
  }

  /// `round`: the place of the round in its group, `step`: that of the step in its round.
  void make(const Number& heads, const RoundTimesOf<Number>& times, const Place& round,
            const Place& step, StepMapOf<Number>& map) {
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

  const PhaseTimesOf<Number>& t_;
  [[no_unique_address]] const Accord<Number> accord_;
  const bool one_;  ///< position
  const bool alike_;
  const bool single_;  ///< sub-tile
  const bool inner_;   ///< sub-tiles between the first and the last
  Group full_;
  Group edge_;
};

/// Goes over the steps of a core in order, as runs of one kind within a round.
template <typename Number>
class StepRuns {
 public:
  template <typename Kinds>
  explicit StepRuns(const Kinds& kinds)
      : accord_(kinds.accord()),
        sub_tiles_(kinds.times().sub_tiles),
        single_(kinds.single()),
        inner_(kinds.inner()),
        group_(kinds.full_group()),
        edge_(kinds.edge_group()),
        groups_(kinds.alike() ? Number(1) : kinds.times().full_groups) {
    if (group_.empty()) {
      next_groups();
    } else {
      enter(group_.data());
    }
  }

  bool done() const { return at_ == nullptr; }
  const StepMapOf<Number>& kind() const { return *step_; }
  /// Steps of this kind from here on in this round; if done, more than there can be.
  const Number& left() const { return left_; }
  /// The run of rounds of one kind in which this is.
  const StepsRun<Number>* run() const { return at_; }
  bool same_run_as(const StepRuns& other) const { return at_ == other.at_; }
  const Number& steps_of_round() const { return sub_tiles_; }
  static constexpr bool loose() { return false; }
  /// Rounds of this run that have not begun, or are about to.
  Number whole_rounds() const { return rounds_ - (step_->first ? 0 : 1); }

  void take(const Number& steps) {
    left_ -= steps;
    if (accord_(left_ == 0)) {
      if (step_->last) {
        next_round();
      } else if (step_->first && inner_) {
        step_ = &at_->kind->inner;
        left_ = sub_tiles_ - 2;
      } else {
        step_ = &at_->kind->last;
        left_ = 1;
      }
    }
  }

  /// Leaves out rounds of this run, at most whole_rounds().
  void skip_rounds(const Number& rounds) {
    rounds_ -= rounds;
    if (accord_(rounds_ == 0)) {
      rounds_ = 1;
      next_round();
    }
  }

  /// Leaves out whole groups, all of the same size.
  void skip_groups(const Number& groups) {
    groups_ -= groups;
    if (accord_(groups_ == 0)) {
      next_groups();
    }
  }

 private:
  void next_round() {
    rounds_ -= 1;
    if (accord_(rounds_ > 0)) {
      enter_round();
    } else if (at_ + 1 < group_.data() + group_.size()) {
      enter(at_ + 1);
    } else if (groups_ -= 1; accord_(groups_ > 0)) {
      enter(group_.data());
    } else {
      next_groups();
    }
  }

  void enter(const StepsRun<Number>* run) {
    at_ = run;
    rounds_ = run->rounds;
    enter_round();
  }

  void enter_round() {
    step_ = single_ ? &at_->kind->last : &at_->kind->first;
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

  [[no_unique_address]] Accord<Number> accord_;
  Number sub_tiles_;
  bool single_;
  bool inner_;
  std::span<const StepsRun<Number>> group_;
  std::span<const StepsRun<Number>> edge_;
  Number groups_;  ///< this one and those of the same size after it
  const StepsRun<Number>* at_ = nullptr;
  Number rounds_ = 0;  ///< of the run, with this one
  const StepMapOf<Number>* step_ = nullptr;
  Number left_ = 0;
};

}  // namespace tilewright
