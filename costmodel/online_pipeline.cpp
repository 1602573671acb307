#include "costmodel/online_pipeline.h"

#include <cassert>

#include "costmodel/online_walk.h"
#include "costmodel/stage_record.h"
#include "schedules/schedule.h"

namespace tilewright {
namespace {

template <typename Recorder, bool kResident, bool kShared>
std::int64_t walk_ahead(const PhaseTimes& times, Recorder& recorder) {
  switch (times.lookahead) {
    case 1:
      return online::Pipeline<Recorder, kResident, kShared, 1>(times, recorder).makespan();
    case 2:
      return online::Pipeline<Recorder, kResident, kShared, 2>(times, recorder).makespan();
    case 3:
      return online::Pipeline<Recorder, kResident, kShared, kMaxLookahead>(times, recorder)
          .makespan();
    default:
      break;
  }
  assert(times.lookahead == 0);
  return online::Pipeline<Recorder, kResident, kShared, 0>(times, recorder).makespan();
}

/// Walks the phase with the loops made for its kind.
template <typename Recorder>
std::int64_t walk(const PhaseTimes& times, Recorder& recorder) {
  if (times.kv_resident) {
    return times.shared_channel ? walk_ahead<Recorder, true, true>(times, recorder)
                                : walk_ahead<Recorder, true, false>(times, recorder);
  }
  return times.shared_channel ? walk_ahead<Recorder, false, true>(times, recorder)
                              : walk_ahead<Recorder, false, false>(times, recorder);
}

}  // namespace

std::int64_t online_makespan(const PhaseTimes& times) {
  NoRecorder nothing;
  return walk(times, nothing);
}

std::int64_t online_overlap(const PhaseTimes& leader, const PhaseTimes& own) {
  StepRecorder recorder(leader, own);
  [[maybe_unused]] const std::int64_t cycles = walk(leader, recorder);
  assert(cycles == online_makespan(leader));
  return recorder.total();
}

}  // namespace tilewright
