// The rounds of a core in a phase by kind, each kind's durations and stage maps made once.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

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

/// The kinds of rounds that occur. A group is one first round (where an operand is resident), inner
/// ones and a last one; where these do not differ (`alike`), inner ones alone. `kSlots`: see
/// stage_map().
template <Stages kStages, bool kResident, bool kSlotsFirst, bool kSlotsSecond>
class RoundKinds {
 public:
  enum Place : std::size_t { kInner, kFirst, kLast };

  explicit RoundKinds(const PhaseTimes& times)
      : t_(times), alike_(times.positions == 1 || !(kResident || times.last_differs)) {
    if (times.full_groups > 0) {
      make_all(times.heads, maps_.data());
    }
    if (times.edge_heads > 0) {
      make_all(times.edge_heads, maps_.data() + kPlaces);
    }
  }
  RoundKinds(const RoundKinds&) = delete;
  RoundKinds& operator=(const RoundKinds&) = delete;

  bool alike() const { return alike_; }
  const RoundMap& kind(bool edge, Place place) const { return maps_[(edge ? kPlaces : 0) + place]; }
  const PhaseTimes& times() const { return t_; }

 private:
  static constexpr std::size_t kPlaces = 3;

  void make_all(std::int64_t heads, RoundMap* maps) {
    const bool one = t_.positions == 1;
    if (alike_) {
      make(heads, one ? t_.last : t_.full, one, one, maps[kInner]);
      return;
    }
    make(heads, t_.last, false, true, maps[kLast]);
    if (kResident) {
      make(heads, t_.full, true, false, maps[kFirst]);
    }
    if (t_.positions > 2 || !kResident) {
      make(heads, t_.full, false, false, maps[kInner]);
    }
  }

  void make(std::int64_t heads, const RoundTimes& times, bool first, bool last, RoundMap& map) {
    map.heads = heads;
    map.times = &times;
    map.first = kResident && first;
    map.last = last;
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
              : stage_map<kResident>(t_, times.second, t_.resident_second, heads, map.first,
                                     kSlotsSecond, kNever);
    }
  }

  const PhaseTimes& t_;
  const bool alike_;
  std::array<RoundMap, 2 * kPlaces> maps_;  ///< of full groups, then of the edge group
};

/// Goes over the rounds of a core in order, as runs of one kind.
template <typename Kinds>
class RoundRuns {
 public:
  explicit RoundRuns(const Kinds& kinds)
      : kinds_(&kinds),
        inner_(kinds.times().positions - (kinds.times().kv_resident ? 2 : 1)),
        groups_(kinds.times().full_groups) {
    if (groups_ > 0) {
      begin_groups();
    } else {
      next_groups();
    }
  }

  bool done() const { return kind_ == nullptr; }
  const RoundMap& kind() const { return *kind_; }
  /// Rounds of this kind from here on.
  std::int64_t left() const { return left_; }

  void take(std::int64_t rounds) {
    left_ -= rounds;
    if (left_ == 0) {
      next();
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
  using Place = typename Kinds::Place;

  void enter(Place place, std::int64_t rounds) {
    place_ = place;
    left_ = rounds;
    kind_ = &kinds_->kind(edge_, place);
  }

  void begin_groups() {
    if (kinds_->alike()) {
      enter(Place::kInner, groups_ * kinds_->times().positions);
      groups_ = 1;
    } else if (kinds_->times().kv_resident) {
      enter(Place::kFirst, 1);
    } else {
      enter(Place::kInner, inner_);
    }
  }

  void next_groups() {
    if (edge_ || kinds_->times().edge_heads == 0) {
      kind_ = nullptr;
      left_ = std::int64_t{1} << 62U;
      return;
    }
    edge_ = true;
    groups_ = 1;
    begin_groups();
  }

  void next() {
    if (place_ == Place::kFirst && inner_ > 0) {
      enter(Place::kInner, inner_);
    } else if (place_ != Place::kLast && !kinds_->alike()) {
      enter(Place::kLast, 1);
    } else if (--groups_ > 0) {
      begin_groups();
    } else {
      next_groups();
    }
  }

  const Kinds* kinds_;
  const RoundMap* kind_ = nullptr;
  std::int64_t left_ = 0;
  std::int64_t inner_;   ///< inner rounds of a group
  std::int64_t groups_;  ///< this one and those of the same size after it
  Place place_ = Place::kInner;
  bool edge_ = false;
};

}  // namespace tilewright
