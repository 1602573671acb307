#include "costmodel/visible_sums.h"

#include <algorithm>

#include "common/math.h"
#include "costmodel/least_scores.h"
#include "costmodel/masked_rounds.h"
#include "costmodel/sight_lines.h"
#include "schedules/visible.h"

namespace tilewright {
namespace {

/// Of the first positions of a core, as many as have full tiles and no end of the keys in sight.
struct Stretch {
  std::int64_t positions = 0;
  std::int64_t sub_tiles = 0;
  std::int64_t cols = 0;
  std::int64_t masked_cols = 0;
  std::int64_t new_cols = 0;  ///< beyond what the position before has left there
  std::int64_t narrow = 0;    ///< positions that reach the last sub-tile
};

/// Columns of `visible` beyond those that the round before has left there.
std::int64_t new_cols(const Shape& shape, const Tiling& tiling, const Visible& visible,
                      std::int64_t there) {
  const std::int64_t from = std::max(visible.first, there);
  const std::int64_t end = std::min(shape.cols, visible.end() * tiling.kv_cols);
  return std::max<std::int64_t>(0, end - from * tiling.kv_cols);
}

/// Adds up what the tiles of all cores see. `Sight` has, for a core: at(position) and stretch(),
/// and alike(position), which says how many positions from there on see the same.
template <typename Sight>
class Summer {
 public:
  Summer(const Sight& sight, const TileCounts& counts) : sight_(sight), counts_(counts) {}

  VisibleSums sum(const CoreLayout& layout) {
    const Tiling& tiling = sight_.tiling();
    // In a split of heads one core has all query tiles of a pair.
    const std::int64_t cores = tiling.core_split == CoreSplit::kHeads
                                   ? 1
                                   : active_cores(counts_, tiling.core_split, layout);
    const std::int64_t together = cores_in_step(counts_, tiling.core_split, layout);
    for (std::int64_t core = 0; core < cores; core += together) {
      add_core(deal_rounds(counts_, tiling, layout, core));
    }
    return sums_;
  }

 private:
  void add_core(const CoreRounds& rounds) {
    const Stretch stretch = sight_.stretch(rounds);
    add_stretch(rounds, stretch);
    std::int64_t position = stretch.positions;
    std::int64_t there = position > 0 ? sight_.at(rounds, position - 1).end() : 0;
    while (position < rounds.positions) {
      const std::int64_t count = sight_.alike(rounds, position);
      const Visible visible = sight_.at(rounds, position);
      sums_.streamed_cols += count * visible.cols;
      sums_.loads += count * visible.sub_tiles;
      sums_.narrow_loads += visible.end() == counts_.sub_tiles ? count : 0;
      sums_.resident_cols += new_cols(sight_.shape(), sight_.tiling(), visible, there);
      there = visible.end();
      for (std::int64_t rank = 0; rank < rounds.share; ++rank) {
        add_tiles(rounds.first_tile + position * rounds.tile_stride + rank, count, visible);
      }
      position += count;
    }
  }

  void add_stretch(const CoreRounds& rounds, const Stretch& stretch) {
    const std::int64_t rows = rounds.share * sight_.tiling().q_rows;
    sums_.streamed_cols += stretch.cols;
    sums_.loads += stretch.sub_tiles;
    sums_.narrow_loads += stretch.narrow;
    sums_.resident_cols += stretch.new_cols;
    sums_.scores += rows * stretch.cols;
    sums_.masked += rows * stretch.masked_cols;
    sums_.row_visits += rows * stretch.sub_tiles;
    sums_.matmuls[0] += rounds.share * (stretch.sub_tiles - stretch.narrow);
    sums_.matmuls[1] += rounds.share * stretch.narrow;
  }

  void add_tiles(std::int64_t q_tile, std::int64_t count, const Visible& visible) {
    if (q_tile >= counts_.q_tiles) {
      return;
    }
    const bool last = q_tile == counts_.q_tiles - 1;
    const std::int64_t rows = count * (last ? counts_.edge_rows : sight_.tiling().q_rows);
    const bool edge_cols = visible.end() == counts_.sub_tiles;
    const std::size_t kind = last ? 2 : 0;
    sums_.scores += rows * visible.cols;
    sums_.masked += rows * visible.masked_cols;
    sums_.row_visits += rows * visible.sub_tiles;
    sums_.matmuls[kind] += count * (visible.sub_tiles - (edge_cols ? 1 : 0));
    sums_.matmuls[kind + 1] += edge_cols ? count : 0;
  }

  const Sight& sight_;
  const TileCounts& counts_;
  VisibleSums sums_;
};

/// What the tiles of a candidate see.
class Exact {
 public:
  Exact(const Shape& shape, const Tiling& tiling, const TileCounts& counts)
      : shape_(shape), tiling_(tiling), counts_(counts) {}

  const Shape& shape() const { return shape_; }
  const Tiling& tiling() const { return tiling_; }

  Visible at(const CoreRounds& rounds, std::int64_t position) const {
    return visible_at(shape_, tiling_, rounds, position);
  }

  /// All tiles that begin in the last query see the same.
  std::int64_t alike(const CoreRounds& rounds, std::int64_t position) const {
    return std::max<std::int64_t>(1, rounds.positions - 1 - position);
  }

  Stretch stretch(const CoreRounds& rounds) const {
    const std::int64_t c = tiling_.kv_cols;
    const SightLines lines(shape_, rounds, tiling_.q_rows);
    Stretch sums;
    const std::int64_t before_last = shape_.rows - shape_.mask.sharing - lines.top();
    const std::int64_t n = sums.positions = std::clamp<std::int64_t>(
        before_last > 0 ? ceil_div(before_last, lines.step()) : 0, 0, rounds.positions - 1);
    const FloorLine end = lines.end(c);
    const FloorLine whole_end = lines.whole_end(c);
    sums.narrow = n - end.first_not_below(counts_.sub_tiles, n);
    sums.sub_tiles = end.sum(n);
    std::int64_t whole = whole_end.sum(n);
    const std::int64_t missing = counts_.sub_tiles * c - shape_.cols;
    bool gaps = false;
    if (shape_.mask.window > 0) {
      const FloorLine first = lines.first(c);
      const FloorLine whole_first = lines.whole_first(c);
      sums.sub_tiles -= first.sum(n);
      // Of lines with the same slope one is above the other everywhere.
      whole = whole_first.start < whole_end.start ? whole - whole_first.sum(n) : 0;
      gaps = first.start >= end.start - lines.step();
    }
    sums.cols = sums.sub_tiles * c - sums.narrow * missing;
    sums.masked_cols = sums.cols - whole * c;
    sums.new_cols = sums.cols;
    if (!gaps && n > 0) {
      const Visible first = at(rounds, 0);
      sums.new_cols = std::min(shape_.cols, end.at(n - 1) * c) - first.first * c;
    }
    return sums;
  }

 private:
  const Shape& shape_;
  const Tiling& tiling_;
  const TileCounts& counts_;
};

/// What the tiles of every candidate of a set see at least.
class Least {
 public:
  Least(const Shape& shape, const Tiling& low, const MaskedBox& high, const TileCounts& counts)
      : shape_(shape), low_(low), high_(high), counts_(counts) {}

  const Shape& shape() const { return shape_; }
  const Tiling& tiling() const { return low_; }

  Visible at(const CoreRounds& rounds, std::int64_t position) const {
    return least_visible(shape_, low_, high_, counts_, rounds, position);
  }

  std::int64_t alike(const CoreRounds&, std::int64_t) const { return 1; }

  /// All positions but the last: as least_visible().
  Stretch stretch(const CoreRounds& rounds) const {
    const SightLines early(shape_, rounds, low_.q_rows);
    const SightLines late(shape_, rounds, high_.q_rows);
    Stretch sums;
    const std::int64_t n = sums.positions = rounds.positions - 1;
    const std::int64_t wide = (counts_.sub_tiles - 1) * low_.kv_cols;
    sums.narrow = n - late.end(1).first_not_below(wide + 1, n);
    sums.sub_tiles = at_least_one(early.end(high_.kv_cols), late.first(low_.kv_cols), n);
    const std::int64_t keys = early.end(1).sum(n) - late.first(1).sum(n);
    const std::int64_t narrower = low_.kv_cols - counts_.edge_cols;
    sums.cols = std::max(keys, sums.sub_tiles * low_.kv_cols - sums.narrow * narrower);
    return sums;
  }

 private:
  /// At most the sum of max(1, end - first) over n positions: `first` may grow faster, so that from
  /// some position on 1 is more.
  static std::int64_t at_least_one(const FloorLine& end, const FloorLine& first, std::int64_t n) {
    const auto ones_from = [&](std::int64_t k) { return end.sum(k) - first.sum(k) + n - k; };
    const auto slope = [](const FloorLine& line) {
      return static_cast<double>(line.step) / static_cast<double>(line.divisor);
    };
    const auto start = [](const FloorLine& line) {
      return static_cast<double>(line.start) / static_cast<double>(line.divisor);
    };
    const double closing = slope(first) - slope(end);
    std::int64_t crossing = n;
    if (closing > 0) {
      const double meet = (start(end) - start(first) - 1) / closing;
      crossing = static_cast<std::int64_t>(std::clamp(meet, 0.0, static_cast<double>(n)));
    }
    return std::max({n, ones_from(n), ones_from(crossing)});
  }

  const Shape& shape_;
  const Tiling& low_;
  const MaskedBox& high_;
  const TileCounts& counts_;
};

}  // namespace

VisibleSums visible_sums(const Shape& shape, const Tiling& tiling, const TileCounts& counts,
                         const CoreLayout& layout) {
  return Summer(Exact(shape, tiling, counts), counts).sum(layout);
}

/// Scores that are neither in the last query tile nor in the last sub-tile are in full matmuls.
/// Only the last queries see the last keys.
VisibleSums quick_visible_sums(const Shape& shape, const Tiling& low, const MaskedBox& high,
                               const TileCounts& counts) {
  const std::int64_t edge_rows =
      std::min(high.q_rows, shape.rows - (counts.q_tiles - 1) * low.q_rows);
  const std::int64_t edge_cols =
      std::min(high.kv_cols, shape.cols - (counts.sub_tiles - 1) * low.kv_cols);
  const std::int64_t edges =
      edge_rows * most_visible_cols(shape, high.kv_cols, edge_rows) +
      std::min(shape.rows, shape.mask.sharing * edge_cols + high.q_rows) * edge_cols;
  VisibleSums sums;
  sums.scores = least_scores(shape, {counts.q_tiles, counts.sub_tiles});
  sums.matmuls[0] =
      ceil_div(std::max<std::int64_t>(0, sums.scores - edges), high.q_rows * high.kv_cols);
  sums.row_visits = std::max(shape.rows, ceil_div(sums.scores, high.kv_cols));
  sums.resident_cols = sums.streamed_cols = shape.cols - keys_of(shape, 0).first;
  return sums;
}

VisibleSums least_visible_sums(const Shape& shape, const Tiling& low, const MaskedBox& high,
                               const TileCounts& counts, const CoreLayout& layout) {
  VisibleSums sums = Summer(Least(shape, low, high, counts), counts).sum(layout);
  sums.scores = std::max(sums.scores, least_scores(shape, {counts.q_tiles, counts.sub_tiles}));
  sums.row_visits = std::max(sums.row_visits, shape.rows);
  sums.resident_cols = shape.cols - keys_of(shape, 0).first;
  sums.streamed_cols = std::max(sums.streamed_cols, sums.resident_cols);
  return sums;
}

}  // namespace tilewright
