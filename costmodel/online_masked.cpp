// Online phases with a mask.
#include "costmodel/online_kinds.h"

namespace tilewright::online {

std::int64_t walk_masked(const PhaseTimes& times, NoRecorder& recorder) {
  return walk_phase<std::int64_t, NoRecorder, true, false>(times, recorder);
}

}  // namespace tilewright::online
