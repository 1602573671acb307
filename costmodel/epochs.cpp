#include "costmodel/epochs.h"

#include "costmodel/epoch_forms.h"

namespace tilewright {

std::int64_t epochs_makespan(const PhaseTimes& times) {
  return epochs_makespan_of(times, Accord<std::int64_t>());
}

}  // namespace tilewright
