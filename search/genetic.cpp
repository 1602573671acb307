// A genetic search over the factors: tournament selection, uniform crossover per factor, mutation
// by steps on a logarithmic scale, repair to feasibility by halving tiles, elitism. A generation's
// offspring are made from the seed and their number alone, so that the answer does not depend on
// the number of threads.
#include <algorithm>
#include <cmath>
#include <vector>

#include "search/random.h"
#include "search/strategy.h"

namespace tilewright {
namespace {

constexpr std::int64_t kPopulation = 96;
constexpr std::size_t kElite = 8;
constexpr std::int64_t kTournament = 3;
constexpr std::int64_t kDefaultEvaluations = 20'000;
constexpr int kRepairs = 24;
constexpr std::int64_t kMutationPercent = 30;

struct Genome {
  std::size_t mode = 0;
  std::array<std::int64_t, kAxes> index{};
};

struct Individual {
  Genome genome;
  std::optional<Candidate> candidate;
  std::int64_t evaluations = 0;
};

class Breeder {
 public:
  explicit Breeder(const SearchTask& task) : task_(task) {}

  Individual random_individual(Random random, Evaluator& evaluator) const {
    Genome genome;
    genome.mode = pick_mode(random);
    for (std::size_t axis = 0; axis < kAxes; ++axis) {
      genome.index[axis] = random.log_between(1, task_.space.axes[axis].size()) - 1;
    }
    return repaired(genome, random, evaluator);
  }

  Individual offspring(const std::vector<Individual>& parents, Random random,
                       Evaluator& evaluator) const {
    const Genome& a = select(parents, random);
    const Genome& b = select(parents, random);
    Genome child = a;
    if (random.chance(50)) {
      child.mode = b.mode;
    }
    for (std::size_t axis = 0; axis < kAxes; ++axis) {
      if (random.chance(50)) {
        child.index[axis] = b.index[axis];
      }
    }
    mutate(child, random);
    return repaired(child, random, evaluator);
  }

 private:
  std::size_t pick_mode(Random& random) const {
    return static_cast<std::size_t>(
        random.between(0, static_cast<std::int64_t>(task_.space.modes.size()) - 1));
  }

  const Genome& select(const std::vector<Individual>& parents, Random& random) const {
    // Parents are sorted: the smallest of a few numbers is the tournament's winner.
    std::int64_t best = static_cast<std::int64_t>(parents.size()) - 1;
    for (std::int64_t i = 0; i < kTournament; ++i) {
      best = std::min(best, random.between(0, static_cast<std::int64_t>(parents.size()) - 1));
    }
    return parents[static_cast<std::size_t>(best)].genome;
  }

  void mutate(Genome& genome, Random& random) const {
    if (random.chance(kMutationPercent)) {
      genome.mode = pick_mode(random);
    }
    for (std::size_t axis = 0; axis < kAxes; ++axis) {
      if (random.chance(kMutationPercent)) {
        genome.index[axis] = mutated_index(axis, genome.index[axis], random);
      }
    }
  }

  /// A fresh value, a small step, or the smallest tile of a nearby tile count.
  std::int64_t mutated_index(std::size_t axis, std::int64_t index, Random& random) const {
    const Axis& a = task_.space.axes[axis];
    const std::int64_t last = a.size() - 1;
    const std::int64_t kind = random.between(0, 2);
    if (kind == 0) {
      return random.log_between(1, a.size()) - 1;
    }
    if (kind == 1) {
      const std::int64_t reach = std::max<std::int64_t>(1, index / 8);
      return std::clamp<std::int64_t>(index + random.between(-reach, reach), 0, last);
    }
    const std::int64_t tiles = ceil_div(a.length(), a.value(index));
    const std::int64_t wanted =
        std::clamp<std::int64_t>(tiles + random.between(-1, 1), 1, a.length());
    return std::min(last, a.first_not_below(ceil_div(a.length(), wanted)));
  }

  Individual repaired(Genome genome, Random& random, Evaluator& evaluator) const {
    Individual individual{genome, std::nullopt, 0};
    for (int repair = 0; repair < kRepairs; ++repair) {
      ++individual.evaluations;
      individual.candidate = try_candidate(evaluator, tiling(individual.genome), task_.objective);
      if (individual.candidate) {
        break;
      }
      auto& index = individual.genome.index;
      const auto axis = static_cast<std::size_t>(random.between(0, kAxes - 1));
      const auto widest =
          static_cast<std::size_t>(std::max_element(index.begin(), index.end()) - index.begin());
      index[random.chance(50) ? axis : widest] /= 2;
    }
    return individual;
  }

  Tiling tiling(const Genome& genome) const {
    std::array<std::int64_t, kAxes> value{};
    for (std::size_t axis = 0; axis < kAxes; ++axis) {
      value[axis] = task_.space.axes[axis].value(genome.index[axis]);
    }
    return tiling_of(task_.space.modes[genome.mode], value[0], value[1], value[2]);
  }

  const SearchTask& task_;
};

class Genetic final : public Strategy {
 public:
  std::string_view name() const override { return "genetic"; }
  std::string_view summary() const override {
    return "seeded genetic search; 20,000 evaluations unless --max-evals says otherwise";
  }

  SearchOutcome run(const SearchTask& task) const override {
    const Breeder breeder(task);
    Incumbent incumbent(task.objective);
    SearchOutcome outcome;
    std::vector<Individual> population;
    for (std::uint64_t generation = 0; !finished(task, outcome); ++generation) {
      std::vector<Individual> next(static_cast<std::size_t>(kPopulation));
      task.executor.for_each(kPopulation, [&](std::int64_t i, Evaluator& evaluator) {
        Random random = Random::of(task.seed, generation, static_cast<std::uint64_t>(i));
        next[static_cast<std::size_t>(i)] = generation == 0
                                                ? breeder.random_individual(random, evaluator)
                                                : breeder.offspring(population, random, evaluator);
      });
      for (const Individual& individual : next) {
        outcome.evaluated += individual.evaluations;
        incumbent.offer(individual.candidate);
      }
      survive(task.objective, population, std::move(next));
    }
    outcome.best = incumbent.best();
    return outcome;
  }

 private:
  static bool finished(const SearchTask& task, const SearchOutcome& outcome) {
    const bool limited = task.budget.limits_evaluations();
    return task.budget.spent(outcome.evaluated) ||
           (!limited && outcome.evaluated >= kDefaultEvaluations);
  }

  /// The new generation and the best few of the old one, best first.
  static void survive(Objective objective, std::vector<Individual>& population,
                      std::vector<Individual> next) {
    population.resize(std::min(population.size(), kElite));
    population.insert(population.end(), next.begin(), next.end());
    std::stable_sort(population.begin(), population.end(),
                     [objective](const Individual& a, const Individual& b) {
                       if (!a.candidate || !b.candidate) {
                         return a.candidate.has_value() && !b.candidate.has_value();
                       }
                       return ranks_before(objective, *a.candidate, *b.candidate);
                     });
    population.resize(static_cast<std::size_t>(kPopulation));
  }
};

}  // namespace

const Strategy& genetic_strategy() {
  static const Genetic strategy;
  return strategy;
}

}  // namespace tilewright
