#include "costmodel/online_pipeline.h"

#include <cassert>

#include "costmodel/online_kinds.h"

namespace tilewright {
namespace {

template <typename Recorder>
std::int64_t walk_phase(const PhaseTimes& times, Recorder& recorder) {
  if (times.has_bias || times.values_in_keys) {
    return online::walk_extras(times, recorder);
  }
  return times.masked != nullptr ? online::walk_masked(times, recorder)
                                 : online::walk(times, recorder);
}

}  // namespace

std::int64_t online_makespan(const PhaseTimes& times) {
  NoRecorder nothing;
  return walk_phase(times, nothing);
}

std::int64_t online_overlap(const PhaseTimes& leader, const PhaseTimes& own) {
  StepRecorder recorder(leader, own);
  [[maybe_unused]] const std::int64_t cycles = walk_phase(leader, recorder);
  assert(cycles == online_makespan(leader));
  return recorder.total();
}

}  // namespace tilewright
