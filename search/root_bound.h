// A bound for strategies that have none of their own.
#pragma once

#include <optional>

#include "costmodel/objective.h"
#include "search/space.h"

namespace tilewright {

/// No candidate of the space has an objective below; empty if none fits. One coarse bound a mode.
std::optional<Wide> root_bound(const Problem& problem, const DesignSpace& space,
                               Objective objective);

}  // namespace tilewright
