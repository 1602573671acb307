// Branch and bound over the boxes of a design space, for any goal. docs/search.md says why every
// bound is admissible.
//
// Invariant: the open boxes, the boxes excluded and the candidates evaluated are a partition of the
// space; nothing excluded would be part of the answer.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "costmodel/coarse_bound.h"
#include "search/boxes.h"
#include "search/budget.h"
#include "search/excluded.h"
#include "search/executor.h"

namespace tilewright {

/// What is sought. A Goal has
///   Bound                            what is kept of the least figures of a box
///   bound(figures)                   -> Bound
///   more_promising(a, b)             of two bounds: which box is looked at first
///   standing(bound, low)             whether a box of that bound and low corner is wanted
///   on_excluded(rule, box)           told of every box that is not
///   enough_cycles()                  cycles above which a box is not wanted, as far as they decide
///   evaluate(evaluator, tiling)      looks at one candidate and remembers it if it is wanted
///   fork()                           -> Goal that knows what is known now, for one thread
///   join(goal, evaluated)            takes what a fork found since, after so many evaluations
///   note_open(nodes, evaluated)      is told of the open boxes before every round, the most
///                                    promising one first
template <typename Goal>
class BranchAndBound {
 public:
  /// An open box and its bound.
  struct Node {
    Box box;
    typename Goal::Bound bound;
    bool by_class = false;  ///< the bound of its class is in it
  };

  BranchAndBound(const Problem& problem, const DesignSpace& space, Executor& executor,
                 const Budget& budget)
      : boxes_(problem, space), coarse_(problem), executor_(executor), budget_(budget) {}

  /// Until no box is open or the budget is spent; the answer is in `goal`.
  void run(Goal& goal) {
    open_roots(goal);
    // The first box is looked at alone, then two: without an answer to compare with, much would be
    // looked at in vain. A limit on evaluations is kept to the letter, one box after the other.
    std::size_t width = 1;
    while (!open_.empty() && !budget_.spent(evaluated_)) {
      goal.note_open(std::span<const Node>(open_), evaluated_);
      const std::vector<Node> nodes = take(width);
      width = budget_.limits_evaluations() ? 1 : std::min(2 * width, kBoxesAtOnce);
      std::vector<Explorer> explorers(nodes.size(), Explorer(*this, goal.fork()));
      executor_.for_each(static_cast<std::int64_t>(nodes.size()),
                         [&](std::int64_t i, Evaluator& evaluator) {
                           const auto at = static_cast<std::size_t>(i);
                           explorers[at].explore(nodes[at], evaluator);
                         });
      for (Explorer& explorer : explorers) {
        join(explorer, goal);
      }
    }
  }

  Int128 evaluated() const { return evaluated_; }
  const Excluded& excluded() const { return excluded_; }  ///< without evaluating each
  bool proven() const { return open_.empty(); }

  /// The open boxes, the most promising one first, the others in no order.
  std::span<const Node> open() const { return open_; }

  /// Of the most promising open box.
  std::optional<typename Goal::Bound> least_open() const {
    return open_.empty() ? std::nullopt : std::optional(open_.front().bound);
  }

 private:
  /// Boxes taken from the queue at once, and boxes looked at within each before handing back:
  /// fixed, so that the course of the search does not depend on the number of threads.
  static constexpr std::size_t kBoxesAtOnce = 64;
  static constexpr int kStepsPerBox = 24;

  /// The most promising box last; equal ones in a fixed order, whatever the threads do.
  struct LessPromising {
    bool operator()(const Node& a, const Node& b) const {
      if (Goal::more_promising(b.bound, a.bound)) {
        return true;
      }
      return !Goal::more_promising(a.bound, b.bound) && a.box > b.box;
    }
  };

  /// What becomes of one box.
  class Explorer {
   public:
    Explorer(const BranchAndBound& search, Goal goal)
        : boxes_(search.boxes_),
          coarse_(search.coarse_),
          goal_(std::move(goal)),
          budget_(search.budget_),
          allowed_(search.budget_.allowed(search.evaluated_,
                                          std::numeric_limits<std::int64_t>::max())) {}

    /// Depth first into the most promising child; what is left over goes back to the queue.
    void explore(const Node& root, Evaluator& evaluator) {
      open_.push_back(root);
      for (int step = 0; step < kStepsPerBox && !open_.empty() && may_go_on(); ++step) {
        const Node node = open_.back();
        open_.pop_back();
        if (const auto rule = excluded_by(node)) {
          exclude(*rule, node.box);
        } else if (node.box.is_candidate()) {
          goal_.evaluate(evaluator, boxes_.low_corner(node.box));
          ++evaluated_;
        } else {
          branch(node, evaluator);
        }
      }
    }

    /// Bounds `box` and keeps it open if anything in it may be wanted.
    void open(const Box& box, const Evaluator& evaluator) {
      Node node{box, {}};
      auto rule = set_bound(node, evaluator);
      rule = rule ? rule : excluded_by(node);
      if (rule) {
        exclude(*rule, box);
      } else {
        open_.push_back(node);
      }
    }

    const Goal& goal() const { return goal_; }
    const std::vector<Node>& still_open() const { return open_; }
    std::int64_t evaluated() const { return evaluated_; }
    const Excluded& excluded() const { return excluded_; }

   private:
    bool may_go_on() const { return evaluated_ < allowed_ && !budget_.out_of_time(); }

    std::optional<Rule> excluded_by(const Node& node) const {
      switch (goal_.standing(node.bound, boxes_.low_corner(node.box))) {
        case Standing::kOpen:
          break;
        case Standing::kBehind:
          return node.by_class ? Rule::kClassBound : Rule::kCoarseBound;
        case Standing::kTied:
          return Rule::kTied;
      }
      return std::nullopt;
    }

    void exclude(Rule rule, const Box& box) {
      excluded_.add(rule, box.size());
      goal_.on_excluded(rule, box);
    }

    /// Or says why nothing in the box is a candidate.
    std::optional<Rule> set_bound(Node& node, const Evaluator& evaluator) const {
      const ClassBox box = boxes_.values_of(node.box);
      if (!boxes_.may_be_legal(box)) {
        return Rule::kIllegal;
      }
      const auto coarse = coarse_(box);
      if (!coarse) {
        return Rule::kTooLarge;
      }
      node.bound = goal_.bound(*coarse);
      if (boxes_.one_class(box) && !excluded_by(node)) {
        const auto fine = evaluator.lower_bound(box, goal_.enough_cycles());
        if (!fine) {
          return Rule::kTooLarge;
        }
        node.bound = goal_.bound(larger(*coarse, *fine));
        node.by_class = true;
      } else if (evaluator.bounds_any_cut(box.mode) && boxes_.one_class_of_rows(box) &&
                 !excluded_by(node)) {
        Figures raised = *coarse;
        raised.cycles =
            std::max(raised.cycles, evaluator.least_of_any_cut(box, goal_.enough_cycles()));
        node.bound = goal_.bound(raised);
        node.by_class = true;
      }
      return std::nullopt;
    }

    /// The more promising half comes to lie on top.
    void branch(const Node& node, const Evaluator& evaluator) {
      const std::size_t before = open_.size();
      const bool rows_first = evaluator.bounds_any_cut(boxes_.values_of(node.box).mode);
      for (const Box& half : boxes_.split(node.box, rows_first)) {
        open(half, evaluator);
      }
      if (open_.size() == before + 2 && LessPromising{}(open_.back(), open_[before])) {
        std::swap(open_.back(), open_[before]);
      }
    }

    const BoxSpace& boxes_;
    const CoarseBound& coarse_;
    Goal goal_;
    const Budget& budget_;
    std::int64_t allowed_;  ///< evaluations
    std::vector<Node> open_;
    std::int64_t evaluated_ = 0;
    Excluded excluded_;
  };

  void open_roots(Goal& goal) {
    Explorer explorer(*this, goal.fork());
    executor_.for_each(1, [&](std::int64_t, Evaluator& evaluator) {
      for (const Box& box : boxes_.roots()) {
        explorer.open(box, evaluator);
      }
    });
    join(explorer, goal);
  }

  void join(const Explorer& explorer, Goal& goal) {
    evaluated_ += explorer.evaluated();
    goal.join(explorer.goal(), evaluated_);
    excluded_.add(explorer.excluded());
    for (const Node& node : explorer.still_open()) {
      open_.push_back(node);
      std::push_heap(open_.begin(), open_.end(), LessPromising{});
    }
  }

  std::vector<Node> take(std::size_t count) {
    std::vector<Node> nodes;
    while (!open_.empty() && nodes.size() < count) {
      std::pop_heap(open_.begin(), open_.end(), LessPromising{});
      nodes.push_back(open_.back());
      open_.pop_back();
    }
    return nodes;
  }

  const BoxSpace boxes_;
  const CoarseBound coarse_;
  Executor& executor_;
  const Budget& budget_;
  std::vector<Node> open_;  ///< a heap
  Int128 evaluated_ = 0;
  Excluded excluded_;
};

}  // namespace tilewright
