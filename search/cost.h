// All that a result says a candidate costs.
#pragma once

#include "costmodel/evaluator.h"
#include "search/result.h"

namespace tilewright {

/// `candidate` is what evaluate() returned for `objective`. Without `overlap` its cycles stay 0.
Cost cost_of(Evaluator& evaluator, const Candidate& candidate, Objective objective,
             bool overlap = true);

}  // namespace tilewright
