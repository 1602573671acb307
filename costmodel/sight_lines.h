// What the query tiles of a core see under a mask, as lines over their positions.
#pragma once

#include <cstdint>

#include "costmodel/floor_line.h"
#include "schedules/rounds.h"
#include "schedules/shape.h"
#include "schedules/tiling.h"

namespace tilewright {

/// Of tiles of `q_rows` rows; what lies between two tiles of a core has no part in it. All hold for
/// full tiles only.
class SightLines {
 public:
  SightLines(const Shape& shape, const CoreRounds& rounds, std::int64_t q_rows)
      : mask_(shape.mask),
        step_(rounds.tile_stride * q_rows),
        top_(rounds.first_tile * q_rows),
        bottom_(top_ + rounds.share * q_rows - 1) {}

  /// The sub-tile of `cols` columns that has the first key of the first row.
  FloorLine first(std::int64_t cols) const {
    return mask_.window > 0 ? line(top_, 1 - mask_.window, cols) : FloorLine{};
  }
  /// Behind the sub-tile that has the last key of the last row.
  FloorLine end(std::int64_t cols) const { return line(bottom_, cols, cols); }
  /// The first sub-tile of which the last row sees the first key.
  FloorLine whole_first(std::int64_t cols) const {
    return mask_.window > 0 ? line(bottom_, cols - mask_.window, cols) : FloorLine{};
  }
  /// Behind the last sub-tile of which the first row sees the last key, unless that is the narrow
  /// one.
  FloorLine whole_end(std::int64_t cols) const { return line(top_, 1, cols); }

  /// Of pieces of `cols` columns, the first one, and behind the last one, that the first row's
  /// first key and the last row's last key have whole between them.
  FloorLine filled_first(std::int64_t cols) const {
    return mask_.window > 0 ? line(top_, cols - mask_.window, cols) : FloorLine{};
  }
  FloorLine filled_end(std::int64_t cols) const { return line(bottom_, 1, cols); }

  std::int64_t step() const { return step_; }
  std::int64_t top() const { return top_; }

 private:
  /// By `cols` columns, where the key stands that comes `keys` behind the own one of `row`.
  FloorLine line(std::int64_t row, std::int64_t keys, std::int64_t cols) const {
    return {step_, row + mask_.sharing * (mask_.offset + keys), mask_.sharing * cols};
  }

  RowMask mask_;
  std::int64_t step_;  ///< rows from tile to tile
  std::int64_t top_;   ///< first and last row at position 0
  std::int64_t bottom_;
};

}  // namespace tilewright
