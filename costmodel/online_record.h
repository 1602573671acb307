// The busy intervals of an online phase, one operation at a time. For reports, not for the search.
#pragma once

#include <algorithm>
#include <cstdint>

#include "costmodel/overlap.h"
#include "costmodel/step_map.h"

namespace tilewright {

/// Where a recorded stage of a step starts from, beyond StageEntry.
struct StepRecord {
  const StepMap& step;
  StageTimes RoundTimes::*stage;  ///< which one of a round's
  StageEntry entry;
  std::int64_t input = 0;  ///< the round's input is there
  std::int64_t queue = 0;  ///< the load queue is free, whatever the slots
};

/// Records what a core does that starts every operation when `leader` does, but needs its `own`
/// time for it (the same, unless cores work in lock-step).
class StepRecorder {
 public:
  static constexpr bool kActive = true;

  StepRecorder(const PhaseTimes& leader, const PhaseTimes& own) : leader_(leader), own_(own) {}

  void stage(const StepRecord& record);

  void softmax(const StepMap& step, std::int64_t start) {
    vector(step, start, softmax_of(step, *step.times), softmax_of(step, own(step)));
  }
  void adjust(const StepMap& step, std::int64_t start) {
    vector(step, start, adjust_of(step, *step.times), adjust_of(step, own(step)));
  }

  std::int64_t total() const { return overlap_.total(); }
  void skip(std::int64_t by, std::int64_t gain, std::int64_t times) {
    overlap_.skip(by, gain, times);
  }

 private:
  const RoundTimes& own(const StepMap& step) const {
    return step.times == &leader_.last ? own_.last : own_.full;
  }

  /// The vector operations of a step's pairs, the first one from `start` on.
  void vector(const StepMap& step, std::int64_t start, std::int64_t leaders,
              std::int64_t own_cycles) {
    for (std::int64_t head = 0; head < step.heads; ++head) {
      overlap_.vector(start, start + own_cycles);
      start += leaders;
    }
  }

  const PhaseTimes& leader_;
  const PhaseTimes& own_;
  OverlapRecorder overlap_;
};

inline void StepRecorder::stage(const StepRecord& record) {
  const StepMap& step = record.step;
  const StageTimes& times = step.times->*record.stage;
  const StageTimes& own_times = own(step).*record.stage;
  const bool in_place = leader_.values_in_keys && record.stage == &RoundTimes::second;
  const bool streams = !leader_.kv_resident && !leader_.values_in_keys;
  std::int64_t matmul = std::max(record.entry.ready, record.input);
  std::int64_t load = streams ? record.queue : record.entry.load;
  // When the slots of the next two streamed sub-tiles are free.
  std::int64_t slot = record.entry.load;
  std::int64_t next_slot = record.entry.slot;
  for (std::int64_t head = 0; head < step.heads; ++head) {
    std::int64_t there = 0;
    if (step.loads && !in_place) {
      load = std::max(load, streams ? slot : 0) + load_of(step, times);
      there = load + leader_.latency;
    }
    const std::int64_t start = std::max(matmul, there);
    matmul = start + matmul_of(step, times);
    overlap_.matrix(start, start + matmul_of(step, own_times));
    slot = leader_.buffers == 1 ? matmul : next_slot;
    next_slot = matmul;
  }
}

}  // namespace tilewright
