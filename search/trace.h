// The anytime record of one search.
#pragma once

#include <optional>
#include <vector>

#include "costmodel/objective.h"
#include "search/budget.h"
#include "search/result.h"

namespace tilewright {

class Trace {
 public:
  Trace(Objective objective, const Budget& budget) : objective_(objective), budget_(budget) {}

  /// A better incumbent, found as candidate number `evaluated`.
  void improve(Int128 evaluated, const Candidate& incumbent);

  /// No candidate's objective is below `bound`. Kept if it closes a tenth of the gap that is left.
  void raise_bound(Int128 evaluated, const Wide& bound);

  const std::vector<ConvergencePoint>& points() const { return points_; }

 private:
  void add(Int128 evaluated);

  Objective objective_;
  const Budget& budget_;
  std::optional<double> incumbent_;
  double bound_ = 0;
  std::vector<ConvergencePoint> points_;
};

}  // namespace tilewright
