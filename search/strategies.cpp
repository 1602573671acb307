#include <array>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "common/error.h"
#include "common/text.h"
#include "search/strategy.h"

namespace tilewright {

std::span<const Strategy* const> all_strategies() {
  static const std::array<const Strategy*, 5> table{
      &pruned_strategy(), &exhaustive_strategy(), &genetic_strategy(),
      &mcts_strategy(),   &random_strategy(),
  };
  return table;
}

const Strategy& find_strategy(std::string_view name) {
  std::vector<std::string> names;
  for (const Strategy* strategy : all_strategies()) {
    if (strategy->name() == name) {
      return *strategy;
    }
    names.emplace_back(strategy->name());
  }
  throw InputError(
      fmt::format("unknown strategy '{}'{}", printable(name), suggestion(name, names)));
}

bool Incumbent::offer(const Candidate& candidate) {
  const RankKey key = rank_key(objective_, candidate.figures);
  const bool better = !best_ || key < key_ || (key == key_ && candidate.tiling < best_->tiling);
  if (better) {
    best_ = candidate;
    key_ = key;
  }
  return better;
}

std::optional<Candidate> try_candidate(Evaluator& evaluator, const Tiling& tiling,
                                       Objective objective) {
  return is_legal(evaluator.problem().shape, tiling) ? evaluator.evaluate(tiling, objective)
                                                     : std::nullopt;
}

}  // namespace tilewright
