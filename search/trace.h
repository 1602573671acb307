// The anytime record of one search: for one objective, and for a front.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "costmodel/objective.h"
#include "search/budget.h"
#include "search/front.h"
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

/// The record of one search for a front: moments that are farther and farther apart, as the gap of
/// many points and open boxes takes a while. Which ones does not depend on the clock.
class FrontTrace {
 public:
  explicit FrontTrace(const Budget& budget) : budget_(budget) {}

  /// Counts a round of the search, which begins; true if it is one to record.
  bool begin_round();
  /// No candidate that `front` lacks is below all of `bounds`.
  void add(Int128 evaluated, const Front& front, std::span<const FrontValues> bounds);

  const std::vector<FrontMoment>& moments() const { return moments_; }

 private:
  const Budget& budget_;
  std::int64_t round_ = 0;
  std::int64_t next_ = 1;
  std::vector<FrontMoment> moments_;
};

}  // namespace tilewright
