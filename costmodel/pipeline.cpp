#include "costmodel/pipeline.h"

#include <cassert>

#include "costmodel/pipeline_walk.h"

namespace tilewright {
namespace {

/// Walks the phase with the loops made for its kind.
template <typename Recorder>
std::int64_t walk_phase(const PhaseTimes& times, Recorder& recorder) {
  const bool fused =
      times.has_first && times.has_softmax && times.has_second && !times.store_first;
  if (fused) {
    return times.kv_resident ? pipeline::Pipeline<Recorder, true, true>(times, recorder).makespan()
                             : pipeline::Pipeline<Recorder, true, false>(times, recorder).makespan();
  }
  return times.kv_resident ? pipeline::Pipeline<Recorder, false, true>(times, recorder).makespan()
                           : pipeline::Pipeline<Recorder, false, false>(times, recorder).makespan();
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
