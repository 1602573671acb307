// Chooses the loops for the kind of a phase. They are many and large: pipeline_*.cpp compile a part
// each.
#pragma once

#include <cassert>
#include <cstdint>

#include "costmodel/pipeline_walk.h"
#include "schedules/schedule.h"

namespace tilewright::pipeline {

constexpr Stages kFused{true, true, true};
constexpr Stages kScores{true, true, false};
constexpr Stages kMatmul{true, false, false};
constexpr Stages kSoftmax{false, true, false};

template <typename Recorder, bool kMasked, Stages kStages, bool kResident, bool kShared>
std::int64_t walk_ahead(const PhaseTimes& times, Recorder& recorder) {
  if constexpr (kStages.second) {
    switch (times.lookahead) {
      case 1:
        return Pipeline<Recorder, kStages, kResident, kShared, 1, kMasked>(times, recorder)
            .makespan();
      case 2:
        return Pipeline<Recorder, kStages, kResident, kShared, 2, kMasked>(times, recorder)
            .makespan();
      case 3:
        return Pipeline<Recorder, kStages, kResident, kShared, kMaxLookahead, kMasked>(times,
                                                                                       recorder)
            .makespan();
      default:
        break;
    }
  }
  assert(times.lookahead == 0);
  return Pipeline<Recorder, kStages, kResident, kShared, 0, kMasked>(times, recorder).makespan();
}

template <typename Recorder, bool kMasked, Stages kStages>
std::int64_t walk_stages(const PhaseTimes& times, Recorder& recorder) {
  if constexpr (kStages.first) {
    if (times.kv_resident) {
      return times.shared_channel
                 ? walk_ahead<Recorder, kMasked, kStages, true, true>(times, recorder)
                 : walk_ahead<Recorder, kMasked, kStages, true, false>(times, recorder);
    }
  }
  return times.shared_channel
             ? walk_ahead<Recorder, kMasked, kStages, false, true>(times, recorder)
             : walk_ahead<Recorder, kMasked, kStages, false, false>(times, recorder);
}

/// Walks the phase with the loops made for its kind. An overlap is asked for only where both units
/// work.
template <typename Recorder, bool kMasked>
std::int64_t walk_phase(const PhaseTimes& times, Recorder& recorder) {
  if (times.has_second) {
    assert(times.has_first && times.has_softmax);
    return walk_stages<Recorder, kMasked, kFused>(times, recorder);
  }
  if (times.has_first && times.has_softmax) {
    return walk_stages<Recorder, kMasked, kScores>(times, recorder);
  }
  assert(!Recorder::kActive);
  if constexpr (!Recorder::kActive) {
    return times.has_first ? walk_stages<Recorder, kMasked, kMatmul>(times, recorder)
                           : walk_stages<Recorder, kMasked, kSoftmax>(times, recorder);
  }
  return 0;
}

// Instances of walk_phase(), by mask and recorder.
std::int64_t walk(const PhaseTimes& times, NoRecorder& recorder);
std::int64_t walk_masked(const PhaseTimes& times, NoRecorder& recorder);
std::int64_t walk(const PhaseTimes& times, RoundRecorder& recorder);
std::int64_t walk_masked(const PhaseTimes& times, RoundRecorder& recorder);

}  // namespace tilewright::pipeline
