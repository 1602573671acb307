// Branch and bound for one objective, and for a front.
#include <algorithm>
#include <cmath>

#include "search/branch_and_bound.h"
#include "search/strategy.h"

namespace tilewright {
namespace {

/// The one candidate that ranks first.
class Best {
 public:
  using Bound = RankKey;

  explicit Best(const SearchTask& task)
      : objective_(task.objective),
        on_excluded_(task.on_excluded),
        incumbent_(task.objective, task.start),
        trace_(task.trace) {}

  RankKey bound(const Figures& least) const { return rank_key(objective_, least); }
  static bool more_promising(const RankKey& a, const RankKey& b) { return a < b; }

  Standing standing(const RankKey& bound, Tiling low) const {
    if (!incumbent_.best()) {
      return Standing::kOpen;
    }
    if (const auto by = bound <=> incumbent_.key(); by != 0) {
      return by > 0 ? Standing::kBehind : Standing::kOpen;
    }
    // Equal in all figures at best: then the factors decide, and the low corner has the least.
    low.l0_qk = incumbent_.best()->tiling.l0_qk;
    low.l0_pv = incumbent_.best()->tiling.l0_pv;
    return low > incumbent_.best()->tiling ? Standing::kTied : Standing::kOpen;
  }

  void on_excluded(Rule rule, const Box& box) const {
    if (on_excluded_ != nullptr) {
      (*on_excluded_)(rule, box, incumbent_.best());
    }
  }

  std::int64_t enough_cycles() const {
    if (!incumbent_.best()) {
      return 0;  // nothing to compare with
    }
    return objective_ == Objective::kLatency ? incumbent_.key().cycles
                                             : std::numeric_limits<std::int64_t>::max();
  }

  void evaluate(Evaluator& evaluator, const Tiling& tiling) {
    incumbent_.offer(try_candidate(evaluator, tiling, objective_));
  }

  Best fork() const { return *this; }
  void join(const Best& other, Int128 evaluated) {
    if (incumbent_.offer(other.incumbent_.best())) {
      trace_.improve(evaluated, *incumbent_.best());
    }
  }
  template <typename Node>
  void note_open(std::span<const Node> nodes, Int128 evaluated) const {
    trace_.raise_bound(evaluated, nodes.front().bound.objective);
  }

  const Incumbent& incumbent() const { return incumbent_; }

 private:
  Objective objective_;
  const OnExcluded* on_excluded_;
  Incumbent incumbent_;
  Trace& trace_;
};

/// All points of a front.
class WholeFront {
 public:
  struct Bound {
    FrontValues values;
    Figures least;
    double logs = 0;  ///< of the values, summed
  };

  explicit WholeFront(const FrontTask& task)
      : axes_(task.axes), on_excluded_(task.on_excluded), trace_(task.trace), found_(task.start) {}

  Bound bound(const Figures& least) const {
    Bound bound{axes_.values(least), least, 0};
    for (const Wide& value : bound.values) {
      bound.logs += std::log1p(value.to_double());
    }
    return bound;
  }
  static bool more_promising(const Bound& a, const Bound& b) { return a.logs < b.logs; }

  Standing standing(const Bound& bound, const Tiling& low) const {
    const Standing own = found_.standing(bound.values, bound.least, low);
    return own != Standing::kOpen || known_ == nullptr
               ? own
               : known_->standing(bound.values, bound.least, low);
  }

  void on_excluded(Rule rule, const Box& box) const {
    if (on_excluded_ != nullptr) {
      (*on_excluded_)(rule, box, std::nullopt);
    }
  }

  std::int64_t enough_cycles() const { return std::numeric_limits<std::int64_t>::max(); }

  void evaluate(Evaluator& evaluator, const Tiling& tiling) {
    offer_candidate(found_, axes_, evaluator, tiling);
  }

  /// The fork reads this one's front, which must not change until it is joined.
  WholeFront fork() const {
    WholeFront fork(axes_, on_excluded_);
    fork.known_ = &found_;
    return fork;
  }
  void join(const WholeFront& other, Int128 /*evaluated*/) { found_.offer(other.found_); }
  template <typename Node>
  void note_open(std::span<const Node> nodes, Int128 evaluated) const {
    if (trace_ != nullptr && trace_->begin_round()) {
      trace_->add(evaluated, found_, least_values(nodes));
    }
  }

  template <typename Node>
  static std::vector<FrontValues> least_values(std::span<const Node> nodes) {
    std::vector<FrontValues> values;
    values.reserve(nodes.size());
    for (const Node& node : nodes) {
      values.push_back(node.bound.values);
    }
    return values;
  }

  const Front& front() const { return found_; }

 private:
  WholeFront(const FrontAxes& axes, const OnExcluded* on_excluded)
      : axes_(axes), on_excluded_(on_excluded) {}

  FrontAxes axes_;
  const OnExcluded* on_excluded_;
  FrontTrace* trace_ = nullptr;
  const Front* known_ = nullptr;
  Front found_;
};

class Pruned final : public Strategy {
 public:
  std::string_view name() const override { return "pruned"; }
  std::string_view summary() const override {
    return "branch and bound: the optimum with a proof, or the gap that is left";
  }

  bool is_exact() const override { return true; }

  SearchOutcome run(const SearchTask& task) const override {
    BranchAndBound<Best> search(task.problem, task.space, task.executor, task.budget);
    Best goal(task);
    search.run(goal);
    SearchOutcome outcome;
    outcome.best = goal.incumbent().best();
    outcome.proven = search.proven();
    outcome.evaluated = search.evaluated();
    outcome.excluded = search.excluded();
    if (const auto bound = search.least_open()) {
      outcome.lower_bound = outcome.best
                                ? std::min(bound->objective, goal.incumbent().key().objective)
                                : bound->objective;
    }
    return outcome;
  }

  std::optional<FrontOutcome> run_front(const FrontTask& task) const override {
    BranchAndBound<WholeFront> search(task.problem, task.space, task.executor, task.budget);
    WholeFront goal(task);
    search.run(goal);
    FrontOutcome outcome;
    outcome.points = goal.front().points();
    outcome.evaluated = search.evaluated();
    outcome.excluded = search.excluded();
    outcome.proven = search.proven();
    outcome.gap = front_gap(outcome.points, WholeFront::least_values(search.open()));
    return outcome;
  }
};

}  // namespace

const Strategy& pruned_strategy() {
  static const Pruned strategy;
  return strategy;
}

}  // namespace tilewright
