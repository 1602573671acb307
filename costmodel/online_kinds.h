// Chooses the loops for the kind of an online phase. online_*.cpp compile a part each.
#pragma once

#include <cassert>
#include <cstdint>

#include "costmodel/online_walk.h"
#include "costmodel/stage_record.h"
#include "schedules/schedule.h"

namespace tilewright::online {

template <typename Number, typename Recorder, bool kMasked, bool kResident, bool kShared,
          bool kExtras>
Number walk_ahead(const PhaseTimesOf<Number>& times, Recorder& recorder,
                  const Accord<Number>& accord) {
  switch (times.lookahead) {
    case 1:
      return Pipeline<Number, Recorder, kResident, kShared, 1, kMasked, kExtras>(times, recorder,
                                                                                 accord)
          .makespan();
    case 2:
      return Pipeline<Number, Recorder, kResident, kShared, 2, kMasked, kExtras>(times, recorder,
                                                                                 accord)
          .makespan();
    case 3:
      return Pipeline<Number, Recorder, kResident, kShared, kMaxLookahead, kMasked, kExtras>(
                 times, recorder, accord)
          .makespan();
    default:
      break;
  }
  assert(times.lookahead == 0);
  return Pipeline<Number, Recorder, kResident, kShared, 0, kMasked, kExtras>(times, recorder,
                                                                             accord)
      .makespan();
}

/// Walks the phase with the loops made for its kind.
template <typename Number, typename Recorder, bool kMasked, bool kExtras>
Number walk_phase(const PhaseTimesOf<Number>& times, Recorder& recorder,
                  const Accord<Number>& accord = {}) {
  if (times.kv_resident) {
    return times.shared_channel
               ? walk_ahead<Number, Recorder, kMasked, true, true, kExtras>(times, recorder, accord)
               : walk_ahead<Number, Recorder, kMasked, true, false, kExtras>(times, recorder,
                                                                             accord);
  }
  return times.shared_channel
             ? walk_ahead<Number, Recorder, kMasked, false, true, kExtras>(times, recorder, accord)
             : walk_ahead<Number, Recorder, kMasked, false, false, kExtras>(times, recorder,
                                                                            accord);
}

// Instances of walk_phase(), by mask and recorder, and for what not every workload has.
std::int64_t walk(const PhaseTimes& times, NoRecorder& recorder);
std::int64_t walk_masked(const PhaseTimes& times, NoRecorder& recorder);
std::int64_t walk_extras(const PhaseTimes& times, NoRecorder& recorder);
std::int64_t walk(const PhaseTimes& times, StepRecorder& recorder);
std::int64_t walk_masked(const PhaseTimes& times, StepRecorder& recorder);
std::int64_t walk_extras(const PhaseTimes& times, StepRecorder& recorder);

}  // namespace tilewright::online
