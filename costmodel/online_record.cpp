// Online phases without a mask, their overlap recorded.
#include "costmodel/online_kinds.h"

namespace tilewright::online {

std::int64_t walk(const PhaseTimes& times, StepRecorder& recorder) {
  return walk_phase<std::int64_t, StepRecorder, false, false>(times, recorder);
}

}  // namespace tilewright::online
