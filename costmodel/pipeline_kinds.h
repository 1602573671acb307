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

template <typename Number, typename Recorder, bool kMasked, Stages kStages, bool kResident,
          bool kShared>
Number walk_ahead(const PhaseTimesOf<Number>& times, Recorder& recorder,
                  const Accord<Number>& accord) {
  if constexpr (kStages.second) {
    switch (times.lookahead) {
      case 1:
        return Pipeline<Number, Recorder, kStages, kResident, kShared, 1, kMasked>(times, recorder,
                                                                                   accord)
            .makespan();
      case 2:
        return Pipeline<Number, Recorder, kStages, kResident, kShared, 2, kMasked>(times, recorder,
                                                                                   accord)
            .makespan();
      case 3:
        return Pipeline<Number, Recorder, kStages, kResident, kShared, kMaxLookahead, kMasked>(
                   times, recorder, accord)
            .makespan();
      default:
        break;
    }
  }
  assert(times.lookahead == 0);
  return Pipeline<Number, Recorder, kStages, kResident, kShared, 0, kMasked>(times, recorder,
                                                                             accord)
      .makespan();
}

template <typename Number, typename Recorder, bool kMasked, Stages kStages>
Number walk_stages(const PhaseTimesOf<Number>& times, Recorder& recorder,
                   const Accord<Number>& accord) {
  if constexpr (kStages.first) {
    if (times.kv_resident) {
      return times.shared_channel ? walk_ahead<Number, Recorder, kMasked, kStages, true, true>(
                                        times, recorder, accord)
                                  : walk_ahead<Number, Recorder, kMasked, kStages, true, false>(
                                        times, recorder, accord);
    }
  }
  return times.shared_channel
             ? walk_ahead<Number, Recorder, kMasked, kStages, false, true>(times, recorder, accord)
             : walk_ahead<Number, Recorder, kMasked, kStages, false, false>(times, recorder,
                                                                            accord);
}

/// Walks the phase with the loops made for its kind. An overlap is asked for only where both units
/// work.
template <typename Number, typename Recorder, bool kMasked>
Number walk_phase(const PhaseTimesOf<Number>& times, Recorder& recorder,
                  const Accord<Number>& accord = {}) {
  if (times.has_second) {
    assert(times.has_first && times.has_softmax);
    return walk_stages<Number, Recorder, kMasked, kFused>(times, recorder, accord);
  }
  if (times.has_first && times.has_softmax) {
    return walk_stages<Number, Recorder, kMasked, kScores>(times, recorder, accord);
  }
  assert(!Recorder::kActive);
  if constexpr (!Recorder::kActive) {
    return times.has_first
               ? walk_stages<Number, Recorder, kMasked, kMatmul>(times, recorder, accord)
               : walk_stages<Number, Recorder, kMasked, kSoftmax>(times, recorder, accord);
  }
  return Number(0);
}

// Instances of walk_phase(), by mask and recorder.
std::int64_t walk(const PhaseTimes& times, NoRecorder& recorder);
std::int64_t walk_masked(const PhaseTimes& times, NoRecorder& recorder);
std::int64_t walk(const PhaseTimes& times, RoundRecorder& recorder);
std::int64_t walk_masked(const PhaseTimes& times, RoundRecorder& recorder);

}  // namespace tilewright::pipeline
