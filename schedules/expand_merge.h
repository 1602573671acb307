// The merge that ends a split of keys and values: every core has stored a part of O with the
// maximum and the sum of its rows. A round is one query row of one pair with all its parts,
// whatever the tiles were; rounds are dealt to the cores round-robin, pair by pair. With R rounds
// on a core:
//
//   load(0), merge(0)
//   for i in 0 .. R - 1:   load(i + 1), store(i), merge(i + 1)
//
// Input and output have `buffers` slots each.
#pragma once

#include "schedules/expand.h"

namespace tilewright {

/// expand() for a phase that merges: of all cores, one after the other.
void expand_merge(const Shape& shape, const Tiling& tiling, const CoreLayout& layout,
                  const PhasePlan& phase, OperationSink& sink);

}  // namespace tilewright
