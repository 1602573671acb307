// Branch and bound for one objective.
#include <algorithm>

#include "search/branch_and_bound.h"
#include "search/strategy.h"

namespace tilewright {
namespace {

/// The one candidate that ranks first.
class Best {
 public:
  using Bound = RankKey;

  explicit Best(Objective objective) : objective_(objective), incumbent_(objective) {}

  RankKey bound(const Figures& least) const { return rank_key(objective_, least); }
  static bool more_promising(const RankKey& a, const RankKey& b) { return a < b; }

  bool excludes(const RankKey& bound, Tiling low) const {
    if (!incumbent_.best()) {
      return false;
    }
    if (const auto by = bound <=> incumbent_.key(); by != 0) {
      return by > 0;
    }
    // Equal in all figures at best: then the factors decide, and the low corner has the least.
    low.l0_qk = incumbent_.best()->tiling.l0_qk;
    low.l0_pv = incumbent_.best()->tiling.l0_pv;
    return low > incumbent_.best()->tiling;
  }

  std::int64_t enough_cycles() const {
    return objective_ == Objective::kLatency && incumbent_.best()
               ? incumbent_.key().cycles
               : std::numeric_limits<std::int64_t>::max();
  }

  void evaluate(Evaluator& evaluator, const Tiling& tiling) {
    incumbent_.offer(try_candidate(evaluator, tiling, objective_));
  }

  Best fork() const { return *this; }
  void join(const Best& other) { incumbent_.offer(other.incumbent_.best()); }

  const Incumbent& incumbent() const { return incumbent_; }

 private:
  Objective objective_;
  Incumbent incumbent_;
};

class Pruned final : public Strategy {
 public:
  std::string_view name() const override { return "pruned"; }
  std::string_view summary() const override {
    return "branch and bound: the optimum with a proof, or the gap that is left";
  }

  SearchOutcome run(const SearchTask& task) const override {
    BranchAndBound<Best> search(task.problem, task.space, task.executor, task.budget);
    Best goal(task.objective);
    search.run(goal);
    SearchOutcome outcome;
    outcome.best = goal.incumbent().best();
    outcome.proven = search.proven();
    outcome.evaluated = search.evaluated();
    outcome.pruned = search.pruned();
    if (const auto bound = search.least_open()) {
      outcome.lower_bound = outcome.best
                                ? std::min(bound->objective, goal.incumbent().key().objective)
                                : bound->objective;
    }
    return outcome;
  }
};

}  // namespace

const Strategy& pruned_strategy() {
  static const Pruned strategy;
  return strategy;
}

}  // namespace tilewright
