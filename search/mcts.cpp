// Monte-Carlo tree search with UCT (Kocsis, Szepesvari, ECML 2006), as TileFlow and MAS use it for
// tilings: one factor is fixed per level, a rollout completes the rest, and branches in which
// nothing fits L1 are cut. Sizes have too many values to try each, so that a node opens more of its
// children the more often it is visited (progressive widening; Coulom, 2007).
#include "search/mcts.h"

#include <algorithm>
#include <cmath>

#include "search/course.h"
#include "search/mcts_levels.h"

namespace tilewright {
namespace {

constexpr std::uint32_t kNoNode = 0;  ///< the root is nobody's child
constexpr std::size_t kMostNodes = std::size_t{1} << 18U;
constexpr std::int64_t kIterationsAtOnce = 256;

/// A prefix of fixed factors.
struct Node {
  std::uint32_t level = 0;  ///< of the factor that the children fix; kLevels: a candidate
  std::uint32_t first_child = kNoNode;
  std::uint32_t sibling = kNoNode;
  std::uint32_t first_mode = 0;  ///< of Levels::modes()
  std::uint32_t end_mode = 0;
  std::int64_t values = 0;    ///< how many children there can be
  std::int64_t children = 0;  ///< that there are
  std::int64_t open = 0;      ///< children that are not exhausted
  std::int64_t visits = 0;
  double sum = 0;   ///< of the inverse objectives of all visits, 0 for what does not run
  double best = 0;  ///< the largest of them
  Point point;      ///< that of the best visit; without one, the factors that are fixed

  bool is_exhausted = false;
};

class Tree {
 public:
  Tree(const SearchTask& task, const Levels& levels, const MctsParameters& parameters,
       std::uint64_t number)
      : task_(task),
        levels_(levels),
        parameters_(parameters),
        random_(Random::of(task.seed, 0, number)) {
    Node root;
    root.end_mode = static_cast<std::uint32_t>(levels.modes().size());
    root.is_exhausted = levels.modes().empty();
    nodes_.push_back(root);
    if (!root.is_exhausted) {
      enter_level(nodes_.front());
      if (task.start) {
        plant(nearest_point(task.space, task.start->tiling), *task.start);
      }
    }
  }

  bool is_exhausted() const { return nodes_.front().is_exhausted; }

  void grow(Probe& probe, Evaluator& evaluator) {
    while (!is_exhausted() && probe.may_go_on()) {
      const std::vector<std::uint32_t>& path = descend(evaluator);
      const Point point = completed(path, evaluator);
      const auto found = probe.evaluate(evaluator, tiling_at(task_.space, point));
      learn(path, point, found);
    }
  }

 private:
  static constexpr std::size_t axis_of(const Node& node) { return node.level - kModeFactors; }
  static constexpr bool fixes_axis(const Node& node) { return node.level >= kModeFactors; }

  /// Moves on to the first level at which there is a choice, and counts the values there.
  void enter_level(Node& node) const {
    for (; node.level < kModeFactors; ++node.level) {
      node.values = 1;
      for (std::uint32_t mode = node.first_mode + 1; mode < node.end_mode; ++mode) {
        node.values += levels_.factor(mode, node.level) != levels_.factor(mode - 1, node.level);
      }
      if (node.values > 1) {
        return;
      }
    }
    node.point.mode = levels_.modes()[node.first_mode];
    for (; node.level < kLevels; ++node.level) {
      const std::size_t axis = axis_of(node);
      node.values = 1 + levels_.last_index(node.point, axis);
      if (node.values > 1) {
        return;
      }
      node.point.index[axis] = 0;
    }
  }

  /// The nodes of a candidate that is known from the beginning.
  void plant(const Point& point, const Candidate& candidate) {
    path_.assign(1, 0);
    while (nodes_[path_.back()].level < kLevels) {
      const std::uint32_t parent = path_.back();
      if (fixes_axis(nodes_[parent])) {
        path_.push_back(add_axis_child(parent, point.index[axis_of(nodes_[parent])]));
      } else {
        open_modes(parent);
        path_.push_back(child_of_mode(nodes_[parent], point.mode));
      }
    }
    learn(path_, point, candidate);
  }

  std::uint32_t child_of_mode(const Node& node, std::size_t mode) const {
    const std::vector<std::size_t>& modes = levels_.modes();
    std::uint32_t child = node.first_child;
    while (std::find(modes.begin() + nodes_[child].first_mode,
                     modes.begin() + nodes_[child].end_mode,
                     mode) == modes.begin() + nodes_[child].end_mode) {
      child = nodes_[child].sibling;
    }
    return child;
  }

  /// From the root to the first node that was not visited yet, or to a candidate.
  const std::vector<std::uint32_t>& descend(const Evaluator& evaluator) {
    path_.assign(1, 0);
    while (nodes_[path_.back()].level < kLevels) {
      const std::uint32_t child = child_to_visit(path_.back(), evaluator);
      if (child == kNoNode) {
        break;
      }
      path_.push_back(child);
      if (nodes_[child].visits == 0) {
        break;
      }
    }
    return path_;
  }

  std::uint32_t child_to_visit(std::uint32_t parent, const Evaluator& evaluator) {
    const Node& node = nodes_[parent];
    if (!fixes_axis(node)) {
      if (node.children == 0) {
        open_modes(parent);
      }
    } else if (should_widen(node)) {
      if (const std::uint32_t child = widen(parent, evaluator); child != kNoNode) {
        return child;
      }
    }
    return most_promising(nodes_[parent]);
  }

  bool should_widen(const Node& node) const {
    const double most = parameters_.widening * std::sqrt(static_cast<double>(node.visits + 1));
    return node.children < node.values && nodes_.size() < kMostNodes &&
           (node.open == 0 || static_cast<double>(node.children) < most);
  }

  std::uint32_t add_child(std::uint32_t parent, Node child) {
    const auto number = static_cast<std::uint32_t>(nodes_.size());
    child.sibling = nodes_[parent].first_child;
    enter_level(child);
    nodes_.push_back(child);
    nodes_[parent].first_child = number;
    ++nodes_[parent].children;
    ++nodes_[parent].open;
    return number;
  }

  void open_modes(std::uint32_t parent) {
    const Node node = nodes_[parent];
    std::uint32_t first = node.first_mode;
    for (std::uint32_t mode = first + 1; mode <= node.end_mode; ++mode) {
      if (mode == node.end_mode ||
          levels_.factor(mode, node.level) != levels_.factor(first, node.level)) {
        Node child;
        child.level = node.level + 1;
        child.first_mode = first;
        child.end_mode = mode;
        add_child(parent, child);
        first = mode;
      }
    }
  }

  /// A child with a value that no other has: one near the best child's, or any.
  std::uint32_t widen(std::uint32_t parent, const Evaluator& evaluator) {
    constexpr int kTries = 4;
    const Node& node = nodes_[parent];
    std::int64_t index = 0;
    for (int i = 0; i < kTries; ++i) {
      index = proposed(node);
      if (!has_child(node, index) && fits_if_candidate(node, index, evaluator)) {
        return add_axis_child(parent, index);
      }
    }
    return node.open == 0 ? add_axis_child(parent, nearest_free(node, index)) : kNoNode;
  }

  bool fits_if_candidate(const Node& node, std::int64_t index, const Evaluator& evaluator) const {
    Point point = node.point;
    point.index[axis_of(node)] = index;
    return node.level + 1 < kLevels || may_run(evaluator, tiling_at(task_.space, point));
  }

  /// The value without a child that is nearest to `index`.
  std::int64_t nearest_free(const Node& node, std::int64_t index) const {
    std::vector<bool> taken(static_cast<std::size_t>(node.values));
    for (std::uint32_t child = node.first_child; child != kNoNode; child = nodes_[child].sibling) {
      taken[static_cast<std::size_t>(nodes_[child].point.index[axis_of(node)])] = true;
    }
    for (std::int64_t distance = 0;; ++distance) {
      for (const std::int64_t i : {index - distance, index + distance}) {
        if (i >= 0 && i < node.values && !taken[static_cast<std::size_t>(i)]) {
          return i;
        }
      }
    }
  }

  std::uint32_t add_axis_child(std::uint32_t parent, std::int64_t index) {
    const Node& node = nodes_[parent];
    Node child;
    child.level = node.level + 1;
    child.first_mode = node.first_mode;
    child.end_mode = node.end_mode;
    child.point = node.point;
    child.point.index[axis_of(node)] = index;
    return add_child(parent, child);
  }

  bool has_child(const Node& node, std::int64_t index) const {
    for (std::uint32_t child = node.first_child; child != kNoNode; child = nodes_[child].sibling) {
      if (nodes_[child].point.index[axis_of(node)] == index) {
        return true;
      }
    }
    return false;
  }

  std::int64_t proposed(const Node& node) {
    const Axis& axis = task_.space.axes[axis_of(node)];
    const std::int64_t index = node.best > 0 && random_.chance(parameters_.local)
                                   ? near_index(axis, node.point.index[axis_of(node)], random_)
                                   : any_index(axis, node.values - 1);
    return std::min(index, node.values - 1);
  }

  /// Log-uniform, every other time the most even cut into as many tiles.
  std::int64_t any_index(const Axis& axis, std::int64_t last) {
    const std::int64_t index = random_.log_between(1, last + 1) - 1;
    return random_.chance(50) ? index_of_tiles(axis, ceil_div(axis.length(), axis.value(index)))
                              : index;
  }

  std::uint32_t most_promising(const Node& node) const {
    const double scale = nodes_.front().best > 0 ? 1 / nodes_.front().best : 0;
    const double log_visits = std::log(static_cast<double>(node.visits + 1));
    std::uint32_t chosen = kNoNode;
    double most = -1;
    for (std::uint32_t i = node.first_child; i != kNoNode; i = nodes_[i].sibling) {
      const Node& child = nodes_[i];
      if (child.is_exhausted) {
        continue;
      }
      if (child.visits == 0) {
        return i;
      }
      const auto visits = static_cast<double>(child.visits);
      const double reward = scale * (parameters_.best_share * child.best +
                                     (1 - parameters_.best_share) * child.sum / visits);
      const double score = reward + parameters_.exploration * std::sqrt(log_visits / visits);
      if (score > most) {
        most = score;
        chosen = i;
      }
    }
    return chosen;
  }

  /// The rollout: the prefix with its other factors as the best visit of the prefix above has them,
  /// or at random; sizes beyond what fits are cut to it.
  Point completed(const std::vector<std::uint32_t>& path, const Evaluator& evaluator) {
    const Node& end = nodes_[path.back()];
    Point point = end.point;
    const Node& known = nodes_[path.size() > 1 ? path[path.size() - 2] : path.back()];
    const bool informed = known.best > 0 && random_.chance(parameters_.informed);
    if (end.end_mode - end.first_mode > 1) {
      point.mode = levels_.modes()[end.first_mode + random_.below(end.end_mode - end.first_mode)];
    }
    const std::size_t first = fixes_axis(end) ? axis_of(end) : 0;
    for (std::size_t axis = first; axis < kAxes; ++axis) {
      point.index[axis] = 0;
    }
    for (std::size_t axis = first; axis < kAxes; ++axis) {
      const Axis& a = task_.space.axes[axis];
      const std::int64_t wanted = informed ? known.point.index[axis] : any_index(a, a.size() - 1);
      point.index[axis] = largest_index(wanted, [&](std::int64_t index) {
        Point cut = point;
        cut.index[axis] = index;
        return may_run(evaluator, tiling_at(task_.space, cut));
      });
    }
    return point;
  }

  void learn(const std::vector<std::uint32_t>& path, const Point& point,
             const std::optional<Candidate>& found) {
    const double reward =
        found ? 1 / objective_value(task_.objective, found->figures).to_double() : 0;
    for (const std::uint32_t i : path) {
      Node& node = nodes_[i];
      ++node.visits;
      node.sum += reward;
      if (reward > node.best) {
        node.best = reward;
        node.point = point;
      }
    }
    if (nodes_[path.back()].level == kLevels) {
      exhaust(path);
    }
  }

  /// Of a candidate that was evaluated, and of every prefix that it was the last open one of.
  void exhaust(const std::vector<std::uint32_t>& path) {
    nodes_[path.back()].is_exhausted = true;
    for (std::size_t i = path.size() - 1; i-- > 0;) {
      Node& parent = nodes_[path[i]];
      if (--parent.open > 0 || parent.children < parent.values) {
        return;
      }
      parent.is_exhausted = true;
    }
  }

  const SearchTask& task_;
  const Levels& levels_;
  const MctsParameters& parameters_;
  Random random_;
  std::vector<Node> nodes_;
  std::vector<std::uint32_t> path_;
};

class Mcts final : public Strategy {
 public:
  std::string_view name() const override { return "mcts"; }
  std::string_view summary() const override {
    return "Monte-Carlo trees with UCT: one factor a level, what cannot fit is cut";
  }
  SearchOutcome run(const SearchTask& task) const override { return run_mcts(task, {}); }
};

}  // namespace

SearchOutcome run_mcts(const SearchTask& task, const MctsParameters& parameters) {
  const Levels levels(task.problem, task.space);
  std::vector<Tree> trees;
  for (std::int64_t i = 0; i < parameters.trees; ++i) {
    trees.emplace_back(task, levels, parameters, static_cast<std::uint64_t>(i));
  }
  Course course(task);
  Int128 made = 1;
  while (!course.finished() && made > 0) {
    made = course.round(parameters.trees, kIterationsAtOnce,
                        [&](std::int64_t i, Probe& probe, Evaluator& evaluator) {
                          trees[static_cast<std::size_t>(i)].grow(probe, evaluator);
                        });
  }
  return course.outcome();
}

const Strategy& mcts_strategy() {
  static const Mcts strategy;
  return strategy;
}

}  // namespace tilewright
