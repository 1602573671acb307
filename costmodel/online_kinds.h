// Chooses the loops for the kind of an online phase. online_*.cpp compile a part each.
#pragma once

#include <cassert>
#include <cstdint>

#include "costmodel/online_walk.h"
#include "costmodel/stage_record.h"
#include "schedules/schedule.h"

namespace tilewright::online {

template <typename Recorder, bool kMasked, bool kResident, bool kShared, bool kExtras>
std::int64_t walk_ahead(const PhaseTimes& times, Recorder& recorder) {
  switch (times.lookahead) {
    case 1:
      return Pipeline<Recorder, kResident, kShared, 1, kMasked, kExtras>(times, recorder)
          .makespan();
    case 2:
      return Pipeline<Recorder, kResident, kShared, 2, kMasked, kExtras>(times, recorder)
          .makespan();
    case 3:
      return Pipeline<Recorder, kResident, kShared, kMaxLookahead, kMasked, kExtras>(times,
                                                                                     recorder)
          .makespan();
    default:
      break;
  }
  assert(times.lookahead == 0);
  return Pipeline<Recorder, kResident, kShared, 0, kMasked, kExtras>(times, recorder).makespan();
}

/// Walks the phase with the loops made for its kind.
template <typename Recorder, bool kMasked, bool kExtras>
std::int64_t walk_phase(const PhaseTimes& times, Recorder& recorder) {
  if (times.kv_resident) {
    return times.shared_channel
               ? walk_ahead<Recorder, kMasked, true, true, kExtras>(times, recorder)
               : walk_ahead<Recorder, kMasked, true, false, kExtras>(times, recorder);
  }
  return times.shared_channel
             ? walk_ahead<Recorder, kMasked, false, true, kExtras>(times, recorder)
             : walk_ahead<Recorder, kMasked, false, false, kExtras>(times, recorder);
}

// Instances of walk_phase(), by mask and recorder, and for what not every workload has.
std::int64_t walk(const PhaseTimes& times, NoRecorder& recorder);
std::int64_t walk_masked(const PhaseTimes& times, NoRecorder& recorder);
std::int64_t walk_extras(const PhaseTimes& times, NoRecorder& recorder);
std::int64_t walk(const PhaseTimes& times, StepRecorder& recorder);
std::int64_t walk_masked(const PhaseTimes& times, StepRecorder& recorder);
std::int64_t walk_extras(const PhaseTimes& times, StepRecorder& recorder);

}  // namespace tilewright::online
