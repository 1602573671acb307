#include "search/trace.h"

#include <algorithm>

namespace tilewright {

void Trace::improve(Int128 evaluated, const Candidate& incumbent) {
  const double value = objective_value(objective_, incumbent.figures).to_double();
  // Of equal ones a better rank is no news.
  if (!incumbent_ || value < *incumbent_) {
    incumbent_ = value;
    add(evaluated);
  }
}

void Trace::raise_bound(Int128 evaluated, const Wide& bound) {
  constexpr double kShare = 0.9;
  bound_ = std::max(bound_, bound.to_double());
  // Of open boxes, all may be behind the incumbent; then that is the optimum.
  const double promised = std::min(bound_, incumbent_.value_or(bound_));
  if (!points_.empty()) {
    const double gap = *incumbent_ - points_.back().lower_bound;
    if (gap > 0 && *incumbent_ - promised <= kShare * gap) {
      add(evaluated);
    }
  }
}

void Trace::add(Int128 evaluated) {
  points_.push_back(
      {evaluated, budget_.seconds(), incumbent_, std::min(bound_, incumbent_.value_or(bound_))});
}

bool FrontTrace::begin_round() {
  if (++round_ < next_) {
    return false;
  }
  constexpr std::int64_t kPart = 8;  // an eighth farther each time
  next_ += std::max<std::int64_t>(1, next_ / kPart);
  return true;
}

void FrontTrace::add(Int128 evaluated, const Front& front, std::span<const FrontValues> bounds) {
  const double gap = front_gap(front.points(), bounds);
  moments_.push_back({evaluated, budget_.seconds(), front.points().size(), gap});
}

}  // namespace tilewright
