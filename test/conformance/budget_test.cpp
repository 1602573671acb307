// A search that is stopped hands over what it has: a valid incumbent and a bound that holds.
#include <catch2/catch.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

#include "hw_profiles/hardware_yaml.h"
#include "schedules/workload_yaml.h"
#include "search/strategy.h"
#include "search/tune.h"
#include "test/support/counts.h"
#include "test/support/random_space.h"

namespace tilewright::test {
namespace {

struct Job {
  Hardware hardware = load_hardware("mas-edge");
  Workload workload = load_suite("bert-large").workloads.at(0);
  TuneOptions options;

  explicit Job(const std::string& strategy) { options.strategy = strategy; }
  Result run() const { return tune(hardware, workload, "mas", options); }
};

void check_valid(const Job& job, const Result& result, const Result& optimum) {
  CHECK(result.search.lower_bound <= static_cast<double>(optimum.cost.cycles));
  CHECK(result.gap >= 0.0);
  CHECK(result.gap <= 1.0);
  if (!result.tiling) {
    return;
  }
  CHECK(result.cost.cycles >= optimum.cost.cycles);
  CHECK(result.cost.l1_peak_bytes <= job.hardware.l1.capacity_bytes);
  const double gap = (static_cast<double>(result.cost.cycles) - result.search.lower_bound) /
                     static_cast<double>(result.cost.cycles);
  if (!result.proven) {
    CHECK(result.gap == Approx(gap));
  }
}

TEST_CASE("every strategy stops at once when the stop flag is set, and says so") {
  const Result optimum = Job("pruned").run();
  for (const Strategy* strategy : all_strategies()) {
    INFO(strategy->name());
    const std::atomic<bool> stop{true};
    Job job{std::string(strategy->name())};
    job.options.stop = &stop;
    const Result result = job.run();
    CHECK(result.interrupted);
    CHECK_FALSE(result.proven);
    check_valid(job, result, optimum);
  }
}

TEST_CASE("a limit that comes before the first candidate is no reason to say that nothing fits") {
  const Result optimum = Job("pruned").run();
  for (const Strategy* strategy : all_strategies()) {
    INFO(strategy->name());
    Job job{std::string(strategy->name())};
    job.options.time_limit_s = 1e-9;
    const Result result = job.run();
    CHECK_FALSE(result.shortfall);
    REQUIRE(result.tiling);
    CHECK_FALSE(result.proven);
    check_valid(job, result, optimum);
  }
}

TEST_CASE("every strategy keeps its time limit and hands over an incumbent") {
  const Result optimum = Job("pruned").run();
  for (const Strategy* strategy : all_strategies()) {
    INFO(strategy->name());
    Job job{std::string(strategy->name())};
    job.options.time_limit_s = 0.05;
    job.options.max_evals = std::int64_t{1} << 40;
    const auto begin = std::chrono::steady_clock::now();
    const Result result = job.run();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    CHECK(took.count() < 20.0);
    CHECK(result.tiling);
    check_valid(job, result, optimum);
  }
}

TEST_CASE("more evaluations never loosen what pruned can prove") {
  const Result optimum = Job("pruned").run();
  REQUIRE(optimum.proven);
  double bound = 0;
  double value = 1e18;
  for (const std::int64_t limit : {1, 10, 100, 1000}) {
    INFO("max_evals " << limit);
    Job job("pruned");
    job.options.max_evals = limit;
    const Result result = job.run();
    check_valid(job, result, optimum);
    CHECK(result.search.evaluated + result.search.pruned() <= result.search.space);
    CHECK(result.search.lower_bound >= bound);
    bound = result.search.lower_bound;
    if (result.tiling) {
      CHECK(static_cast<double>(result.cost.cycles) <= value);
      value = static_cast<double>(result.cost.cycles);
    }
  }
}

TEST_CASE("on random spaces a limited pruned search brackets the optimum") {
  for (std::int64_t i = 0; i < counted(300); ++i) {
    SpaceCase drawn = random_space(13'001 + static_cast<std::uint64_t>(i));
    drawn.options.objective = "latency";
    INFO(describe(drawn));
    const Result optimum = tune(drawn.hardware, drawn.workload, drawn.schedule, drawn.options);
    drawn.options.max_evals = 1 + i % 20;
    const Result result = tune(drawn.hardware, drawn.workload, drawn.schedule, drawn.options);
    if (!optimum.tiling) {
      REQUIRE_FALSE(result.tiling);
      continue;
    }
    REQUIRE(result.search.lower_bound <= static_cast<double>(optimum.cost.cycles));
    REQUIRE((!result.tiling || result.cost.cycles >= optimum.cost.cycles));
    REQUIRE((!result.proven || result.tiling == optimum.tiling));
  }
}

}  // namespace
}  // namespace tilewright::test
