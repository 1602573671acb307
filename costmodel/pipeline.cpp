#include "costmodel/pipeline.h"

#include <cassert>

#include "costmodel/pipeline_walk.h"

namespace tilewright {
namespace {

using pipeline::Pipeline;

template <typename Recorder, bool kFused, bool kResident, bool kShared>
std::int64_t walk_ahead(const PhaseTimes& times, Recorder& recorder) {
  if constexpr (kFused) {
    switch (times.lookahead) {
      case 1:
        return Pipeline<Recorder, kFused, kResident, kShared, 1>(times, recorder).makespan();
      case 2:
        return Pipeline<Recorder, kFused, kResident, kShared, 2>(times, recorder).makespan();
      case 3:
        return Pipeline<Recorder, kFused, kResident, kShared, kMaxLookahead>(times, recorder)
            .makespan();
      default:
        break;
    }
  }
  assert(times.lookahead == 0);
  return Pipeline<Recorder, kFused, kResident, kShared, 0>(times, recorder).makespan();
}

template <typename Recorder, bool kFused>
std::int64_t walk_stages(const PhaseTimes& times, Recorder& recorder) {
  if (times.kv_resident) {
    return times.shared_channel ? walk_ahead<Recorder, kFused, true, true>(times, recorder)
                                : walk_ahead<Recorder, kFused, true, false>(times, recorder);
  }
  return times.shared_channel ? walk_ahead<Recorder, kFused, false, true>(times, recorder)
                              : walk_ahead<Recorder, kFused, false, false>(times, recorder);
}

/// Walks the phase with the loops made for its kind.
template <typename Recorder>
std::int64_t walk_phase(const PhaseTimes& times, Recorder& recorder) {
  const bool fused = times.has_first && times.has_softmax && times.has_second && !times.store_first;
  return fused ? walk_stages<Recorder, true>(times, recorder)
               : walk_stages<Recorder, false>(times, recorder);
}

}  // namespace

std::int64_t phase_makespan(const PhaseTimes& times) {
  NoRecorder nothing;
  return times.serial ? serial_makespan(times) : walk_phase(times, nothing);
}

std::int64_t phase_overlap(const PhaseTimes& times) {
  if (times.serial || !times.has_softmax || !times.has_first) {
    return 0;
  }
  OverlapRecorder recorder;
  [[maybe_unused]] const std::int64_t cycles = walk_phase(times, recorder);
  assert(cycles == phase_makespan(times));
  return recorder.total();
}

}  // namespace tilewright
