// The genetic strategy and its parameters. benchmarks/README.md has the experiment behind them.
#pragma once

#include "search/strategy.h"

namespace tilewright {

struct GeneticParameters {
  std::int64_t islands = 8;      ///< populations that evolve in parallel
  std::size_t population = 24;   ///< of an island
  std::size_t elite = 2;         ///< the best of an island that live on
  std::int64_t tournament = 3;   ///< individuals of which the best becomes a parent
  std::int64_t mutation = 30;    ///< percent, for the mode and for every size
  std::int64_t generations = 8;  ///< between two migrations
};

SearchOutcome run_genetic(const SearchTask& task, const GeneticParameters& parameters);

}  // namespace tilewright
