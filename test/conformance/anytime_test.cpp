// What every strategy promises while it is under way: a record, a bound and an incumbent that hold
// whenever it is stopped, and starts that help and do no harm.
#include <catch2/catch.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>

#include "hw_profiles/hardware_yaml.h"
#include "report/result_document.h"
#include "report/result_reader.h"
#include "schedules/schedule.h"
#include "schedules/workload_yaml.h"
#include "search/objectives.h"
#include "search/root_bound.h"
#include "search/strategy.h"
#include "test/support/counts.h"
#include "test/support/random_space.h"

namespace tilewright::test {
namespace {

constexpr std::uint64_t kSeed = 17001;
constexpr std::int64_t kEvaluations = 1500;

Result run(SpaceCase drawn, const Strategy& strategy) {
  drawn.options.strategy = strategy.name();
  if (!strategy.is_exact()) {
    drawn.options.max_evals = kEvaluations;
  }
  return tune(drawn.hardware, drawn.workload, drawn.schedule, drawn.options);
}

double objective_of(const SpaceCase& drawn, const Result& result) {
  const Problem problem = make_problem(drawn.hardware, drawn.workload,
                                       find_schedule(drawn.schedule), drawn.options.variant);
  const Objective objective = find_objective(drawn.options.objective);
  Evaluator evaluator(problem);
  const auto candidate = evaluator.evaluate(*result.tiling, objective);
  REQUIRE(candidate);
  CHECK(candidate->figures.cycles == result.cost.cycles);
  CHECK(candidate->figures.energy_fj == result.cost.energy_fj);
  CHECK(candidate->figures.l1_peak_bytes == result.cost.l1_peak_bytes);
  return objective_value(objective, candidate->figures).to_double();
}

void check_file(const Result& result) {
  ResultSet set;
  set.results = {result};
  const auto stored = parse_results(emit_json(result_document(set, "test")), "result.json");
  REQUIRE(stored.size() == 1);
  CHECK(stored.front().factors.empty() == !result.tiling);
}

void check_record(const Result& result) {
  REQUIRE_FALSE(result.convergence.empty());
  const ConvergencePoint* before = nullptr;
  for (const ConvergencePoint& point : result.convergence) {
    if (point.incumbent) {
      CHECK(point.lower_bound <= *point.incumbent);
    }
    if (before != nullptr) {
      CHECK(point.evaluated >= before->evaluated);
      CHECK(point.seconds >= before->seconds);
      CHECK(point.lower_bound >= before->lower_bound);
      CHECK(point.incumbent.value_or(0) <= before->incumbent.value_or(1e300));
    }
    before = &point;
  }
  CHECK(before->evaluated == result.search.evaluated);
  CHECK(before->seconds == result.search.seconds);
  CHECK(before->lower_bound == result.search.lower_bound);
  CHECK(before->incumbent.has_value() == result.tiling.has_value());
}

TEST_CASE("the record of every strategy falls, keeps above the bound and ends with the result") {
  for (std::int64_t i = 0; i < counted(60); ++i) {
    const SpaceCase drawn = random_space(kSeed + static_cast<std::uint64_t>(i));
    INFO(describe(drawn));
    const Result optimum = run(drawn, pruned_strategy());
    for (const Strategy* strategy : all_strategies()) {
      INFO(strategy->name());
      const Result result = run(drawn, *strategy);
      check_record(result);
      if (result.tiling) {
        CHECK(*result.convergence.back().incumbent == objective_of(drawn, result));
        CHECK(result.search.lower_bound <= objective_of(drawn, optimum));
      }
    }
  }
}

TEST_CASE("the bound of the whole space is above no candidate") {
  for (std::int64_t i = 0; i < counted(200); ++i) {
    const SpaceCase drawn = random_space(kSeed + 10'000 + static_cast<std::uint64_t>(i));
    INFO(describe(drawn));
    const Result optimum = run(drawn, pruned_strategy());
    Problem problem = make_problem(drawn.hardware, drawn.workload, find_schedule(drawn.schedule),
                                   drawn.options.variant);
    const DesignSpace space =
        make_space(problem, drawn.options.variant, drawn.options.tile_sizes, drawn.options.pins);
    const auto bound = root_bound(problem, space, find_objective(drawn.options.objective));
    if (optimum.tiling) {
      REQUIRE(bound);
      CHECK(bound->to_double() <= objective_of(drawn, optimum));
      CHECK(bound->to_double() > 0);
    }
  }
}

TEST_CASE("limits on evaluations are kept to the letter by every strategy") {
  SpaceCase drawn;
  drawn.hardware = load_hardware("mas-edge");
  drawn.workload = load_suite("bert-base").workloads.front();
  drawn.schedule = "mas";
  for (const Strategy* strategy : all_strategies()) {
    drawn.options.strategy = strategy->name();
    for (const std::int64_t limit : {1, 7, 1000, 5003}) {
      INFO(strategy->name() << " " << limit);
      drawn.options.max_evals = limit;
      const Result result = tune(drawn.hardware, drawn.workload, drawn.schedule, drawn.options);
      CHECK(result.search.evaluated <= limit);
      if (strategy != &pruned_strategy()) {
        CHECK(result.search.evaluated == limit);
      }
    }
  }
}

TEST_CASE("stopped at a random moment, every strategy hands over a valid incumbent and bound") {
  SpaceCase drawn;
  drawn.hardware = load_hardware("mas-edge");
  drawn.workload = load_suite("bert-base").workloads.front();
  drawn.schedule = "mas";
  const Result optimum = run(drawn, pruned_strategy());
  Random random(kSeed);
  const auto strategies = all_strategies();
  for (std::int64_t i = 0; i < counted(200); ++i) {
    const Strategy& strategy = *strategies[static_cast<std::size_t>(i) % strategies.size()];
    const std::int64_t microseconds = random.log_between(1, 30'000);
    INFO(strategy.name() << " stopped after " << microseconds << " microseconds");
    std::atomic<bool> stop{false};
    drawn.options.strategy = strategy.name();
    drawn.options.threads = static_cast<int>(random.between(1, 3));
    drawn.options.max_evals = std::int64_t{1} << 40;
    drawn.options.stop = &stop;
    std::thread clock([&] {
      std::this_thread::sleep_for(std::chrono::microseconds(microseconds));
      stop = true;
    });
    const Result result = tune(drawn.hardware, drawn.workload, drawn.schedule, drawn.options);
    clock.join();
    REQUIRE(result.tiling);
    CHECK((result.interrupted || result.proven));
    CHECK(objective_of(drawn, result) >= static_cast<double>(optimum.cost.cycles));
    CHECK(result.search.lower_bound <= static_cast<double>(optimum.cost.cycles));
    CHECK(result.search.lower_bound > 0);
    check_record(result);
    check_file(result);
  }
}

TEST_CASE("a start changes no proof and is never lost") {
  for (std::int64_t i = 0; i < counted(150); ++i) {
    SpaceCase drawn = random_space(kSeed + 20'000 + static_cast<std::uint64_t>(i));
    Random random(drawn.seed);
    const Result cold = run(drawn, pruned_strategy());
    const Tiling start = random_start(random);
    drawn.options.start = start;
    INFO(describe(drawn));
    for (const Strategy* strategy : all_strategies()) {
      INFO(strategy->name());
      const Result warm = run(drawn, *strategy);
      if (strategy->is_exact()) {
        CHECK(warm.tiling == cold.tiling);
        CHECK(warm.cost == cold.cost);
        CHECK(warm.search.evaluated + warm.search.pruned() == warm.search.space);
      }
      if (warm.start == StartUse::kAdapted || warm.start == StartUse::kAsGiven) {
        REQUIRE(warm.tiling);
        CHECK(objective_of(drawn, warm) <= *warm.convergence.front().incumbent);
        CHECK(warm.convergence.front().evaluated == 0);
      }
    }
    if (cold.tiling) {
      drawn.options.start = cold.tiling;
      for (const Strategy* strategy : all_strategies()) {
        INFO(strategy->name());
        const Result warm = run(drawn, *strategy);
        CHECK(warm.start == StartUse::kAsGiven);
        CHECK(warm.tiling == cold.tiling);
      }
    }
  }
}

}  // namespace
}  // namespace tilewright::test
