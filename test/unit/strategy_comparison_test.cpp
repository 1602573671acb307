#include <catch2/catch.hpp>

#include <array>
#include <vector>

#include "report/convergence.h"
#include "report/strategy_table.h"
#include "search/strategy_comparison.h"

namespace tilewright::test {
namespace {

Result recorded(std::vector<ConvergencePoint> points) {
  Result result;
  result.strategy = "genetic";
  result.workload = "bert, base";
  result.schedule = "mas";
  result.seed = 3;
  result.convergence = std::move(points);
  return result;
}

TEST_CASE("a run is near from the first incumbent within 1 % of the optimum") {
  const Result result = recorded(
      {{0, 0.0, std::nullopt, 90}, {5, 0.1, 120, 90}, {8, 0.2, 101, 90}, {20, 0.4, 100, 90}});
  const StrategyRun run = strategy_run(result, 100);
  CHECK(run.value == 100);
  CHECK(run.evaluations_to_near == 8.0);
  CHECK(run.seconds_to_near == 0.2);
  CHECK_FALSE(strategy_run(result, 98).evaluations_to_near);
}

TEST_CASE("medians over seeds count a run that came not near as the slowest") {
  const std::array runs{StrategyRun{100, 10, 1.0}, StrategyRun{130, std::nullopt, std::nullopt},
                        StrategyRun{100, 30, 0.5}};
  const StrategyRun median = median_run(runs);
  CHECK(median.value == 100);
  CHECK(median.evaluations_to_near == 30.0);
  CHECK(median.seconds_to_near == 1.0);
  CHECK_FALSE(median_run(std::array{runs[1], runs[1], runs[0]}).evaluations_to_near);
}

TEST_CASE("a summary has the shares, the geometric mean and the worst of the ratios") {
  std::vector<StrategyCase> cases;
  for (const double value : {100.0, 101.0, 104.0, 110.0}) {
    cases.push_back({EqualLimit::kEvaluations, "mcts", "w", "s", 1, 100, {value, 7, 0.1}});
    cases.push_back({EqualLimit::kTime, "mcts", "w", "s", 1, 100, {100, 9, 0.3}});
  }
  const std::vector<StrategySummary> all = summaries(cases);
  REQUIRE(all.size() == 2);
  CHECK(all[0].limit == EqualLimit::kEvaluations);
  CHECK(all[0].cases == 4);
  CHECK(all[0].optimal == 0.25);
  CHECK(all[0].within_1 == 0.5);
  CHECK(all[0].within_5 == 0.75);
  CHECK(all[0].mean_ratio == Approx(1.03678).epsilon(1e-5));
  CHECK(all[0].worst_ratio == Approx(1.1));
  CHECK(all[1].optimal == 1.0);
  CHECK(all[1].seconds_to_near == 0.3);
}

TEST_CASE("the CSV of a comparison has one row a case and limit") {
  const std::array cases{
      StrategyCase{EqualLimit::kEvaluations, "mcts", "a,b", "mas", 5, 100, {103, {}, {}}},
      StrategyCase{EqualLimit::kTime, "mcts", "a,b", "mas", 5, 100, {100, 12, 0.25}}};
  const StrategyBench bench{"machine", "suite", "latency", 500, 0.5, 5};
  CHECK(strategy_csv(bench, cases) ==
        "hw,limit,strategy,workload,schedule,objective,seeds,optimum,found,ratio,"
        "evaluations_to_1_percent,seconds_to_1_percent\n"
        "machine,500 evaluations,mcts,\"a,b\",mas,latency,5,100,103,1.030000,,\n"
        "machine,0.5 s,mcts,\"a,b\",mas,latency,5,100,100,1.000000,12,0.250000\n");
  CHECK(strategy_table(bench, {}).empty());
}

TEST_CASE("the CSV of a record leaves the incumbent open until there is one") {
  ResultSet set;
  set.results = {recorded({{0, 0, std::nullopt, 90}, {5, 0.25, 120.5, 100}})};
  CHECK(convergence_csv(set) ==
        "strategy,workload,schedule,seed,evaluations,seconds,incumbent,bound\n"
        "genetic,\"bert, base\",mas,3,0,0.000000,,90\n"
        "genetic,\"bert, base\",mas,3,5,0.250000,120.5,100\n");
}

}  // namespace
}  // namespace tilewright::test
