// The interface of a search strategy. A new one is one .cpp, one row in strategies.cpp and one
// CMake line. A strategy decides what to look at; the executor owns the threads, the budget says
// when to stop.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string_view>

#include "search/boxes.h"
#include "search/budget.h"
#include "search/excluded.h"
#include "search/executor.h"
#include "search/front.h"
#include "search/point.h"
#include "search/space.h"
#include "search/trace.h"

namespace tilewright {

/// Told of every box that a rule excludes, with the incumbent at that moment, on the thread that
/// does (none where a front is sought): so that tests can try every candidate of it.
using OnExcluded = std::function<void(Rule, const Box&, const std::optional<Candidate>& incumbent)>;

struct SearchTask {
  const Problem& problem;
  const DesignSpace& space;
  Objective objective;
  std::uint64_t seed;
  Executor& executor;
  const Budget& budget;
  Trace& trace;                    ///< is told of every better incumbent and bound
  std::optional<Candidate> start;  ///< a candidate of the space, to begin with
  const OnExcluded* on_excluded = nullptr;
};

struct SearchOutcome {
  std::optional<Candidate> best;
  /// Nothing in the space ranks before `best` (or, without one, nothing fits).
  bool proven = false;
  /// No candidate's objective is below; only where proven is false and a bound is known.
  std::optional<Wide> lower_bound;
  Int128 evaluated = 0;
  Excluded excluded;  ///< without evaluating each
};

struct FrontTask {
  const Problem& problem;
  const DesignSpace& space;
  const FrontAxes& axes;
  Executor& executor;
  const Budget& budget;
  Front start;                  ///< points of candidates of the space, to begin with
  FrontTrace* trace = nullptr;  ///< is told how the front grows, if anyone wants to know
  const OnExcluded* on_excluded = nullptr;
};

struct FrontOutcome {
  std::vector<FrontPoint> points;
  /// No candidate of the space is missing that no other one covers.
  bool proven = false;
  double gap = 0;  ///< front_gap()
  Int128 evaluated = 0;
  Excluded excluded;
};

/// Keeps the better of two by the documented order.
class Incumbent {
 public:
  explicit Incumbent(Objective objective, const std::optional<Candidate>& start = std::nullopt)
      : objective_(objective) {
    offer(start);
  }
  bool offer(const Candidate& candidate);
  bool offer(const std::optional<Candidate>& candidate) { return candidate && offer(*candidate); }
  const std::optional<Candidate>& best() const { return best_; }
  const RankKey& key() const { return key_; }

 private:
  Objective objective_;
  std::optional<Candidate> best_;
  RankKey key_;
};

class Strategy {
 public:
  virtual ~Strategy() = default;
  virtual std::string_view name() const = 0;
  virtual std::string_view summary() const = 0;
  /// Ends by itself, with the optimum, and draws nothing at random.
  virtual bool is_exact() const { return false; }
  virtual SearchOutcome run(const SearchTask& task) const = 0;
  /// The front instead of one candidate; empty if the strategy finds none.
  virtual std::optional<FrontOutcome> run_front(const FrontTask&) const { return std::nullopt; }
};

const Strategy& exhaustive_strategy();
const Strategy& pruned_strategy();
const Strategy& genetic_strategy();
const Strategy& mcts_strategy();
const Strategy& random_strategy();

/// All strategies, default first.
std::span<const Strategy* const> all_strategies();

/// Throws InputError with the nearest name.
const Strategy& find_strategy(std::string_view name);

/// Evaluates one candidate if it is legal.
std::optional<Candidate> try_candidate(Evaluator& evaluator, const Tiling& tiling,
                                       Objective objective);

}  // namespace tilewright
