// The levels of the trees of mcts: which factor each fixes, and which values can fit.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "costmodel/coarse_bound.h"
#include "search/boxes.h"
#include "search/point.h"

namespace tilewright {

inline constexpr std::size_t kModeFactors = 5;
inline constexpr std::size_t kLevels = kModeFactors + kAxes;

inline std::array<std::int64_t, kModeFactors> factors_of(const Mode& mode) {
  return {static_cast<std::int64_t>(mode.core_split), mode.kv_resident ? 1 : 0, mode.lookahead,
          static_cast<std::int64_t>(mode.overwrite), mode.buffers};
}

/// The largest index up to `most` for which fits(index), if that holds up to some index; else 0.
template <typename Fits>
std::int64_t largest_index(std::int64_t most, const Fits& fits) {
  if (most == 0 || fits(most)) {
    return most;
  }
  std::int64_t low = 0;
  std::int64_t high = most - 1;
  while (low < high) {
    const std::int64_t middle = low + (high - low + 1) / 2;
    if (fits(middle)) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

/// What nodes need to know about the space: the modes in which anything fits, sorted by the factors
/// in the order of the levels, so that a prefix of them is a range.
class Levels {
 public:
  Levels(const Problem& problem, const DesignSpace& space)
      : space_(space), boxes_(problem, space), coarse_(problem) {
    for (std::size_t mode = 0; mode < space.modes.size(); ++mode) {
      if (can_run({mode, {}}, 0)) {
        modes_.push_back(mode);
      }
    }
    std::stable_sort(modes_.begin(), modes_.end(), [&](std::size_t a, std::size_t b) {
      return factors_of(space.modes[a]) < factors_of(space.modes[b]);
    });
  }

  const DesignSpace& space() const { return space_; }
  const std::vector<std::size_t>& modes() const { return modes_; }
  std::int64_t factor(std::size_t mode, std::size_t level) const {
    return factors_of(space_.modes[modes_[mode]])[level];
  }

  /// The largest index on `axis` with which anything can run, given the axes before it in `point`.
  std::int64_t last_index(Point point, std::size_t axis) const {
    return largest_index(space_.axes[axis].size() - 1, [&](std::int64_t index) {
      point.index[axis] = index;
      return can_run(point, axis + 1);
    });
  }

 private:
  /// A necessary condition of any candidate with the first `fixed` axes of `point`, the last of
  /// them or larger. Once false, it is false for all that are larger.
  bool can_run(const Point& point, std::size_t fixed) const {
    Box box{point.mode, point.index, point.index};
    for (std::size_t axis = 0; axis < kAxes; ++axis) {
      if (axis + 1 >= fixed) {
        box.last[axis] = space_.axes[axis].size() - 1;
      }
      if (axis >= fixed) {
        box.first[axis] = 0;
      }
    }
    const ClassBox values = boxes_.values_of(box);
    return boxes_.may_be_legal(values) && coarse_.may_fit(values);
  }

  const DesignSpace& space_;
  BoxSpace boxes_;
  CoarseBound coarse_;
  std::vector<std::size_t> modes_;
};

}  // namespace tilewright
