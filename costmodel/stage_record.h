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
  std::int64_t matmul = std::max(stage.entry.ready, stage.input);
  std::int64_t load = due > 0 && stay > 0 ? stage.entry.load : stage.queue;
  // When the slots of the next two streamed sub-tiles are free.
  std::int64_t slot = stage.overwritten ? stage.entry.slot : stage.entry.load;
  std::int64_t next_slot = stage.entry.slot;
  for (std::int64_t n = 0; n < stage.round.heads * count; ++n) {
    const std::int64_t j = n % count;
    const bool edge = j == count - 1;
    const bool resident = j < stay;
    std::int64_t there = 0;
    if (!resident || j >= count - due) {
      const StageTimes& loads = resident ? stage.resident : times;
      load = std::max(load, resident ? 0 : slot) + (edge ? loads.load_edge : loads.load_full);
      there = load + phase.latency;
    }
    const std::int64_t start = std::max(matmul, there);
    matmul = start + (edge ? times.matmul_edge : times.matmul_full);
    overlap_.matrix(start, start + (edge ? own_times.matmul_edge : own_times.matmul_full));
    if (!resident) {
      slot = slots == 1 ? matmul : next_slot;
      next_slot = matmul;
    }
  }
}

}  // namespace tilewright
