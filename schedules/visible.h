// What a mask leaves of a tile: which keys its rows may see, in whole sub-tiles.
#pragma once

#include <cstdint>

#include "schedules/rounds.h"
#include "schedules/shape.h"
#include "schedules/tiling.h"

namespace tilewright {

/// Whole sub-tiles that cover the keys which any of some rows sees.
struct Visible {
  std::int64_t first = 0;        ///< sub-tile
  std::int64_t sub_tiles = 0;    ///< at least 1
  std::int64_t cols = 0;         ///< their columns
  std::int64_t masked_cols = 0;  ///< of these, columns of sub-tiles that some row sees only in part
  // Of these sub-tiles, those that every row sees whole.
  std::int64_t whole_first = 0;
  std::int64_t whole_end = 0;

  std::int64_t end() const { return first + sub_tiles; }
  bool masks(std::int64_t sub_tile) const {
    return sub_tile < whole_first || sub_tile >= whole_end;
  }
  bool operator==(const Visible&) const = default;
};

/// Keys from `first` up to, not including, `end`.
struct KeyRange {
  std::int64_t first = 0;
  std::int64_t end = 0;

  std::int64_t length() const { return end - first; }
};

/// The keys that a query row sees.
KeyRange keys_of(const Shape& shape, std::int64_t row);

/// Of the rows from `first_row` on, at least one.
Visible visible_to(const Shape& shape, const Tiling& tiling, std::int64_t first_row,
                   std::int64_t rows);

/// Of round position `position` of the cores that `rounds` stands for: cores in lock-step do what
/// any of them needs.
Visible visible_at(const Shape& shape, const Tiling& tiling, const CoreRounds& rounds,
                   std::int64_t position);

/// The most columns that visible_to() finds for `rows` rows, or a little more: what a slot of
/// scores holds per row.
std::int64_t most_visible_cols(const Shape& shape, std::int64_t kv_cols, std::int64_t rows);

/// Row-key pairs that see each other, of one pair of heads.
std::int64_t visible_scores(const Shape& shape);

}  // namespace tilewright
