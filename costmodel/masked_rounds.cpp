#include "costmodel/masked_rounds.h"

#include <algorithm>

#include "common/math.h"
#include "costmodel/l0_tiles.h"
#include "costmodel/least_scores.h"

namespace tilewright {
namespace {

/// Columns of `visible` beyond those that the round before has left there.
std::int64_t new_cols(const Shape& shape, const Tiling& tiling, const Visible& visible,
                      std::int64_t there) {
  const std::int64_t from = std::max(visible.first, there);
  const std::int64_t end = std::min(shape.cols, visible.end() * tiling.kv_cols);
  return std::max<std::int64_t>(0, end - from * tiling.kv_cols);
}

/// `see(rounds, position)`: what the tiles at a position see.
template <typename See>
class Summer {
 public:
  Summer(const Shape& shape, const Tiling& tiling, const TileCounts& counts, const See& see)
      : shape_(shape), tiling_(tiling), counts_(counts), see_(see) {}

  VisibleSums sum(const CoreLayout& layout) {
    // In a split of heads one core has all query tiles of a pair.
    const std::int64_t cores = tiling_.core_split == CoreSplit::kHeads
                                   ? 1
                                   : active_cores(counts_, tiling_.core_split, layout);
    const std::int64_t together = cores_in_step(counts_, tiling_.core_split, layout);
    for (std::int64_t core = 0; core < cores; core += together) {
      add_core(deal_rounds(counts_, tiling_, layout, core));
    }
    return sums_;
  }

 private:
  void add_core(const CoreRounds& rounds) {
    std::int64_t there = 0;
    for (std::int64_t position = 0; position < rounds.positions; ++position) {
      const Visible visible = see_(rounds, position);
      sums_.streamed_cols += visible.cols;
      sums_.resident_cols += new_cols(shape_, tiling_, visible, there);
      there = visible.end();
      for (std::int64_t rank = 0; rank < rounds.share; ++rank) {
        add_tile(rounds.first_tile + position * rounds.tile_stride + rank, visible);
      }
    }
  }

  void add_tile(std::int64_t q_tile, const Visible& visible) {
    if (q_tile >= counts_.q_tiles) {
      return;
    }
    const bool last = q_tile == counts_.q_tiles - 1;
    const std::int64_t rows = last ? counts_.edge_rows : tiling_.q_rows;
    const bool edge_cols = visible.end() == counts_.sub_tiles;
    const std::size_t kind = last ? 2 : 0;
    sums_.scores += rows * visible.cols;
    sums_.masked += rows * visible.masked_cols;
    sums_.row_visits += rows * visible.sub_tiles;
    sums_.matmuls[kind] += visible.sub_tiles - (edge_cols ? 1 : 0);
    sums_.matmuls[kind + 1] += edge_cols ? 1 : 0;
  }

  const Shape& shape_;
  const Tiling& tiling_;
  const TileCounts& counts_;
  const See& see_;
  VisibleSums sums_;
};

}  // namespace

namespace {

/// The keys that the tiles at a position see in every candidate of a set, and in any.
struct Reach {
  KeyRange least;
  KeyRange most;
};

Reach reach_of(const Shape& shape, const Tiling& low, const MaskedBox& high,
               const TileCounts& counts, const CoreRounds& rounds, std::int64_t position) {
  const std::int64_t first_tile = rounds.first_tile + position * rounds.tile_stride;
  const std::int64_t end_tile = first_tile + rounds.share;
  const bool to_the_end = end_tile >= counts.q_tiles;
  const auto from = [&](std::int64_t q_rows) {
    return keys_of(shape, std::min(shape.rows - 1, first_tile * q_rows)).first;
  };
  const auto to = [&](std::int64_t q_rows) {
    const std::int64_t end_row = to_the_end ? shape.rows : std::min(shape.rows, end_tile * q_rows);
    return keys_of(shape, end_row - 1).end;
  };
  // From where the latest tile begins to see to where the earliest one ends.
  return {{from(high.q_rows), to(low.q_rows)}, {from(low.q_rows), to(high.q_rows)}};
}

}  // namespace

Visible least_visible(const Shape& shape, const Tiling& low, const MaskedBox& high,
                      const TileCounts& counts, const CoreRounds& rounds, std::int64_t position) {
  const Reach reach = reach_of(shape, low, high, counts, rounds, position);
  const KeyRange& keys = reach.least;
  Visible visible;
  visible.sub_tiles =
      std::max<std::int64_t>(1, ceil_div(keys.end, high.kv_cols) - keys.first / low.kv_cols);
  // The last one is the narrow one if it is for any candidate.
  const bool narrow = reach.most.end > (counts.sub_tiles - 1) * low.kv_cols;
  visible.first = (narrow ? counts.sub_tiles : counts.sub_tiles - 1) - visible.sub_tiles;
  visible.cols = std::max(keys.length(), (visible.sub_tiles - 1) * low.kv_cols +
                                             (narrow ? counts.edge_cols : low.kv_cols));
  visible.whole_first = visible.first;
  visible.whole_end = visible.end();
  return visible;
}

/// Whether a candidate of the set may have more steps than the least. What is left out of a long
/// round with look-ahead L are inner steps among 2 L + 3 alike; the program stays the same around
/// them, and shorter (docs/search.md).
bool MaskedRounds::may_grow(std::int64_t position, std::int64_t sub_tiles) const {
  if (high_ == nullptr || !phase_.online || phase_.lookahead == 0 ||
      sub_tiles >= 2 * phase_.lookahead + 2) {
    return false;
  }
  const KeyRange most = reach_of(shape_, tiling_, *high_, *counts_, rounds_, position).most;
  const std::int64_t end = std::min(counts_->sub_tiles, ceil_div(most.end, tiling_.kv_cols));
  return end - most.first / high_->kv_cols > sub_tiles;
}

Visible MaskedRounds::see(std::int64_t position) const {
  return high_ == nullptr ? visible_at(shape_, tiling_, rounds_, position)
                          : least_visible(shape_, tiling_, *high_, *counts_, rounds_, position);
}

MaskedRound MaskedRounds::at(std::int64_t position) const {
  std::int64_t there = position > 0 ? see(position - 1).end() : 0;
  return next(position, there);
}

MaskedRound MaskedRounds::next(std::int64_t position, std::int64_t& there) const {
  const Visible visible = see(position);
  MaskedRound round;
  round.rows = position == rounds_.positions - 1 ? rounds_.rows_last : rounds_.rows_full;
  round.sub_tiles = visible.sub_tiles;
  round.cols = visible.cols;
  round.masked_cols = visible.masked_cols;
  round.due = visible.sub_tiles;
  if (position > 0 && tiling_.kv_resident) {
    round.due = high_ == nullptr ? visible.end() - std::max(visible.first, there) : 0;
  }
  round.narrow = high_ == nullptr ? visible.cols < visible.sub_tiles * tiling_.kv_cols
                                  : visible.end() == counts_->sub_tiles;
  if (phase_.online) {
    round.lead = visible.whole_first - visible.first;
    round.whole = visible.whole_end - visible.whole_first;
  }
  round.loose = may_grow(position, round.sub_tiles);
  there = visible.end();
  return round;
}

RoundTimes MaskedRounds::times(const MaskedRound& round, const RoundTimes& base) const {
  RoundTimes times = base;
  for (StageTimes* stage : {&times.first, &times.second}) {
    stage->matmul_edge = round.narrow ? stage->matmul_edge : stage->matmul_full;
    stage->load_edge = round.narrow ? stage->load_edge : stage->load_full;
    stage->matmul_all = (round.sub_tiles - 1) * stage->matmul_full + stage->matmul_edge;
  }
  if (round.rows == 0) {
    times.keep_loads();
    return times;
  }
  if (high_ != nullptr) {
    const auto conserve = [&](MatmulKind kind, StageTimes& stage) {
      const std::int64_t all =
          least_matmuls(*unit_, shape_, kind, round.rows, round.cols, round.sub_tiles);
      stage.matmul_all = std::max(stage.matmul_all, all);
    };
    conserve(phase_.first_kind, times.first);
    conserve(MatmulKind::kPV, times.second);
  }
  const auto transfer = [&](Operand operand, std::int64_t full) {
    return transfer_.cycles(round.rows * row_bytes(shape_, operand, full, round.cols));
  };
  times.input = transfer(phase_.input, phase_.input_row_bytes);
  times.store = transfer(phase_.output, phase_.output_row_bytes);
  if (phase_.bias_in_input()) {
    times.input += transfer(Operand::kBias, phase_.bias_row_bytes);
  } else if (phase_.bias_apart() && !phase_.online) {
    times.bias = transfer(Operand::kBias, phase_.bias_row_bytes);
  }
  if (!phase_.online) {
    times.softmax =
        phase_.has_softmax ? vector_.softmax_cycles(round.rows, round.cols, round.masked_cols) : 0;
  }
  return times;
}

VisibleSums visible_sums(const Shape& shape, const Tiling& tiling, const TileCounts& counts,
                         const CoreLayout& layout) {
  const auto see = [&](const CoreRounds& rounds, std::int64_t position) {
    return visible_at(shape, tiling, rounds, position);
  };
  return Summer(shape, tiling, counts, see).sum(layout);
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
  const auto see = [&](const CoreRounds& rounds, std::int64_t position) {
    return least_visible(shape, low, high, counts, rounds, position);
  };
  VisibleSums sums = Summer(shape, low, counts, see).sum(layout);
  sums.scores = std::max(sums.scores, visible_scores(shape));
  sums.row_visits = std::max(sums.row_visits, shape.rows);
  sums.resident_cols = shape.cols - keys_of(shape, 0).first;
  sums.streamed_cols = std::max(sums.streamed_cols, sums.resident_cols);
  return sums;
}

}  // namespace tilewright
