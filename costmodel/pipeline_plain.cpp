// Phases without a mask.
#include "costmodel/pipeline_kinds.h"

namespace tilewright::pipeline {

std::int64_t walk(const PhaseTimes& times, NoRecorder& recorder) {
  return walk_phase<std::int64_t, NoRecorder, false>(times, recorder);
}

}  // namespace tilewright::pipeline
