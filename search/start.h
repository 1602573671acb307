// The tiling that a search begins with.
#pragma once

#include <optional>

#include "search/strategy.h"
#include "search/tune.h"

namespace tilewright {

/// TuneOptions::start, if there is one, made to be of the space and to fit; empty if nothing near
/// it is.
std::optional<Tiling> adapted_start(Evaluator& evaluator, const DesignSpace& space,
                                    const TuneOptions& options);

/// What became of the tiling that was `wanted`.
StartUse start_use(const std::optional<Tiling>& wanted, const std::optional<Tiling>& start);

}  // namespace tilewright
