// The busy intervals of online phases with a bias or with V in K.
#include "costmodel/online_kinds.h"

namespace tilewright::online {

std::int64_t walk_extras(const PhaseTimes& times, StepRecorder& recorder) {
  return times.masked != nullptr
             ? walk_phase<std::int64_t, StepRecorder, true, true>(times, recorder)
             : walk_phase<std::int64_t, StepRecorder, false, true>(times, recorder);
}

}  // namespace tilewright::online
