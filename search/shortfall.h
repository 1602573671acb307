// Why nothing fits a machine.
#pragma once

#include <optional>

#include "costmodel/evaluator.h"
#include "search/result.h"
#include "search/space.h"

namespace tilewright {

/// What the L0 buffers lack for any candidate, `smallest` being the least in every size; empty if
/// nothing.
std::optional<Shortfall> l0_shortfall(const Problem& problem, const Tiling& smallest);

/// The candidate with the smallest footprint.
Tiling smallest_candidate(const Evaluator& evaluator, const DesignSpace& space);

/// The same, if it exceeds L1: nothing fits.
std::optional<Shortfall> misfit(const Evaluator& evaluator, const DesignSpace& space);

}  // namespace tilewright
