// Sums of rounded arithmetic progressions, as sub-tiles over query tiles are.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "common/math.h"

namespace tilewright {

/// floor((step p + start) / divisor) at p = 0, 1, ..., but 0 where that is negative. `step` is not
/// negative, `divisor` positive; step p + start must fit 64 bits.
struct FloorLine {
  std::int64_t step = 0;
  std::int64_t start = 0;
  std::int64_t divisor = 1;

  std::int64_t at(std::int64_t p) const {
    const std::int64_t value = step * p + start;
    return value < 0 ? 0 : value / divisor;
  }

  /// The first p in 0 .. n - 1 with at(p) >= `least`, which is positive; n if there is none.
  std::int64_t first_not_below(std::int64_t least, std::int64_t n) const {
    const std::int64_t missing = least * divisor - start;
    if (missing <= 0) {
      return 0;
    }
    return step == 0 ? n : std::min(n, ceil_div(missing, step));
  }

  /// at(0) + ... + at(n - 1), in as many steps as Euclid's algorithm takes for step and divisor:
  /// the points of a grid under a line are counted by columns and by rows in turn.
  std::int64_t sum(std::int64_t n) const {
    const std::int64_t negative = start >= 0 ? 0 : (step == 0 ? n : ceil_div(-start, step));
    std::int64_t count = n - std::min(n, negative);
    std::int64_t from = start + step * (n - count);
    std::int64_t slope = step;
    std::int64_t width = divisor;
    std::int64_t total = 0;
    while (count > 0) {
      total += count * (count - 1) / 2 * (slope / width) + count * (from / width);
      const std::int64_t top = slope % width * count + from % width;
      count = top / width;
      from = top % width;
      slope = std::exchange(width, slope % width);
    }
    return total;
  }
};

}  // namespace tilewright
