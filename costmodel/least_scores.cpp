#include "costmodel/least_scores.h"

#include <algorithm>

#include "common/math.h"
#include "schedules/visible.h"

namespace tilewright {
namespace {

/// Keys that rows do not see, but the last (or the first) row of their tile does, summed over
/// `rows` rows in at most `tiles` tiles. A row that stands i rows beside it sees (i - s + 1) / s
/// keys less or fewer still, with s heads a query; the sum is least for tiles of equal size.
std::int64_t unseen_of_rows(std::int64_t rows, std::int64_t tiles, std::int64_t sharing) {
  const std::int64_t equal = rows / tiles;
  const std::int64_t more = (equal * (equal - 1) / 2 - equal * (sharing - 1)) / sharing;
  return tiles * std::max<std::int64_t>(0, more);
}

/// Rows that do not see keys, but another key of their sub-tile, summed over `keys` keys in at most
/// `tiles` sub-tiles. The key i keys beside that one is not seen by s i of its rows; again the sum
/// is least for sub-tiles of equal size.
std::int64_t unseen_of_keys(std::int64_t keys, std::int64_t tiles, const RowMask& mask) {
  const std::int64_t equal = keys / tiles;
  const std::int64_t cols = mask.window > 0 ? std::min(mask.window, equal) : equal;
  return tiles * mask.sharing * (cols * (cols - 1) / 2);
}

/// Of `length` pieces cut into `tiles` by sizes that are equal but for the last: how many of these
/// a part of the length meets at most.
std::int64_t met(std::int64_t part, std::int64_t length, std::int64_t tiles) {
  return std::min(tiles, ceil_div(part, ceil_div(length, tiles)) + 1);
}

/// By the cut of the rows: the last row of a tile sees later keys; in a window the first one sees
/// earlier keys, from the first query on that does not see key 0.
std::int64_t unseen_by_rows(const Shape& s, std::int64_t tiles) {
  const std::int64_t late = unseen_of_rows(s.rows, tiles, s.mask.sharing);
  const std::int64_t growing = std::max<std::int64_t>(0, s.mask.window - s.mask.offset);
  const std::int64_t sliding = s.rows - growing * s.mask.sharing;
  if (s.mask.window == 0 || sliding <= 0) {
    return late;
  }
  return late + unseen_of_rows(sliding, met(sliding, s.rows, tiles), s.mask.sharing);
}

/// By the cut of the columns: rows see the first key of a sub-tile before its others, from the
/// first query's own key on; in a window they see its last key after its others, up to the last key
/// that the last row sees no more.
std::int64_t unseen_by_cols(const Shape& s, std::int64_t tiles) {
  const RowMask& mask = s.mask;
  const std::int64_t own = s.cols - mask.offset;
  const std::int64_t early = unseen_of_keys(own, met(own, s.cols, tiles), mask);
  const std::int64_t unseen = std::max<std::int64_t>(0, mask.offset - mask.window + 1);
  const std::int64_t left = s.cols - mask.window - unseen;
  if (mask.window == 0 || left <= 0) {
    return early;
  }
  return early + unseen_of_keys(left, met(left, s.cols, tiles), mask);
}

}  // namespace

std::int64_t least_scores(const Shape& shape, const MostTiles& most) {
  const std::int64_t seen = visible_scores(shape);
  return shape.mask.causal ? seen + std::max(unseen_by_rows(shape, most.q_tiles),
                                             unseen_by_cols(shape, most.sub_tiles))
                           : seen;
}

}  // namespace tilewright
