// What tiles of an axis take in whole parts, whatever size the axis is cut at.
#pragma once

#include <cstdint>

namespace tilewright {

/// An axis in tiles of one size, but for the last one, which has what is left.
struct Cuts {
  std::int64_t length = 1;
  std::int64_t low = 1;  ///< the size of a tile
  std::int64_t high = 1;
};

/// `count` elements take `size` parts: a tile takes them in whole parts, rounded up.
struct PartRate {
  std::int64_t size = 1;
  std::int64_t count = 1;
};

/// The parts of all tiles together at the size that takes fewest, or fewer.
std::int64_t least_parts(const Cuts& cuts, const PartRate& rate);

}  // namespace tilewright
