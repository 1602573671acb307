// Branch and bound over boxes of candidates. docs/search.md says why every bound is admissible.
//
// Invariant: the boxes in the queue, the boxes excluded and the candidates evaluated are a
// partition of the space; nothing excluded ranks before the incumbent.
#include <algorithm>
#include <cmath>
#include <limits>
#include <queue>
#include <tuple>
#include <utility>
#include <vector>

#include "costmodel/coarse_bound.h"
#include "search/strategy.h"

namespace tilewright {
namespace {

/// A box of one mode, by inclusive ranges of indices on the axes.
struct Node {
  std::size_t mode = 0;
  std::array<std::int64_t, kAxes> first{};
  std::array<std::int64_t, kAxes> last{};
  RankKey bound;

  Int128 size() const {
    Int128 product = 1;
    for (std::size_t axis = 0; axis < kAxes; ++axis) {
      product *= last[axis] - first[axis] + 1;
    }
    return product;
  }
  bool is_candidate() const { return first == last; }
};

/// The most promising box first; equal ones in a fixed order, whatever the threads do.
struct LessPromising {
  bool operator()(const Node& a, const Node& b) const {
    if (const auto by = a.bound <=> b.bound; by != 0) {
      return by > 0;
    }
    return std::tie(a.mode, a.first, a.last) > std::tie(b.mode, b.first, b.last);
  }
};

/// What became of one box.
struct Explored {
  std::vector<Node> open;
  std::optional<Candidate> best;
  Int128 evaluated = 0;
  Int128 pruned = 0;
};

/// The larger of two lower bounds, figure by figure.
Figures larger(const Figures& a, const Figures& b) {
  return {std::max(a.cycles, b.cycles), std::max(a.energy_fj, b.energy_fj),
          std::max(a.traffic_bytes, b.traffic_bytes), std::max(a.l1_peak_bytes, b.l1_peak_bytes)};
}

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
        done_.pruned += node.size();
      } else if (node.is_candidate()) {
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
    const ClassBox box = box_of(node);
    if (!may_be_legal(box)) {
      return false;
    }
    const auto coarse = coarse_(box);
    if (!coarse) {
      return false;
    }
    Figures figures = *coarse;
    node.bound = rank_key(task_.objective, figures);
    if (one_class(box) && !excluded(node)) {
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
    const ClassBox box = box_of(node);
    Tiling low = tiling_of(box.mode, box.low[0], box.low[1], box.low[2]);
    low.l0_qk = incumbent_.best()->tiling.l0_qk;
    low.l0_pv = incumbent_.best()->tiling.l0_pv;
    return low > incumbent_.best()->tiling;
  }

 private:
  ClassBox box_of(const Node& node) const {
    ClassBox box;
    box.mode = task_.space.modes[node.mode];
    for (std::size_t axis = 0; axis < kAxes; ++axis) {
      box.low[axis] = task_.space.axes[axis].value(node.first[axis]);
      box.high[axis] = task_.space.axes[axis].value(node.last[axis]);
    }
    return box;
  }

  std::int64_t tiles(std::size_t axis, std::int64_t value) const {
    return ceil_div(task_.space.axes[axis].length(), value);
  }

  bool one_class(const ClassBox& box) const {
    for (std::size_t axis = 0; axis < kAxes; ++axis) {
      if (tiles(axis, box.low[axis]) != tiles(axis, box.high[axis])) {
        return false;
      }
    }
    return true;
  }

  /// A necessary condition of is_legal(): an overwrite has no mask and one head, and P must fit the
  /// sub-tiles.
  bool may_be_legal(const ClassBox& box) const {
    if (box.mode.overwrite == Overwrite::kNone) {
      return true;
    }
    const Shape& shape = task_.problem.shape;
    if (shape.mask.causal) {
      return false;
    }
    const std::int64_t column =
        box.mode.overwrite == Overwrite::kKey ? key_col_bytes(shape) : value_col_bytes(shape);
    return box.low[0] == 1 && box.low[1] * shape.bytes.input <= 2 * column;
  }

  /// Cycles above which a box is lost, as far as cycles alone decide.
  std::int64_t enough_cycles() const {
    return task_.objective == Objective::kLatency && incumbent_.best()
               ? incumbent_.key().cycles
               : std::numeric_limits<std::int64_t>::max();
  }

  void evaluate(const Node& node) {
    const ClassBox box = box_of(node);
    const Tiling tiling = tiling_of(box.mode, box.low[0], box.low[1], box.low[2]);
    const auto found = try_candidate(evaluator_, tiling, task_.objective);
    if (incumbent_.offer(found)) {
      done_.best = found;
    }
    ++done_.evaluated;
  }

  void branch(const Node& node, std::vector<Node>& stack) {
    std::array<Node, 2> halves{node, node};
    split(node, halves);
    std::array<bool, 2> open{};
    for (std::size_t i = 0; i < halves.size(); ++i) {
      open[i] = set_bound(halves[i]) && !excluded(halves[i]);
      if (!open[i]) {
        done_.pruned += halves[i].size();
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

  /// Along the axis with the widest ratio of values, near the geometric mean, between two tile
  /// counts where there are several.
  void split(const Node& node, std::array<Node, 2>& halves) const {
    std::size_t widest = 0;
    double widest_ratio = 0;
    for (std::size_t axis = 0; axis < kAxes; ++axis) {
      const Axis& a = task_.space.axes[axis];
      const double ratio = static_cast<double>(a.value(node.last[axis])) /
                           static_cast<double>(a.value(node.first[axis]));
      if (node.first[axis] < node.last[axis] && ratio > widest_ratio) {
        widest = axis;
        widest_ratio = ratio;
      }
    }
    const std::int64_t cut = cut_at(node, widest);
    halves[0].last[widest] = cut;
    halves[1].first[widest] = cut + 1;
  }

  /// Last index of the lower half.
  std::int64_t cut_at(const Node& node, std::size_t axis) const {
    const Axis& a = task_.space.axes[axis];
    const std::int64_t first = node.first[axis];
    const std::int64_t last = node.last[axis];
    const auto low = static_cast<double>(a.value(first));
    const auto high = static_cast<double>(a.value(last));
    const std::int64_t middle = std::clamp(
        a.first_not_below(static_cast<std::int64_t>(std::sqrt(low * high))), first, last - 1);
    const std::int64_t count = tiles(axis, a.value(middle));
    if (tiles(axis, a.value(first)) == tiles(axis, a.value(last))) {
      return middle;
    }
    // The smallest value of the class of `middle` begins the upper half, or ends the lower one.
    const std::int64_t begin = a.first_not_below(ceil_div(a.length(), count));
    if (begin > first) {
      return begin - 1;
    }
    return a.first_not_below(count > 1 ? ceil_div(a.length(), count - 1) : a.length() + 1) - 1;
  }

  const SearchTask& task_;
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
      for (std::size_t mode = 0; mode < task.space.modes.size(); ++mode) {
        Node node;
        node.mode = mode;
        for (std::size_t axis = 0; axis < kAxes; ++axis) {
          node.last[axis] = task.space.axes[axis].size() - 1;
        }
        if (explorer.set_bound(node)) {
          queue.push(node);
        } else {
          outcome.pruned += node.size();
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
