// Phases without a mask, their overlap recorded.
#include "costmodel/pipeline_kinds.h"

namespace tilewright::pipeline {

std::int64_t walk(const PhaseTimes& times, RoundRecorder& recorder) {
  return walk_phase<std::int64_t, RoundRecorder, false>(times, recorder);
}

}  // namespace tilewright::pipeline
