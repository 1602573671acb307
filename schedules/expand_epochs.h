// The form of epochs: in each epoch every stage works on another step of a pipeline, and the next
// epoch starts when all of them are done (a barrier). With T steps on a core, epoch e = -2, -1, ...
//
//   row-wise (TileFlow): a step is a round
//     matrix     P V of e - 1, then Q K^T of e + 1
//     vector     softmax of e
//     transfers  Q and K of e + 2, V of e; then O of e - 2
//
//   online (FuseMax): a step is a sub-tile of a round. Two halves, with a barrier of the matrix and
//   the vector unit between them:
//     matrix     Q K^T of e + 1                      P V of e
//     vector     O of the round that ended with      the largest scores of e + 1
//                e - 2 by its sum; update of e,
//                O times its correction factor
//     transfers  Q and K of e + 2, V of e + 1; then O of the round that ended with e - 3
//   Where the array does what is done with single scores, it takes their maxima after Q K^T and
//   makes P of e before P V; the update is that of the maximum alone, and beside P V the vector
//   unit brings the sums of e - 1 up to date.
//
// All operands have as many slots as epochs need them: 2 for Q, K, V; S (then P in its place) 3
// row-wise, 2 online (none in L1 if the array holds it); O 2 row-wise, online so many that a
// round's lasts until it is stored; the state of rows 4.
#pragma once

#include "schedules/expand.h"

namespace tilewright {

/// Steps before and after the one that gives an epoch its number that the epoch works on.
inline constexpr std::int64_t kEpochsBefore = 2;
constexpr std::int64_t epochs_after(const PhasePlan& phase) {
  return phase.online ? 3 : 2;
}

/// Slots of S in flight, of O and of the rows' state.
constexpr std::int64_t epoch_score_slots(const PhasePlan& phase) {
  return phase.online ? 2 : 3;
}
constexpr std::int64_t epoch_output_slots(const PhasePlan& phase, std::int64_t steps_of_round) {
  const std::int64_t after = epochs_after(phase);
  return phase.online ? 1 + (after + steps_of_round - 1) / steps_of_round : 2;
}
inline constexpr std::int64_t kEpochStateSlots = 4;

/// The operations of `core` and of the cores in lock-step with it: expand() for a phase of epochs.
void expand_epochs(const Shape& shape, const Tiling& tiling, const CoreLayout& layout,
                   const PhasePlan& phase, std::int64_t core, OperationSink& sink);

}  // namespace tilewright
