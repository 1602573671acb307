// Online phases with a bias or with V in K.
#include "costmodel/online_kinds.h"

namespace tilewright::online {

std::int64_t walk_extras(const PhaseTimes& times, NoRecorder& recorder) {
  return times.masked != nullptr
             ? walk_phase<std::int64_t, NoRecorder, true, true>(times, recorder)
             : walk_phase<std::int64_t, NoRecorder, false, true>(times, recorder);
}

}  // namespace tilewright::online
