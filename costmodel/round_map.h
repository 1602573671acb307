// The rounds of a phase by kind, each kind's durations and stage maps made once.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "costmodel/pipeline.h"
#include "costmodel/stage_map.h"

namespace tilewright {

/// One kind of round of a core: all its pairs together.
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

/// A round and its place in its group.
struct RoundCursor {
  std::int64_t round = 0;
  std::int64_t position = 0;
};

/// Which rounds are of which kind. Where positions make no difference they are not followed.
class RoundKinds {
 public:
  explicit RoundKinds(const PhaseTimes& times);
  RoundKinds(const RoundKinds&) = delete;
  RoundKinds& operator=(const RoundKinds&) = delete;

  std::int64_t rounds() const { return rounds_; }
  /// All rounds of full groups are of one kind.
  bool alike() const { return alike_; }

  RoundCursor cursor(std::int64_t round) const {
    if (alike_) {
      return {round, 0};
    }
    return {round, round < t_.positions ? round : round % t_.positions};
  }
  void advance(RoundCursor& at, std::int64_t rounds) const {
    at.round += rounds;
    if (!alike_) {
      at.position += rounds;
      if (at.position >= t_.positions) {
        at.position -= t_.positions;
      }
    }
  }

  const RoundMap& kind(const RoundCursor& at) const {
    const std::size_t edge = at.round < full_rounds_ ? 0 : kPlaces;
    return maps_[edge + place(at.position)];
  }

  /// How many rounds from `at` on are of the same kind.
  std::int64_t alike_from(const RoundCursor& at) const {
    if (at.round >= rounds_) {
      return rounds_;
    }
    if (alike_) {
      return (at.round < full_rounds_ ? full_rounds_ : rounds_) - at.round;
    }
    const std::int64_t to_last = t_.positions - 1 - at.position;
    return to_last == 0 || (t_.kv_resident && at.position == 0) ? 1 : to_last;
  }

 private:
  enum Place : std::size_t { kInner, kFirst, kLast };
  static constexpr std::size_t kPlaces = 3;

  Place place(std::int64_t position) const {
    if (position == t_.positions - 1) {
      return kLast;
    }
    return position == 0 && t_.kv_resident ? kFirst : kInner;
  }
  void make(std::int64_t heads, RoundMap* maps) const;
  void make(std::int64_t heads, Place place, RoundMap& map) const;

  const PhaseTimes& t_;
  const std::int64_t full_rounds_;
  const std::int64_t rounds_;
  const bool alike_;
  std::array<RoundMap, 2 * kPlaces> maps_;  ///< of full groups and of the edge group; if they occur
};

/// The stage of a kind of round; `overwritten`: P took the place of its last sub-tiles.
StageMap stage_map(const PhaseTimes& phase, const StageTimes& times, const StageTimes& resident,
                   std::int64_t heads, bool first_of_group, bool overwritten,
                   std::int64_t input_latency);

}  // namespace tilewright
