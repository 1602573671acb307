// A genetic search over the factors, the family that GAMMA (Kao, Krishna, ICCAD 2020) made usual
// for mappings: tournament selection, crossover and mutation factor by factor, repair to
// feasibility, elitism. A fixed number of islands evolve on their own and pass on their best, so
// that the answer does not depend on the number of threads.
#include "search/genetic.h"

#include <algorithm>

#include "search/course.h"

namespace tilewright {
namespace {

struct Individual {
  Point point;
  std::optional<Candidate> candidate;  ///< empty: infeasible
};

class Island {
 public:
  Island(const SearchTask& task, const GeneticParameters& parameters, std::uint64_t number)
      : task_(task), parameters_(parameters), random_(Random::of(task.seed, 0, number)) {
    if (task.start) {
      people_.push_back({nearest_point(task.space, task.start->tiling), task.start});
    }
  }

  /// Generation after generation, as far as the probe allows.
  void evolve(Probe& probe, Evaluator& evaluator) {
    while (probe.may_go_on()) {
      std::vector<Individual> next(
          people_.begin(),
          people_.begin() + static_cast<std::ptrdiff_t>(std::min(elite(), people_.size())));
      for (std::size_t i = 0; i < parameters_.population && probe.may_go_on(); ++i) {
        Point child = is_founded_ ? offspring() : random_point(task_.space, random_);
        // Where even the smallest sizes do not fit, the evaluation says so.
        repair(task_.space, evaluator, random_, child);
        next.push_back({child, probe.evaluate(evaluator, tiling_at(task_.space, child))});
      }
      is_founded_ = true;
      people_ = std::move(next);
      keep_best();
    }
  }

  const std::vector<Individual>& people() const { return people_; }

  void welcome(const Individual& newcomer) {
    people_.back() = newcomer;
    keep_best();
  }

 private:
  std::size_t elite() const { return is_founded_ ? parameters_.elite : people_.size(); }

  void keep_best() {
    const auto better = [this](const Individual& a, const Individual& b) {
      if (!a.candidate || !b.candidate) {
        return a.candidate.has_value() && !b.candidate.has_value();
      }
      return ranks_before(task_.objective, *a.candidate, *b.candidate);
    };
    std::stable_sort(people_.begin(), people_.end(), better);
    people_.resize(std::min(people_.size(), parameters_.population));
  }

  /// Of sorted individuals, the first of a few drawn ones wins.
  const Point& select() {
    std::size_t winner = people_.size() - 1;
    for (std::int64_t i = 0; i < parameters_.tournament; ++i) {
      winner = std::min(winner, random_.below(people_.size()));
    }
    return people_[winner].point;
  }

  /// Mutated until it is none of the population.
  Point offspring() {
    constexpr int kTries = 4;
    const Point& mother = select();
    const Point& father = select();
    Point child = crossed(mother, father);
    for (int i = 0; i < kTries; ++i) {
      mutate(child);
      if (std::none_of(people_.begin(), people_.end(),
                       [&](const Individual& person) { return person.point == child; })) {
        break;
      }
    }
    return child;
  }

  /// Every factor of either parent.
  Point crossed(const Point& a, const Point& b) {
    Point child = a;
    for (std::size_t axis = 0; axis < kAxes; ++axis) {
      if (random_.chance(50)) {
        child.index[axis] = b.index[axis];
      }
    }
    if (a.mode != b.mode) {
      child.mode = mixed_mode(a.mode, b.mode);
    }
    return child;
  }

  std::size_t mixed_mode(std::size_t a, std::size_t b) {
    Mode mode = task_.space.modes[a];
    const Mode& other = task_.space.modes[b];
    const auto take = [this](auto& factor, const auto& value) {
      if (random_.chance(50)) {
        factor = value;
      }
    };
    take(mode.kv_resident, other.kv_resident);
    take(mode.buffers, other.buffers);
    take(mode.lookahead, other.lookahead);
    take(mode.overwrite, other.overwrite);
    take(mode.core_split, other.core_split);
    return nearest_mode(task_.space, mode);
  }

  void mutate(Point& point) {
    if (random_.chance(parameters_.mutation)) {
      point.mode = mixed_mode(point.mode, random_.below(task_.space.modes.size()));
    }
    for (std::size_t axis = 0; axis < kAxes; ++axis) {
      if (random_.chance(parameters_.mutation)) {
        point.index[axis] = mutated_index(task_.space.axes[axis], point.index[axis]);
      }
    }
  }

  /// A fresh value, or one near.
  std::int64_t mutated_index(const Axis& axis, std::int64_t index) {
    return random_.chance(33) ? random_.log_between(1, axis.size()) - 1
                              : near_index(axis, index, random_);
  }

  const SearchTask& task_;
  const GeneticParameters& parameters_;
  Random random_;
  bool is_founded_ = false;
  std::vector<Individual> people_;  ///< sorted
};

/// Every island's best goes to the next one.
void migrate(std::vector<Island>& islands) {
  std::vector<Individual> best;
  best.reserve(islands.size());
  for (const Island& island : islands) {
    best.push_back(island.people().front());
  }
  for (std::size_t i = 0; i < islands.size(); ++i) {
    islands[(i + 1) % islands.size()].welcome(best[i]);
  }
}

class Genetic final : public Strategy {
 public:
  std::string_view name() const override { return "genetic"; }
  std::string_view summary() const override {
    return "islands of tilings that are crossed and mutated factor by factor";
  }
  SearchOutcome run(const SearchTask& task) const override { return run_genetic(task, {}); }
};

}  // namespace

SearchOutcome run_genetic(const SearchTask& task, const GeneticParameters& parameters) {
  std::vector<Island> islands;
  for (std::int64_t i = 0; i < parameters.islands; ++i) {
    islands.emplace_back(task, parameters, static_cast<std::uint64_t>(i));
  }
  Course course(task);
  const std::int64_t each =
      parameters.generations * static_cast<std::int64_t>(parameters.population);
  while (!course.finished()) {
    course.round(parameters.islands, each, [&](std::int64_t i, Probe& probe, Evaluator& evaluator) {
      islands[static_cast<std::size_t>(i)].evolve(probe, evaluator);
    });
    if (!course.finished()) {
      migrate(islands);
    }
  }
  return course.outcome();
}

const Strategy& genetic_strategy() {
  static const Genetic strategy;
  return strategy;
}

}  // namespace tilewright
