// The analytic makespan of an online phase on one core: pipeline.h for steps instead of rounds.
#pragma once

#include "costmodel/pipeline.h"

namespace tilewright {

/// phase_makespan() of an online phase.
std::int64_t online_makespan(const PhaseTimes& times);

/// phase_overlap() of an online phase.
std::int64_t online_overlap(const PhaseTimes& leader, const PhaseTimes& own);

}  // namespace tilewright
