// What strategies share that evaluate candidate after candidate: rounds of parallel work, joined in
// a fixed order, with limits kept to the letter.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "search/strategy.h"

namespace tilewright {

/// The evaluations of one work item.
class Probe {
 public:
  /// `first`: evaluations of the search before those of this item; `allowed`: how many it may make.
  Probe(const SearchTask& task, const Incumbent& incumbent, Int128 first, std::int64_t allowed)
      : task_(task), incumbent_(incumbent), first_(first), allowed_(allowed) {}

  /// False when the item has made its evaluations, or the search is out of time.
  bool may_go_on() const { return evaluated_ < allowed_ && !task_.budget.out_of_time(); }

  /// Empty if the tiling is not legal or does not fit; counts either way.
  std::optional<Candidate> evaluate(Evaluator& evaluator, const Tiling& tiling);

  /// The same for each of some, at most left(): faster together.
  void evaluate_each(Evaluator& evaluator, std::span<const Tiling> tilings);

  std::int64_t left() const { return allowed_ - evaluated_; }

  /// Evaluations of the search before the next one of this item.
  Int128 position() const { return first_ + evaluated_; }

 private:
  friend class Course;

  const SearchTask& task_;
  Incumbent incumbent_;
  Int128 first_;
  std::int64_t allowed_;
  std::int64_t evaluated_ = 0;
  /// Each with the evaluations that this item had made then.
  std::vector<std::pair<std::int64_t, Candidate>> improvements_;
};

class Course {
 public:
  using Work = std::function<void(std::int64_t item, Probe& probe, Evaluator& evaluator)>;

  /// Ends after `most` evaluations, or earlier where the budget says so.
  explicit Course(const SearchTask& task, Int128 most = std::numeric_limits<std::int64_t>::max());

  bool finished() const {
    return outcome_.evaluated >= most_ || task_.budget.spent(outcome_.evaluated);
  }

  /// Does `items` pieces of work in parallel, each of `each` evaluations (fewer where the end is
  /// near), and joins what they found in the order of the items. Returns the evaluations made.
  Int128 round(std::int64_t items, std::int64_t each, const Work& work);

  const std::optional<Candidate>& best() const { return incumbent_.best(); }
  Int128 evaluated() const { return outcome_.evaluated; }
  SearchOutcome outcome() const;

 private:
  void join(const Probe& probe);

  const SearchTask& task_;
  Int128 most_;
  Incumbent incumbent_;
  SearchOutcome outcome_;
};

}  // namespace tilewright
