#include "costmodel/pipeline.h"

#include <cassert>

#include "costmodel/epochs.h"
#include "costmodel/online_pipeline.h"
#include "costmodel/pipeline_kinds.h"

namespace tilewright {
namespace {

template <typename Recorder>
std::int64_t walk_phase(const PhaseTimes& times, Recorder& recorder) {
  return times.masked != nullptr ? pipeline::walk_masked(times, recorder)
                                 : pipeline::walk(times, recorder);
}

}  // namespace

std::int64_t phase_makespan(const PhaseTimes& times) {
  if (times.epochs) {
    return epochs_makespan(times);
  }
  if (times.online) {
    return online_makespan(times);
  }
  NoRecorder nothing;
  return times.serial ? serial_makespan(times) : walk_phase(times, nothing);
}

std::int64_t phase_overlap(const PhaseTimes& leader, const PhaseTimes& own) {
  if (leader.epochs) {
    return epochs_overlap(leader, own);
  }
  if (leader.online) {
    return online_overlap(leader, own);
  }
  if (leader.serial || !leader.has_softmax || !leader.has_first) {
    return 0;
  }
  RoundRecorder recorder(leader, own);
  [[maybe_unused]] const std::int64_t cycles = walk_phase(leader, recorder);
  assert(cycles == phase_makespan(leader));
  return recorder.total();
}

}  // namespace tilewright
