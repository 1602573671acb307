// Branch and bound over boxes of candidates. docs/search.md says why every bound is admissible.
//
// Invariant: the boxes in the queue, the boxes excluded and the candidates evaluated are a
// partition of the space; nothing excluded ranks before the incumbent.
#include <algorithm>
#include <limits>
#include <queue>
#include <utility>
#include <vector>

#include "costmodel/coarse_bound.h"
#include "search/boxes.h"
#include "search/strategy.h"

namespace tilewright {
namespace {

/// An open box and its bound.
struct Node {
  Box box;
  RankKey bound;
};

/// The most promising box first; equal ones in a fixed order, whatever the threads do.
struct LessPromising {
  bool operator()(const Node& a, const Node& b) const {
    if (const auto by = a.bound <=> b.bound; by != 0) {
      return by > 0;
    }
    return a.box > b.box;
  }
};

/// What became of one box.
struct Explored {
  std::vector<Node> open;
  std::optional<Candidate> best;
  Int128 evaluated = 0;
  Int128 pruned = 0;
};

/// Boxes taken from the queue at once, and boxes looked at within each before handing back: fixed,
/// so that the course of the search does not depend on the number of threads.
constexpr std::size_t kBoxesAtOnce = 32;
constexpr int kStepsPerBox = 48;
constexpr std::int64_t kUnlimited = std::numeric_limits<std::int64_t>::max();

class Explorer {
 public:
  Explorer(const SearchTask& task, const CoarseBound& coarse, Incumbent incumbent,
           Evaluator& evaluator, std::int64_t allowed)
      : task_(task),
        boxes_(task.problem, task.space),
        coarse_(coarse),
        incumbent_(std::move(incumbent)),
        evaluator_(evaluator),
        allowed_(allowed) {}

  /// Depth first into the most promising child; what is left over goes back to the queue.
  Explored explore(const Node& root) {
    std::vector<Node> stack{root};
    for (int step = 0; step < kStepsPerBox && !stack.empty() && done_.evaluated < allowed_;
         ++step) {
      const Node node = stack.back();
      stack.pop_back();
      if (excluded(node)) {
        done_.pruned += node.box.size();
      } else if (node.box.is_candidate()) {
        evaluate(node);
      } else {
        branch(node, stack);
      }
    }
    done_.open = std::move(stack);
    return std::move(done_);
  }

  /// Sets the bound; false if nothing in the box fits or is legal.
  bool set_bound(Node& node) {
    const ClassBox box = boxes_.values_of(node.box);
    if (!boxes_.may_be_legal(box)) {
      return false;
    }
    const auto coarse = coarse_(box);
    if (!coarse) {
      return false;
    }
    Figures figures = *coarse;
    node.bound = rank_key(task_.objective, figures);
    if (boxes_.one_class(box) && !excluded(node)) {
      const auto fine = evaluator_.lower_bound(box, enough_cycles());
      if (!fine) {
        return false;
      }
      figures = larger(figures, *fine);
      node.bound = rank_key(task_.objective, figures);
    }
    return true;
  }

  /// The box cannot hold anything that ranks before the incumbent.
  bool excluded(const Node& node) const {
    if (!incumbent_.best()) {
      return false;
    }
    if (const auto by = node.bound <=> incumbent_.key(); by != 0) {
      return by > 0;
    }
    // Equal in all figures at best: then the factors decide, and the low corner has the least.
    Tiling low = boxes_.low_corner(node.box);
    low.l0_qk = incumbent_.best()->tiling.l0_qk;
    low.l0_pv = incumbent_.best()->tiling.l0_pv;
    return low > incumbent_.best()->tiling;
  }

 private:
  /// Cycles above which a box is lost, as far as cycles alone decide.
  std::int64_t enough_cycles() const {
    return task_.objective == Objective::kLatency && incumbent_.best()
               ? incumbent_.key().cycles
               : std::numeric_limits<std::int64_t>::max();
  }

  void evaluate(const Node& node) {
    const auto found = try_candidate(evaluator_, boxes_.low_corner(node.box), task_.objective);
    if (incumbent_.offer(found)) {
      done_.best = found;
    }
    ++done_.evaluated;
  }

  void branch(const Node& node, std::vector<Node>& stack) {
    const std::array<Box, 2> parts = boxes_.split(node.box);
    std::array<Node, 2> halves{Node{parts[0], {}}, Node{parts[1], {}}};
    std::array<bool, 2> open{};
    for (std::size_t i = 0; i < halves.size(); ++i) {
      open[i] = set_bound(halves[i]) && !excluded(halves[i]);
      if (!open[i]) {
        done_.pruned += halves[i].box.size();
      }
    }
    if (open[0] && open[1] && LessPromising{}(halves[1], halves[0])) {
      std::swap(halves[0], halves[1]);
    }
    for (std::size_t i = 0; i < halves.size(); ++i) {
      if (open[i]) {
        stack.push_back(halves[i]);
      }
    }
  }

  const SearchTask& task_;
  const BoxSpace boxes_;
  const CoarseBound& coarse_;
  Incumbent incumbent_;
  Evaluator& evaluator_;
  const std::int64_t allowed_;  ///< evaluations
  Explored done_;
};

class Pruned final : public Strategy {
 public:
  std::string_view name() const override { return "pruned"; }
  std::string_view summary() const override {
    return "branch and bound: the optimum with a proof, or the gap that is left";
  }

  SearchOutcome run(const SearchTask& task) const override {
    const CoarseBound coarse(task.problem);
    Incumbent incumbent(task.objective);
    SearchOutcome outcome;
    Queue queue = roots(task, coarse, outcome);
    while (!queue.empty() && !task.budget.spent(outcome.evaluated)) {
      // A limit on evaluations is kept to the letter, one box after the other.
      const std::vector<Node> boxes =
          take(queue, task.budget.limits_evaluations() ? 1 : kBoxesAtOnce);
      const std::int64_t allowed = task.budget.allowed(outcome.evaluated, kUnlimited);
      std::vector<Explored> explored(boxes.size());
      task.executor.for_each(
          static_cast<std::int64_t>(boxes.size()), [&](std::int64_t i, Evaluator& evaluator) {
            const auto at = static_cast<std::size_t>(i);
            explored[at] = Explorer(task, coarse, incumbent, evaluator, allowed).explore(boxes[at]);
          });
      for (Explored& part : explored) {
        incumbent.offer(part.best);
        outcome.evaluated += part.evaluated;
        outcome.pruned += part.pruned;
        for (Node& node : part.open) {
          queue.push(std::move(node));
        }
      }
    }
    outcome.best = incumbent.best();
    outcome.proven = queue.empty();
    if (!queue.empty()) {
      const Wide bound = queue.top().bound.objective;
      outcome.lower_bound = incumbent.best() ? std::min(bound, incumbent.key().objective) : bound;
    }
    return outcome;
  }

 private:
  using Queue = std::priority_queue<Node, std::vector<Node>, LessPromising>;

  static Queue roots(const SearchTask& task, const CoarseBound& coarse, SearchOutcome& outcome) {
    Queue queue;
    task.executor.for_each(1, [&](std::int64_t, Evaluator& evaluator) {
      Explorer explorer(task, coarse, Incumbent(task.objective), evaluator, kUnlimited);
      for (const Box& box : BoxSpace(task.problem, task.space).roots()) {
        Node node{box, {}};
        if (explorer.set_bound(node)) {
          queue.push(node);
        } else {
          outcome.pruned += box.size();
        }
      }
    });
    return queue;
  }

  static std::vector<Node> take(Queue& queue, std::size_t count) {
    std::vector<Node> boxes;
    while (!queue.empty() && boxes.size() < count) {
      boxes.push_back(queue.top());
      queue.pop();
    }
    return boxes;
  }
};

}  // namespace

const Strategy& pruned_strategy() {
  static const Pruned strategy;
  return strategy;
}

}  // namespace tilewright
