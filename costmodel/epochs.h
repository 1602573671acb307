// The analytic makespan of a phase in the form of epochs (schedules/expand_epochs.h). A barrier
// ends every epoch, so that nothing but the time goes from one to the next: the makespan is a sum
// over kinds of epochs.
#pragma once

#include <cstdint>

#include "costmodel/pipeline.h"

namespace tilewright {

/// phase_makespan() and phase_overlap() of a phase of epochs. Cost: a few epochs for every kind of
/// round, however many there are. No allocation in the makespan.
std::int64_t epochs_makespan(const PhaseTimes& times);
std::int64_t epochs_overlap(const PhaseTimes& leader, const PhaseTimes& own);

}  // namespace tilewright
