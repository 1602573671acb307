// What the cost model's equations (docs/cost_model.md, section 7) and the error analysis
// (docs/replay.md) say that a replay must give.
#pragma once

#include <vector>

#include "costmodel/evaluator.h"
#include "replay/attention.h"
#include "replay/replay_report.h"

namespace tilewright {

/// The predicted side for every operand, by its number, for one layer.
std::vector<OperandTraffic> predicted_traffic(const Problem& problem, const Tiling& tiling);

/// Largest difference of an element of O that the number types can explain.
double error_bound(const Problem& problem, const Elements& elements, const Tiling& tiling,
                   const AttentionScale& scale);

}  // namespace tilewright
