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
//     transfers  Q and K of e + 2, V of e + 1; then O of the round that ended with e - 4
//   (O waits one epoch more than it must: so Q is loaded and O stored in one epoch only where
//   rounds have 1 or 5 sub-tiles, not 2 or 4.) Where the array does what is done with single
//   scores, it takes their maxima after Q K^T and makes P of e before P V; the update is that of
//   the maximum alone, and beside P V the vector unit brings the sums of e - 1 up to date.
//
//   one operator (layerwise, tiled): a step is a sub-tile of a round, of softmax alone a round
//     matrix, vector   Q K^T, P V or softmax of e
//     transfers        Q (of softmax S) of e + 1 if a round begins, K or V and P of e + 1; then S
//     of
//                      e - 1, or O or P if a round ended with it
//
//   A bias is loaded in the epoch before the one that adds it: row-wise that of e + 1 (added by
//   softmax), online that of e + 2 (added before the largest scores are looked for).
//
//   Under a mask the steps of a round are the sub-tiles that it sees.
//
// All operands have as many slots as epochs need them: 2 for Q, K, V; S (then P in its place) 3
// row-wise, 2 online (none in L1 if the array holds it); O 2, online so many that a round's lasts
// until it is stored; the state of rows 4; S and P of one operator alone 2.
#pragma once

#include "schedules/expand.h"

namespace tilewright {

/// Steps before and after the one that gives an epoch its number that the epoch works on.
constexpr std::int64_t epochs_before(const PhasePlan& phase) {
  return phase.has_second ? 2 : 1;
}
constexpr std::int64_t epochs_after(const PhasePlan& phase) {
  return phase.online ? 4 : epochs_before(phase);
}

/// Whether a step is a sub-tile of a round, not a round.
constexpr bool steps_are_sub_tiles(const PhasePlan& phase) {
  return phase.online || (phase.has_first && !phase.has_second);
}

/// Slots of S in flight, of O and of the rows' state.
constexpr std::int64_t epoch_score_slots(const PhasePlan& phase) {
  return phase.online ? 2 : 3;
}
/// `steps_of_round`: the fewest.
template <typename Number>
Number epoch_output_slots(const PhasePlan& phase, const Number& steps_of_round) {
  return phase.online ? 1 + divided_up(Number(epochs_after(phase)), steps_of_round) : Number(2);
}
inline constexpr std::int64_t kEpochStateSlots = 4;
inline constexpr std::int64_t kEpochBiasSlots = 2;

/// The operations of `core` and of the cores in lock-step with it: expand() for a phase of epochs.
void expand_epochs(const Shape& shape, const Tiling& tiling, const CoreLayout& layout,
                   const PhasePlan& phase, std::int64_t core, OperationSink& sink);

}  // namespace tilewright
