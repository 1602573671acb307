#include "costmodel/masked_rounds.h"

#include <algorithm>

namespace tilewright {
namespace {

/// Columns of `visible` beyond those that the round before has left there.
std::int64_t new_cols(const Shape& shape, const Tiling& tiling, const Visible& visible,
                      std::int64_t there) {
  const std::int64_t from = std::max(visible.first, there);
  const std::int64_t end = std::min(shape.cols, visible.end() * tiling.kv_cols);
  return std::max<std::int64_t>(0, end - from * tiling.kv_cols);
}

class Summer {
 public:
  Summer(const Shape& shape, const Tiling& tiling, const TileCounts& counts)
      : shape_(shape), tiling_(tiling), counts_(counts) {}

  void add_core(const CoreRounds& rounds) {
    std::int64_t there = 0;
    for (std::int64_t position = 0; position < rounds.positions; ++position) {
      const Visible visible = visible_at(shape_, tiling_, rounds, position);
      sums_.streamed_cols += visible.cols;
      sums_.resident_cols += new_cols(shape_, tiling_, visible, there);
      there = visible.end();
      for (std::int64_t rank = 0; rank < rounds.share; ++rank) {
        add_tile(rounds.first_tile + position * rounds.tile_stride + rank, visible);
      }
    }
  }

  const VisibleSums& sums() const { return sums_; }

 private:
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
    sums_.matmuls[kind] += visible.sub_tiles - (edge_cols ? 1 : 0);
    sums_.matmuls[kind + 1] += edge_cols ? 1 : 0;
  }

  const Shape& shape_;
  const Tiling& tiling_;
  const TileCounts& counts_;
  VisibleSums sums_;
};

void drop_matmuls(RoundTimes& times) {
  times.input = times.softmax = times.store = 0;
  for (StageTimes* stage : {&times.first, &times.second}) {
    stage->matmul_full = stage->matmul_edge = stage->matmul_all = 0;
  }
}

}  // namespace

MaskedRound MaskedRounds::at(std::int64_t position) const {
  const Visible visible = visible_at(shape_, tiling_, rounds_, position);
  MaskedRound round;
  round.rows = position == rounds_.positions - 1 ? rounds_.rows_last : rounds_.rows_full;
  round.sub_tiles = visible.sub_tiles;
  round.cols = visible.cols;
  round.masked_cols = visible.masked_cols;
  round.due = visible.sub_tiles;
  if (position > 0) {
    const std::int64_t there = visible_at(shape_, tiling_, rounds_, position - 1).end();
    round.due = visible.end() - std::max(visible.first, there);
  }
  round.narrow = visible.cols < visible.sub_tiles * tiling_.kv_cols;
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
    drop_matmuls(times);
    return times;
  }
  const auto transfer = [&](Operand operand, std::int64_t full) {
    return transfer_.cycles(round.rows * row_bytes(shape_, operand, full, round.cols));
  };
  times.input = transfer(phase_.input, phase_.input_row_bytes);
  times.store = transfer(phase_.output, phase_.output_row_bytes);
  times.softmax =
      phase_.has_softmax ? vector_.softmax_cycles(round.rows, round.cols, round.masked_cols) : 0;
  return times;
}

VisibleSums visible_sums(const Shape& shape, const Tiling& tiling, const TileCounts& counts,
                         const CoreLayout& layout) {
  Summer summer(shape, tiling, counts);
  // In a split of heads one core has all query tiles of a pair.
  const std::int64_t cores =
      tiling.core_split == CoreSplit::kHeads ? 1 : active_cores(counts, tiling.core_split, layout);
  const std::int64_t together = cores_in_step(counts, tiling.core_split, layout);
  for (std::int64_t core = 0; core < cores; core += together) {
    summer.add_core(deal_rounds(counts, tiling, layout, core));
  }
  return summer.sums();
}

}  // namespace tilewright
