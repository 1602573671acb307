#include "costmodel/least_parts.h"

#include <algorithm>

#include "common/math.h"

namespace tilewright {

// Of the sizes that take equally many parts a tile, the largest takes fewest in all: where a
// smaller one needs as many tiles, its last one is larger, and else it has a full one more.
std::int64_t least_parts(const Cuts& cuts, const PartRate& rate) {
  constexpr std::int64_t kFew = 8;
  const auto parts = [&](std::int64_t elements) {
    return ceil_div(elements * rate.size, rate.count);
  };
  if (rate.size == rate.count) {
    return cuts.length;
  }
  const std::int64_t most = parts(cuts.high);
  const std::int64_t fewest = cuts.low == cuts.high ? most : parts(cuts.low);
  const bool fills_parts = fewest < most && rate.count % rate.size == 0;
  if (fills_parts || most - fewest > kFew) {
    return parts(cuts.length);
  }
  const auto sum = [&](std::int64_t size, std::int64_t of_tile) {
    const std::int64_t full = ceil_div(cuts.length, size) - 1;
    return full * of_tile + parts(cuts.length - full * size);
  };
  std::int64_t least = sum(cuts.high, most);
  for (std::int64_t of_tile = fewest; of_tile < most; ++of_tile) {
    least = std::min(least, sum(of_tile * rate.count / rate.size, of_tile));
  }
  return least;
}

}  // namespace tilewright
