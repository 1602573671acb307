// The tiling that a search begins with.
#pragma once

#include <optional>

#include "search/strategy.h"
#include "search/tune.h"

namespace tilewright {

/// TuneOptions::start, if there is one, as a candidate of the space; empty if nothing near it fits.
std::optional<Candidate> adapted_start(Evaluator& evaluator, const DesignSpace& space,
                                       const TuneOptions& options, Objective objective);

/// What became of the tiling that was `wanted`.
StartUse start_use(const std::optional<Tiling>& wanted, const std::optional<Candidate>& start);

}  // namespace tilewright
