// The busy intervals of a matmul stage, one sub-tile at a time: the recurrences that stage_map.h
// solves. For reports, not for the search.
#pragma once

#include <algorithm>
#include <cstdint>

#include "costmodel/masked_rounds.h"
#include "costmodel/overlap.h"
#include "costmodel/round_map.h"

namespace tilewright {

/// Where a recorded stage starts from, beyond StageEntry.
struct StageRecord {
  const RoundMap& round;
  StageTimes RoundTimes::*stage;  ///< which one of a round's
  const StageTimes& resident;
  StageEntry entry;
  std::int64_t input = 0;    ///< the round's input is there
  std::int64_t queue = 0;    ///< the load queue is free, whatever the slots
  bool overwritten = false;  ///< P took the place of the last sub-tiles
  bool in_place = false;     ///< nothing is loaded: V is read from the slots of K
};

/// Records what a core does that starts every operation when `leader` does, but needs its `own`
/// time for it (the same, unless cores work in lock-step).
class RoundRecorder {
 public:
  static constexpr bool kActive = true;

  RoundRecorder(const PhaseTimes& leader, const PhaseTimes& own) : leader_(leader), own_(own) {
    if (own.masked != nullptr) {
      last_masked_ = own.masked->times(own.masked->at(own.positions - 1), own.last);
    }
  }

  void stage(const StageRecord& stage);

  /// The softmaxes of a round's pairs, the first one from `start` on.
  void softmax(const RoundMap& round, std::int64_t start) {
    for (std::int64_t head = 0; head < round.heads; ++head) {
      overlap_.vector(start, start + own(round).softmax);
      start += round.times->softmax;
    }
  }

  std::int64_t total() const { return overlap_.total(); }
  void skip(std::int64_t by, std::int64_t gain, std::int64_t times) {
    overlap_.skip(by, gain, times);
  }

 private:
  const RoundTimes& own(const RoundMap& round) const {
    if (leader_.masked != nullptr) {
      return round.last ? last_masked_ : *round.times;
    }
    return round.times == &leader_.last ? own_.last : own_.full;
  }

  const PhaseTimes& leader_;
  const PhaseTimes& own_;
  RoundTimes last_masked_;  ///< of the last round of a group
  OverlapRecorder overlap_;
};

/// Records nothing and costs nothing.
struct NoRecorder {
  static constexpr bool kActive = false;
};

inline void RoundRecorder::stage(const StageRecord& stage) {
  const PhaseTimes& phase = leader_;
  const StageTimes& times = stage.round.times->*stage.stage;
  const StageTimes& own_times = own(stage.round).*stage.stage;
  const std::int64_t count = stage.round.sub_tiles;
  const std::int64_t stay =
      stage.overwritten ? count - phase.overwritten : (phase.kv_resident ? count : 0);
  const std::int64_t slots = std::min(phase.buffers, stage.overwritten ? phase.overwritten : 2);
  const std::int64_t due = stage.in_place ? 0 : stage.round.due;
  // Times of the last sub-tile: its load, its matmul, when the slots of the next two streamed ones
  // are free.
  struct Times {
    std::int64_t matmul, load, slot, next_slot;
    bool moved_by(std::int64_t by, const Times& from) const {
      return load - from.load == by && slot - from.slot == by && next_slot - from.next_slot == by;
    }
  };
  Times at{std::max(stage.entry.ready, stage.input),
           due > 0 && stay > 0 ? stage.entry.load : stage.queue,
           stage.overwritten ? stage.entry.slot : stage.entry.load, stage.entry.slot};
  const std::int64_t there = count - due;
  for (std::int64_t head = 0; head < stage.round.heads; ++head) {
    for (std::int64_t j = 0; j < count; ++j) {
      const bool edge = j == count - 1;
      const bool resident = j < stay;
      const Times before = at;
      std::int64_t ready = at.matmul;
      if (!resident || j >= there) {
        const StageTimes& loads = resident ? stage.resident : times;
        at.load =
            std::max(at.load, resident ? 0 : at.slot) + (edge ? loads.load_edge : loads.load_full);
        ready = std::max(ready, at.load + phase.latency);
      }
      const std::int64_t busy = edge ? own_times.matmul_edge : own_times.matmul_full;
      at.matmul = ready + (edge ? times.matmul_edge : times.matmul_full);
      overlap_.matrix(ready, ready + busy);
      if (!resident) {
        at.slot = slots == 1 ? at.matmul : at.next_slot;
        at.next_slot = at.matmul;
      }
      // All sub-tiles of this kind before the edge go on as this one did.
      const bool stands = resident && j < there;
      const std::int64_t alike =
          std::min(stands ? std::min(stay, there) : count, count - 1) - 1 - j;
      const std::int64_t by = at.matmul - before.matmul;
      if (alike > 0 && (stands || (!resident && at.moved_by(by, before)))) {
        overlap_.matrix({ready + by, busy, by, alike});
        at.matmul += alike * by;
        if (!stands) {
          at.load += alike * by;
          at.slot += alike * by;
          at.next_slot += alike * by;
        }
        j += alike;
      }
    }
  }
}

}  // namespace tilewright
