// All that a result says a candidate costs.
#pragma once

#include "costmodel/evaluator.h"
#include "search/result.h"

namespace tilewright {

/// `candidate` is what evaluate() returned for `objective`.
Cost cost_of(Evaluator& evaluator, const Candidate& candidate, Objective objective);

}  // namespace tilewright
