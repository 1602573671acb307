// The rounds of a core in a phase by kind, each kind's durations and stage maps made once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

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
struct RoundMap {
  std::int64_t heads;
  const RoundTimes* times;  ///< of one pair
  bool first;               ///< loads a resident operand
  bool last;                ///< ends its group
  std::int64_t sub_tiles;
  std::int64_t due;  ///< the last so many sub-tiles have to be loaded
  std::int64_t input;
  std::int64_t softmax;
  std::int64_t store;
  StageMap first_stage;
  StageMap second_stage;
};

/// The map of a stage with its loads, if it has any. `slots`: whether the second slot of a streamed
/// operand may have to be waited for.
template <bool kResident>
[[gnu::always_inline]] inline StageMap stage_map(const PhaseTimes& phase, const StageTimes& times,
                                                 const StageTimes& resident, std::int64_t heads,
                                                 bool first_of_group, bool slots,
                                                 std::int64_t input_latency) {
  if (phase.any_cut && (!kResident || first_of_group)) [[unlikely]] {
    StageTimes cut = times;
    if (kResident) {
      cut.load_full = resident.load_full;
      cut.load_edge = resident.load_edge;
    }
    return any_cut_map({cut, heads, phase.sub_tiles, phase.latency}, kResident ? 0 : phase.buffers);
  }
  if constexpr (!kResident) {
    const SubTiles tiles{times, heads, phase.sub_tiles, phase.latency};
    return phase.buffers == 1 ? single_map(tiles) : double_map(tiles, slots);
  } else {
    if (!first_of_group) {
      return stay_map(heads * times.matmul_all, input_latency);
    }
    return resident_map({{times.matmul_full, times.matmul_edge, resident.load_full,
                          resident.load_edge, times.matmul_all},
                         heads,
                         phase.sub_tiles,
                         phase.latency});
  }
}

/// The same where P took the place of the last sub-tiles.
inline StageMap overwritten_stage(const PhaseTimes& phase, const StageTimes& times,
                                  const StageTimes& resident, bool first_of_group,
                                  std::int64_t input_latency) {
  return overwritten_map({times, 1, phase.sub_tiles, phase.latency},
                         {phase.sub_tiles - phase.overwritten, first_of_group ? &resident : nullptr,
                          phase.overwritten, phase.buffers, input_latency});
}

/// Some rounds of one kind in a row.
struct RoundRun {
  const RoundMap* kind;
  std::int64_t rounds;
};

class RoundRuns;

/// The kinds of rounds that occur. A group is one first round (where an operand is resident), inner
/// ones and a last one; where these do not differ (`alike`), all rounds of full groups are one run.
/// `kSlots...`: see stage_map().
template <Stages kStages, bool kResident, bool kSlotsFirst, bool kSlotsSecond>
class RoundKinds {
 public:
  using Runs = RoundRuns;

  explicit RoundKinds(const PhaseTimes& times)
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
  RoundKinds(const RoundKinds&) = delete;
  RoundKinds& operator=(const RoundKinds&) = delete;

  bool alike() const { return alike_; }
  const PhaseTimes& times() const { return t_; }

  /// The runs of a full group or (alike) of all of them; of the edge group.
  std::span<const RoundRun> full_group() const { return {full_.runs, full_.end}; }
  std::span<const RoundRun> edge_group() const { return {edge_.runs, edge_.end}; }

 private:
  static constexpr std::size_t kMost = 3;
  struct Group {
    RoundMap maps[kMost];
    RoundRun runs[kMost];
    RoundRun* end;
  };

  void make_all(std::int64_t heads, std::int64_t groups, Group& group) {
    const bool one = t_.positions == 1;
    if (alike_) {
      add(heads, one ? t_.last : t_.full, one, one, groups * t_.positions, group);
      return;
    }
    if (kResident) {
      add(heads, t_.full, true, false, 1, group);
    }
    const std::int64_t inner = t_.positions - (kResident ? 2 : 1);
    if (inner > 0) {
      add(heads, t_.full, false, false, inner, group);
    }
    add(heads, t_.last, false, true, 1, group);
  }

  void add(std::int64_t heads, const RoundTimes& times, bool first, bool last, std::int64_t rounds,
           Group& group) {
    RoundMap& map = group.maps[group.end - group.runs];
    *group.end++ = {&map, rounds};
    map.heads = heads;
    map.times = &times;
    map.first = kResident && first;
    map.last = last;
    map.sub_tiles = t_.sub_tiles;
    map.due = !kResident || first ? t_.sub_tiles : 0;
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

  const PhaseTimes& t_;
  const bool alike_;
  Group full_;
  Group edge_;
};

/// Goes over the rounds of a core in order, as runs of one kind.
class RoundRuns {
 public:
  template <typename Kinds>
  explicit RoundRuns(const Kinds& kinds)
      : group_(kinds.full_group()),
        edge_(kinds.edge_group()),
        groups_(kinds.alike() ? 1 : kinds.times().full_groups) {
    if (group_.empty()) {
      next_groups();
    } else {
      enter(group_.data());
    }
  }

  bool done() const { return at_ == nullptr; }
  const RoundMap& kind() const { return *at_->kind; }
  /// Rounds of this kind from here on; if done, more than there can be.
  std::int64_t left() const { return left_; }

  void take(std::int64_t rounds) {
    left_ -= rounds;
    if (left_ == 0) {
      if (at_ + 1 < group_.data() + group_.size()) {
        enter(at_ + 1);
      } else if (--groups_ > 0) {
        enter(group_.data());
      } else {
        next_groups();
      }
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
  void enter(const RoundRun* run) {
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

  std::span<const RoundRun> group_;
  std::span<const RoundRun> edge_;
  std::int64_t groups_;  ///< this one and those of the same size after it
  const RoundRun* at_ = nullptr;
  std::int64_t left_ = 0;
};

}  // namespace tilewright
