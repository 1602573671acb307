// What a mask leaves of the work of a candidate, summed without looking at every query tile.
#pragma once

#include <array>
#include <cstdint>

#include "schedules/rounds.h"
#include "schedules/shape.h"
#include "schedules/tiling.h"

namespace tilewright {

/// Sums over all rounds of all cores, for one pair.
struct VisibleSums {
  std::int64_t scores = 0;         ///< rows x columns that are computed
  std::int64_t masked = 0;         ///< of these, those in sub-tiles with masked scores
  std::int64_t row_visits = 0;     ///< rows, once for every sub-tile they meet
  std::int64_t streamed_cols = 0;  ///< of K (V), loaded if it is streamed
  std::int64_t resident_cols = 0;  ///< loaded if it stays
  /// Sub-tiles of K (V), loaded if it is streamed; of these, narrow ones.
  std::int64_t loads = 0;
  std::int64_t narrow_loads = 0;
  /// Matmuls by rows (full, edge) x columns (full, edge), as in TileChoice.
  std::array<std::int64_t, 4> matmuls{};
};

/// For bounds: the largest sizes of a set of candidates with the same tile counts; the tiling has
/// the smallest.
struct MaskedBox {
  std::int64_t q_rows = 0;
  std::int64_t kv_cols = 0;
};

VisibleSums visible_sums(const Shape& shape, const Tiling& tiling, const TileCounts& counts,
                         const CoreLayout& layout);

/// Sums that no candidate of a set is below, from the scores alone.
VisibleSums quick_visible_sums(const Shape& shape, const Tiling& low, const MaskedBox& high,
                               const TileCounts& counts);

/// The same from what the tiles at every position see at least (least_visible()).
VisibleSums least_visible_sums(const Shape& shape, const Tiling& low, const MaskedBox& high,
                               const TileCounts& counts, const CoreLayout& layout);

}  // namespace tilewright
