// The fewest scores that any cut into tiles computes under a mask.
#pragma once

#include <cstdint>

#include "schedules/shape.h"

namespace tilewright {

/// At most so many tiles.
struct MostTiles {
  std::int64_t q_tiles = 1;
  std::int64_t sub_tiles = 1;
};

/// Scores that a pair computes at least: those that are seen, and others in sub-tiles of which the
/// rows of a tile see a part (docs/search.md).
std::int64_t least_scores(const Shape& shape, const MostTiles& most);

}  // namespace tilewright
