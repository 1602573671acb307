// The rounds of a core in a phase by kind, each kind's durations and stage maps made once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "costmodel/pipeline.h"
#include "costmodel/stage_map.h"

namespace tilewright {

/// Which stages a phase has.
struct Stages {
  bool first = false;
  bool softmax = false;
  bool second = false;
};

/// One kind of round: all its pairs together. Without initialisers, as few kinds occur.
template <typename Number>
struct RoundMapOf {
  Number heads;
  const RoundTimesOf<Number>* times;  ///< of one pair
  bool first;                         ///< loads a resident operand
  bool last;                          ///< ends its group
  Number sub_tiles;
  Number due;  ///< the last so many sub-tiles have to be loaded
  Number input;
  Number softmax;
  Number store;
  StageMapOf<Number> first_stage;
  StageMapOf<Number> second_stage;
};
using RoundMap = RoundMapOf<std::int64_t>;

/// The map of a stage with its loads, if it has any. `slots`: whether the second slot of a streamed
/// operand may have to be waited for.
template <bool kResident, typename Number>
[[gnu::always_inline]] inline StageMapOf<Number> stage_map(const PhaseTimesOf<Number>& phase,
                                                           const StageTimesOf<Number>& times,
                                                           const StageTimesOf<Number>& resident,
                                                           const Number& heads, bool first_of_group,
                                                           bool slots, std::int64_t input_latency) {
  if constexpr (std::is_same_v<Number, std::int64_t>) {
    if (phase.any_cut && (!kResident || first_of_group)) [[unlikely]] {
      StageTimes cut = times;
      if (kResident) {
        cut.load_full = resident.load_full;
        cut.load_edge = resident.load_edge;
      }
      return any_cut_map({cut, heads, phase.sub_tiles, phase.latency},
                         kResident ? 0 : phase.buffers);
    }
  }
  if constexpr (!kResident) {
    const SubTilesOf<Number> tiles{times, heads, phase.sub_tiles, phase.latency};
    return phase.buffers == 1 ? single_map(tiles) : double_map(tiles, slots);
  } else {
    if (!first_of_group) {
      return stay_map(Number(heads * times.matmul_all), Number(input_latency));
    }
    return resident_map(
        SubTilesOf<Number>{{times.matmul_full, times.matmul_edge, resident.load_full,
                            resident.load_edge, times.matmul_all},
                           heads,
                           phase.sub_tiles,
                           phase.latency});
  }
}

/// The same where P took the place of the last sub-tiles.
template <typename Number>
StageMapOf<Number> overwritten_stage(const PhaseTimesOf<Number>& phase,
                                     const StageTimesOf<Number>& times,
                                     const StageTimesOf<Number>& resident, bool first_of_group,
                                     std::int64_t input_latency) {
  return overwritten_map(SubTilesOf<Number>{times, Number(1), phase.sub_tiles, phase.latency},
                         OverwrittenOf<Number>{phase.sub_tiles - phase.overwritten,
                                               first_of_group ? &resident : nullptr,
                                               phase.overwritten, phase.buffers, input_latency});
}

/// Some rounds of one kind in a row.
template <typename Number>
struct RoundRunOf {
  const RoundMapOf<Number>* kind;
  Number rounds;
};

template <typename Number>
class RoundRuns;

/// The kinds of rounds that occur. A group is one first round (where an operand is resident), inner
/// ones and a last one; where these do not differ (`alike`), all rounds of full groups are one run.
/// `kSlots...`: see stage_map().
template <typename Number, Stages kStages, bool kResident, bool kSlotsFirst, bool kSlotsSecond>
class RoundKinds {
 public:
  using Runs = RoundRuns<Number>;

  RoundKinds(const PhaseTimesOf<Number>& times, const Accord<Number>& accord)
      : t_(times),
        accord_(accord),
        one_(accord(times.positions == 1)),
        alike_(one_ || !(kResident || times.last_differs)) {
    full_.end = full_.runs;
    edge_.end = edge_.runs;
    if (accord(times.full_groups > 0)) {
      make_all(times.heads, times.full_groups, full_);
    }
    if (accord(times.edge_heads > 0)) {
      make_all(times.edge_heads, Number(1), edge_);
    }
  }
  RoundKinds(const RoundKinds&) = delete;
  RoundKinds& operator=(const RoundKinds&) = delete;

  bool alike() const { return alike_; }
  const PhaseTimesOf<Number>& times() const { return t_; }

  /// The runs of a full group or (alike) of all of them; of the edge group.
  const Accord<Number>& accord() const { return accord_; }
  std::span<const RoundRunOf<Number>> full_group() const { return {full_.runs, full_.end}; }
  std::span<const RoundRunOf<Number>> edge_group() const { return {edge_.runs, edge_.end}; }

 private:
  static constexpr std::size_t kMost = 3;
  struct Group {
    RoundMapOf<Number> maps[kMost];
    RoundRunOf<Number> runs[kMost];
    RoundRunOf<Number>* end;
  };

  void make_all(const Number& heads, const Number& groups, Group& group) {
    if (alike_) {
      add(heads, one_ ? t_.last : t_.full, one_, one_, groups * t_.positions, group);
      return;
    }
    if (kResident) {
      add(heads, t_.full, true, false, Number(1), group);
    }
    const Number inner = t_.positions - (kResident ? 2 : 1);
    if (accord_(inner > 0)) {
      add(heads, t_.full, false, false, inner, group);
    }
    add(heads, t_.last, false, true, Number(1), group);
  }

  void add(const Number& heads, const RoundTimesOf<Number>& times, bool first, bool last,
           const Number& rounds, Group& group) {
    RoundMapOf<Number>& map = group.maps[group.end - group.runs];
    *group.end++ = {&map, rounds};
    map.heads = heads;
    map.times = &times;
    map.first = kResident && first;
    map.last = last;
    map.sub_tiles = t_.sub_tiles;
    map.due = !kResident || first ? t_.sub_tiles : Number(0);
    map.input = heads * times.input;
    map.softmax = heads * times.softmax;
    map.store = heads * times.store;
    if constexpr (kStages.first) {
      map.first_stage =
          kResident && t_.overwrite == Overwrite::kKey
              ? overwritten_stage(t_, times.first, t_.resident_first, map.first, t_.latency)
              : stage_map<kResident>(t_, times.first, t_.resident_first, heads, map.first,
                                     kSlotsFirst, t_.latency);
    }
    if constexpr (kStages.second) {
      map.second_stage =
          kResident && t_.overwrite == Overwrite::kValue
              ? overwritten_stage(t_, times.second, t_.resident_second, map.first, kNever)
              : stage_map<kResident>(t_, times.second, t_.resident_second, heads,
                                     map.first && !t_.values_in_keys, kSlotsSecond, kNever);
    }
  }

  const PhaseTimesOf<Number>& t_;
  [[no_unique_address]] const Accord<Number> accord_;
  const bool one_;  ///< position
  const bool alike_;
  Group full_;
  Group edge_;
};

/// Goes over the rounds of a core in order, as runs of one kind.
template <typename Number>
class RoundRuns {
 public:
  template <typename Kinds>
  explicit RoundRuns(const Kinds& kinds)
      : accord_(kinds.accord()),
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
  const RoundMapOf<Number>& kind() const { return *at_->kind; }
  /// Rounds of this kind from here on; if done, more than there can be.
  const Number& left() const { return left_; }

  void take(const Number& rounds) {
    left_ -= rounds;
    if (accord_(left_ == 0)) {
      if (at_ + 1 < group_.data() + group_.size()) {
        enter(at_ + 1);
      } else if (groups_ -= 1; accord_(groups_ > 0)) {
        enter(group_.data());
      } else {
        next_groups();
      }
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
  void enter(const RoundRunOf<Number>* run) {
    at_ = run;
    left_ = run->rounds;
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
  std::span<const RoundRunOf<Number>> group_;
  std::span<const RoundRunOf<Number>> edge_;
  Number groups_;  ///< this one and those of the same size after it
  const RoundRunOf<Number>* at_ = nullptr;
  Number left_ = 0;
};

}  // namespace tilewright
