#include "search/point.h"

#include <algorithm>

namespace tilewright {

Tiling tiling_at(const DesignSpace& space, const Point& point) {
  return tiling_of(space.modes[point.mode], space.axes[0].value(point.index[0]),
                   space.axes[1].value(point.index[1]), space.axes[2].value(point.index[2]));
}

Point random_point(const DesignSpace& space, Random& random) {
  Point point;
  point.mode = random.below(space.modes.size());
  for (std::size_t axis = 0; axis < kAxes; ++axis) {
    point.index[axis] = random.log_between(1, space.axes[axis].size()) - 1;
  }
  return point;
}

std::size_t nearest_mode(const DesignSpace& space, const Mode& wanted) {
  const auto alike = [&wanted](const Mode& mode) {
    return (mode.kv_resident == wanted.kv_resident) + (mode.buffers == wanted.buffers) +
           (mode.lookahead == wanted.lookahead) + (mode.overwrite == wanted.overwrite) +
           (mode.core_split == wanted.core_split);
  };
  const auto nearest =
      std::max_element(space.modes.begin(), space.modes.end(),
                       [&](const Mode& a, const Mode& b) { return alike(a) < alike(b); });
  return static_cast<std::size_t>(nearest - space.modes.begin());
}

Point nearest_point(const DesignSpace& space, const Tiling& tiling) {
  Point point;
  point.mode = nearest_mode(space, {tiling.kv_resident, tiling.buffers, tiling.lookahead,
                                    tiling.overwrite, tiling.core_split});
  const std::array<std::int64_t, kAxes> sizes{tiling.heads, tiling.q_rows, tiling.kv_cols};
  for (std::size_t axis = 0; axis < kAxes; ++axis) {
    const Axis& a = space.axes[axis];
    const std::int64_t above = a.first_not_below(sizes[axis]);
    const bool has = above < a.size() && a.value(above) == sizes[axis];
    point.index[axis] = has ? above : std::max<std::int64_t>(0, above - 1);
  }
  return point;
}

std::int64_t index_of_tiles(const Axis& axis, std::int64_t tiles) {
  const std::int64_t count = std::clamp<std::int64_t>(tiles, 1, axis.length());
  return std::min(axis.size() - 1, axis.first_not_below(ceil_div(axis.length(), count)));
}

std::int64_t near_index(const Axis& axis, std::int64_t index, Random& random) {
  if (random.chance(50)) {
    const std::int64_t reach = std::max<std::int64_t>(1, index / 8);
    return std::clamp<std::int64_t>(index + random.between(-reach, reach), 0, axis.size() - 1);
  }
  const std::int64_t tiles = ceil_div(axis.length(), axis.value(index));
  return index_of_tiles(axis, tiles + random.between(-1, 1));
}

bool may_run(const Evaluator& evaluator, const Tiling& tiling) {
  return is_legal(evaluator.problem().shape, tiling) && evaluator.fits(tiling);
}

bool repair(const DesignSpace& space, const Evaluator& evaluator, Random& random, Point& point) {
  while (!may_run(evaluator, tiling_at(space, point))) {
    auto& index = point.index;
    const auto widest =
        static_cast<std::size_t>(std::max_element(index.begin(), index.end()) - index.begin());
    if (index[widest] == 0) {
      return false;
    }
    const std::size_t any = random.below(kAxes);
    const std::size_t axis = random.chance(50) && index[any] > 0 ? any : widest;
    const Axis& a = space.axes[axis];
    const std::int64_t half = a.first_not_below(a.value(index[axis]) / 2);
    index[axis] = std::min(half, index[axis] - 1);
  }
  return true;
}

}  // namespace tilewright
