// The steps of a core in an online phase under a mask: what step_map.h is without one. Rounds have
// numbers of steps of their own, but steps are of few kinds.
#pragma once

#include <algorithm>
#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>

#include "costmodel/alike_rounds.h"
#include "costmodel/step_map.h"

namespace tilewright {

/// What sets steps apart.
struct MaskedStep {
  bool edge_group = false;
  bool first_position = false;
  bool last_position = false;
  bool first = false;  ///< of its round
  bool last = false;   ///< of its round
  bool edge = false;
  bool masked = false;
  bool loads = false;

  static constexpr std::size_t kKinds = 256;
  std::size_t index() const {
    std::size_t index = 0;
    for (const bool flag :
         {edge_group, first_position, last_position, first, last, edge, masked, loads}) {
      index = 2 * index + (flag ? 1 : 0);
    }
    return index;
  }
};

template <typename Kinds>
class MaskedStepRuns;

/// The kinds of steps that have occurred, each made when it is asked for.
template <bool kStays>
class MaskedStepKinds {
 public:
  static constexpr bool kResident = kStays;
  using Runs = MaskedStepRuns<MaskedStepKinds>;

  MaskedStepKinds(const PhaseTimes& times, const Accord<std::int64_t>& /*alone*/) : t_(times) {}
  MaskedStepKinds(const MaskedStepKinds&) = delete;
  MaskedStepKinds& operator=(const MaskedStepKinds&) = delete;

  bool alike() const { return t_.positions == 1; }
  const PhaseTimes& times() const { return t_; }

  /// Where a group has more than one position.
  std::int64_t steps_of_group() const {
    AlikeRounds rounds(t_);
    std::int64_t steps = 0;
    for (; !rounds.ends_group(); rounds.take(rounds.left())) {
      steps += rounds.left() * rounds.round().sub_tiles;
    }
    return steps + rounds.round().sub_tiles;
  }

  const StepMap& of(const MaskedStep& step) const {
    const std::size_t index = step.index();
    if (!made_[index]) {
      make(step, maps_[index]);
      made_[index] = true;
    }
    return maps_[index];
  }

 private:
  void make(const MaskedStep& step, StepMap& map) const {
    map.times = step.last_position ? &t_.last : &t_.full;
    map.heads = step.edge_group ? t_.edge_heads : t_.heads;
    map.first = step.first;
    map.last = step.last;
    map.edge = step.edge;
    map.masked = step.masked;
    map.loads = step.loads;
    map.begins_group = step.first_position && step.first;
    map.ends_group = step.last_position && step.last;
    set_durations<kResident>(t_, map);
  }

  const PhaseTimes& t_;
  mutable std::array<StepMap, MaskedStep::kKinds> maps_;
  mutable std::bitset<MaskedStep::kKinds> made_;
};

/// Goes over the steps of a core in order. As StepRuns.
template <typename Kinds>
class MaskedStepRuns {
 public:
  explicit MaskedStepRuns(const Kinds& kinds) : kinds_(&kinds), rounds_(kinds.times()) {
    enter_round();
  }

  bool done() const { return rounds_.done(); }
  const StepMap& kind() const { return *step_; }
  std::int64_t left() const { return left_; }
  bool same_run_as(const MaskedStepRuns& other) const {
    return !other.done() && rounds_.same_run_as(other.rounds_);
  }
  std::int64_t steps_of_round() const { return rounds_.round().sub_tiles; }
  bool loose() const { return rounds_.round().loose; }
  std::int64_t whole_rounds() const { return rounds_.left() - (at_ > 0 ? 1 : 0); }

  void take(std::int64_t steps) {
    at_ += steps;
    left_ -= steps;
    if (left_ > 0) {
      return;
    }
    if (at_ < rounds_.round().sub_tiles) {
      enter_steps();
    } else {
      rounds_.take(1);
      enter_round();
    }
  }

  void skip_rounds(std::int64_t rounds) {
    if (rounds_.take(rounds)) {
      enter_round();
    }
  }

  void skip_groups(std::int64_t groups) {
    if (rounds_.skip_groups(groups)) {
      enter_round();
    }
  }

 private:
  void enter_round() {
    at_ = 0;
    if (done()) {
      left_ = std::int64_t{1} << 62U;
    } else {
      enter_steps();
    }
  }

  /// The steps of one kind from at_ on.
  void enter_steps() {
    const MaskedRound& round = rounds_.round();
    const std::int64_t last = round.sub_tiles - 1;
    const std::int64_t there = round.sub_tiles - round.due;
    MaskedStep step;
    step.edge_group = rounds_.in_edge_group();
    step.first_position = rounds_.position() == 0;
    step.last_position = rounds_.ends_group();
    step.first = at_ == 0;
    step.last = at_ == last;
    step.edge = step.last && round.narrow;
    step.masked = round.masks(at_);
    step.loads = !Kinds::kResident || at_ >= there;
    step_ = &kinds_->of(step);
    left_ = 1;
    if (!step.first && !step.last) {
      std::int64_t end = last;
      for (const std::int64_t change : {round.lead, round.lead + round.whole, there}) {
        end = change > at_ ? std::min(end, change) : end;
      }
      left_ = end - at_;
    }
  }

  const Kinds* kinds_;
  AlikeRounds rounds_;
  std::int64_t at_ = 0;  ///< step of the round
  const StepMap* step_ = nullptr;
  std::int64_t left_ = 0;  ///< steps of this kind from here on in this round
};

}  // namespace tilewright
