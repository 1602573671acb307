// What bench-search found, for people and as comma-separated values.
#pragma once

#include <span>
#include <string>

#include "search/strategy_comparison.h"

namespace tilewright {

/// How the searches were run.
struct StrategyBench {
  std::string hw;
  std::string workload;
  std::string objective;
  std::int64_t evaluations = 0;
  double seconds = 0;
  std::size_t seeds = 0;
};

/// One row a strategy, first at equal evaluations, then at equal time.
std::string strategy_table(const StrategyBench& bench, std::span<const StrategyCase> cases);

/// One row for each limit, workload, schedule and strategy; docs/file_formats.md has the columns.
std::string strategy_csv(const StrategyBench& bench, std::span<const StrategyCase> cases);

}  // namespace tilewright
