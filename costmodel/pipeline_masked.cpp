// Phases with a mask.
#include "costmodel/pipeline_kinds.h"

namespace tilewright::pipeline {

std::int64_t walk_masked(const PhaseTimes& times, NoRecorder& recorder) {
  return walk_phase<std::int64_t, NoRecorder, true>(times, recorder);
}

}  // namespace tilewright::pipeline
