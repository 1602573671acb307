#include "search/root_bound.h"

#include <algorithm>

#include "costmodel/coarse_bound.h"
#include "search/boxes.h"

namespace tilewright {

std::optional<Wide> root_bound(const Problem& problem, const DesignSpace& space,
                               Objective objective) {
  const BoxSpace boxes(problem, space);
  const CoarseBound coarse(problem);
  std::optional<Wide> least;
  for (const Box& root : boxes.roots()) {
    const ClassBox box = boxes.values_of(root);
    if (!boxes.may_be_legal(box)) {
      continue;
    }
    if (const auto figures = coarse(box)) {
      const Wide bound = objective_value(objective, *figures);
      least = least ? std::min(*least, bound) : bound;
    }
  }
  return least;
}

}  // namespace tilewright
