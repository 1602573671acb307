// The strategy mcts and its parameters. benchmarks/README.md has the experiment behind them.
#pragma once

#include "search/strategy.h"

namespace tilewright {

struct MctsParameters {
  std::int64_t trees = 8;      ///< independent, grown in parallel
  double exploration = 0.7;    ///< weight of UCT's second term; rewards are from 0 to 1
  double best_share = 0.5;     ///< of a node's reward: its best one, the rest is the mean
  double widening = 2;         ///< a node of n visits has at most widening * sqrt(n) children
  std::int64_t informed = 25;  ///< percent of rollouts that complete a prefix as its best one was
  std::int64_t local = 50;     ///< percent of new children beside the best child
};

SearchOutcome run_mcts(const SearchTask& task, const MctsParameters& parameters);

}  // namespace tilewright
