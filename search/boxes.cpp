#include "search/boxes.h"

#include <algorithm>
#include <cmath>

namespace tilewright {

Int128 Box::size() const {
  Int128 product = 1;
  for (std::size_t axis = 0; axis < kAxes; ++axis) {
    product *= last[axis] - first[axis] + 1;
  }
  return product;
}

std::vector<Box> BoxSpace::roots() const {
  std::vector<Box> boxes(space_.modes.size());
  for (std::size_t mode = 0; mode < boxes.size(); ++mode) {
    boxes[mode].mode = mode;
    for (std::size_t axis = 0; axis < kAxes; ++axis) {
      boxes[mode].last[axis] = space_.axes[axis].size() - 1;
    }
  }
  return boxes;
}

ClassBox BoxSpace::values_of(const Box& box) const {
  ClassBox values;
  values.mode = space_.modes[box.mode];
  for (std::size_t axis = 0; axis < kAxes; ++axis) {
    values.low[axis] = space_.axes[axis].value(box.first[axis]);
    values.high[axis] = space_.axes[axis].value(box.last[axis]);
  }
  return values;
}

Tiling BoxSpace::low_corner(const Box& box) const {
  const auto low = [&](std::size_t axis) { return space_.axes[axis].value(box.first[axis]); };
  return tiling_of(space_.modes[box.mode], low(0), low(1), low(2));
}

std::int64_t BoxSpace::tiles(std::size_t axis, std::int64_t value) const {
  return ceil_div(space_.axes[axis].length(), value);
}

bool BoxSpace::one_class(const ClassBox& box) const {
  return one_class_of_rows(box) && tiles(2, box.low[2]) == tiles(2, box.high[2]);
}

bool BoxSpace::one_class_of_rows(const ClassBox& box) const {
  return tiles(0, box.low[0]) == tiles(0, box.high[0]) &&
         tiles(1, box.low[1]) == tiles(1, box.high[1]);
}

// An overwrite has no mask, no V in K, no bias and one head, and P must fit the sub-tiles.
bool BoxSpace::may_be_legal(const ClassBox& box) const {
  if (box.mode.overwrite == Overwrite::kNone) {
    return true;
  }
  const Shape& shape = problem_.shape;
  if (shape.mask.causal || shape.v_in_k || shape.bias_bytes > 0) {
    return false;
  }
  const std::int64_t column =
      box.mode.overwrite == Overwrite::kKey ? key_col_bytes(shape) : value_col_bytes(shape);
  return box.low[0] == 1 && box.low[1] * shape.bytes.input <= 2 * column;
}

std::array<Box, 2> BoxSpace::split(const Box& box, bool rows_first) const {
  std::array<Box, 2> halves{box, box};
  const bool only_rows = rows_first && (box.first[0] < box.last[0] || box.first[1] < box.last[1]);
  const std::size_t axis = widest_axis(box, only_rows ? kAxes - 1 : kAxes);
  const std::int64_t cut = cut_at(box, axis);
  halves[0].last[axis] = cut;
  halves[1].first[axis] = cut + 1;
  return halves;
}

/// Of the first `axes` axes.
std::size_t BoxSpace::widest_axis(const Box& box, std::size_t axes) const {
  std::size_t widest = 0;
  double widest_ratio = 0;
  for (std::size_t axis = 0; axis < axes; ++axis) {
    const Axis& a = space_.axes[axis];
    const double ratio = static_cast<double>(a.value(box.last[axis])) /
                         static_cast<double>(a.value(box.first[axis]));
    if (box.first[axis] < box.last[axis] && ratio > widest_ratio) {
      widest = axis;
      widest_ratio = ratio;
    }
  }
  return widest;
}

/// Last index of the lower half.
std::int64_t BoxSpace::cut_at(const Box& box, std::size_t axis) const {
  const Axis& a = space_.axes[axis];
  const std::int64_t first = box.first[axis];
  const std::int64_t last = box.last[axis];
  const auto low = static_cast<double>(a.value(first));
  const auto high = static_cast<double>(a.value(last));
  const std::int64_t middle = std::clamp(
      a.first_not_below(static_cast<std::int64_t>(std::sqrt(low * high))), first, last - 1);
  const std::int64_t count = tiles(axis, a.value(middle));
  if (tiles(axis, a.value(first)) == tiles(axis, a.value(last))) {
    return middle;
  }
  // The smallest value of the class of `middle` begins the upper half, or ends the lower one.
  const std::int64_t begin = a.first_not_below(ceil_div(a.length(), count));
  if (begin > first) {
    return begin - 1;
  }
  return a.first_not_below(count > 1 ? ceil_div(a.length(), count - 1) : a.length() + 1) - 1;
}

}  // namespace tilewright
