// How strategies do on many cases whose optimum is known: the figures of bench-search.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "search/result.h"

namespace tilewright {

/// What all searches of a comparison may use up, each on its own.
enum class EqualLimit : std::uint8_t { kEvaluations, kTime };

/// One search. "Near" is within 1 % of the optimum.
struct StrategyRun {
  double value = 0;  ///< objective of what it found
  std::optional<double> evaluations_to_near;
  std::optional<double> seconds_to_near;
};

/// Of a search with a tiling.
StrategyRun strategy_run(const Result& result, double optimum);

/// One strategy on one workload and schedule: medians over the seeds (of an even number, the worse
/// one of the two in the middle). A median of times is empty if half of the searches came not near.
struct StrategyCase {
  EqualLimit limit = EqualLimit::kEvaluations;
  std::string strategy;
  std::string workload;
  std::string schedule;
  std::size_t seeds = 0;
  double optimum = 0;
  StrategyRun median;

  double ratio() const { return median.value / optimum; }
};

StrategyRun median_run(std::span<const StrategyRun> runs);

/// One strategy over all cases.
struct StrategySummary {
  EqualLimit limit = EqualLimit::kEvaluations;
  std::string strategy;
  std::size_t cases = 0;
  double optimal = 0;   ///< share of cases, 0 to 1
  double within_1 = 0;  ///< percent of the optimum
  double within_5 = 0;
  double mean_ratio = 1;  ///< geometric, to the optimum
  double worst_ratio = 1;
  std::optional<double> evaluations_to_near;  ///< medians over the cases
  std::optional<double> seconds_to_near;
};

/// By limit and strategy, in order of appearance.
std::vector<StrategySummary> summaries(std::span<const StrategyCase> cases);

}  // namespace tilewright
