// Places in the design space, and how strategies that draw at random move among them.
#pragma once

#include "search/random.h"
#include "search/space.h"

namespace tilewright {

/// A candidate by its mode and its indices on the axes.
struct Point {
  std::size_t mode = 0;
  std::array<std::int64_t, kAxes> index{};
  bool operator==(const Point&) const = default;
};

Tiling tiling_at(const DesignSpace& space, const Point& point);

/// Any mode; sizes log-uniform.
Point random_point(const DesignSpace& space, Random& random);

/// The mode that has the most factors of `wanted`; of several the first.
std::size_t nearest_mode(const DesignSpace& space, const Mode& wanted);

/// The candidate with the mode and the sizes of a tiling; what the space lacks is replaced by what
/// is nearest: sizes by the next smaller one.
Point nearest_point(const DesignSpace& space, const Tiling& tiling);

/// The index of the smallest size that cuts the axis into at most `tiles`: of equally many tiles,
/// the most even ones.
std::int64_t index_of_tiles(const Axis& axis, std::int64_t tiles);

/// A small step, or the most even cut into one tile more, one less or as many.
std::int64_t near_index(const Axis& axis, std::int64_t index, Random& random);

/// Whether the candidate is legal and fits L1 and the accumulators. No evaluation.
bool may_run(const Evaluator& evaluator, const Tiling& tiling);

/// Halves sizes of `point`, at random but the longest more often, until may_run(). False if even
/// the smallest sizes of the mode do not.
bool repair(const DesignSpace& space, const Evaluator& evaluator, Random& random, Point& point);

}  // namespace tilewright
