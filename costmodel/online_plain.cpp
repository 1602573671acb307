// Online phases without a mask.
#include "costmodel/online_kinds.h"

namespace tilewright::online {

std::int64_t walk(const PhaseTimes& times, NoRecorder& recorder) {
  return walk_phase<std::int64_t, NoRecorder, false, false>(times, recorder);
}

}  // namespace tilewright::online
