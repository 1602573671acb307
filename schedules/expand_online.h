// The online form of a phase (FlashAttention): a step is one visible sub-tile of a round, and its
// scores are forgotten before the round ends. With T steps on a core and L = lookahead:
//
//   for s in 0 .. min(L, T - 1):   front(s), softmax(s)
//   for s in 0 .. T - 1:
//     second(s)                    P V of step s into the round's O, with the load of V
//     adjust(s)                    O to the maximum of step s + 1, or divided by the sum
//     front(s + L + 1)             load Q if a round begins, Q K^T with the load of K
//     store(s)                     if a round ends
//     softmax(s + L + 1)           S becomes P in its slot, the state goes on
//
// At look-ahead 0 a rescaling stands after softmax(s + 1) instead, which only then knows its
// factor. Score and state slots: L + 1, by step. All others are those of the row-wise form.
#pragma once

#include "schedules/expand.h"

namespace tilewright {

/// The operations of `core` and of the cores in lock-step with it: expand() for an online phase.
void expand_online(const Shape& shape, const Tiling& tiling, const CoreLayout& layout,
                   const PhasePlan& phase, std::int64_t core, OperationSink& sink);

}  // namespace tilewright
