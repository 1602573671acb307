#include "costmodel/online_cost.h"

#include <algorithm>

#include "costmodel/op_costs.h"

namespace tilewright {

OnlineCost::OnlineCost(const Hardware& hardware, const Shape& shape)
    : cols_(shape.cols),
      v_dim_(shape.v_dim),
      lanes_(static_cast<std::uint64_t>(hardware.vector.lanes)),
      startup_(hardware.vector.startup_cycles),
      mul_milli_(hardware.vector.mul_millicycles),
      div_milli_(hardware.vector.div_millicycles),
      move_milli_(hardware.vector.cast_millicycles),
      weigh_milli_(hardware.vector.mul_millicycles + hardware.vector.sum_millicycles) {
  const VectorUnit& unit = hardware.vector;
  element_milli_ =
      unit.max_millicycles + unit.sub_millicycles + unit.exp_millicycles + unit.sum_millicycles;
  if (shape.bytes.score != shape.bytes.input) {
    element_milli_ += unit.cast_millicycles;
  }
  std::int64_t before_milli = 0;  // the maximum
  if (shape.softcap) {
    before_milli += softcap_millicycles(unit);
  }
  if (shape.bias_bytes > 0) {
    before_milli += unit.sum_millicycles;
  }
  element_milli_ += before_milli;
  row_max_milli_ = unit.max_millicycles + unit.sub_millicycles + unit.exp_millicycles;
  row_milli_ = row_max_milli_ + unit.mul_millicycles + unit.sum_millicycles;
  mask_milli_ = unit.sub_millicycles;
  local_max_milli_ = unit.max_millicycles + before_milli;
  reduction_latency_ = unit.reduction_latency_cycles;
  const MatrixUnit& array = hardware.matrix;
  array_rows_ = array.rows;
  array_cols_ = array.cols;
  array_max_milli_ = array.max_millicycles;
  array_mask_milli_ = array.sub_millicycles;
  array_exp_milli_ = array.sub_millicycles + array.exp_millicycles + array.sum_millicycles;
  constexpr std::int64_t kReductions = 2;  // maximum and sum
  softmax_fixed_ = startup_ + kReductions * unit.reduction_latency_cycles;
}

VectorSums OnlineCost::sums_of(const Work& work) const {
  return {work.steps * softmax_fixed_ +
              cycles(work.score_vectors * element_milli_ + work.row_vectors * row_milli_),
          work.rescales * startup_ + cycles(work.rescale_vectors * mul_milli_),
          work.rounds * startup_ + cycles(work.normalise_vectors * div_milli_)};
}

VectorSums OnlineCost::least(std::int64_t rows, std::int64_t rounds, std::int64_t sub_tiles) const {
  const std::int64_t output = lanes_.ceil(rows * v_dim_);
  Work work;
  work.rounds = rounds;
  work.steps = rounds * sub_tiles;
  work.rescales = rounds * (sub_tiles - 1);
  work.score_vectors = lanes_.ceil(rows * cols_);
  work.row_vectors = sub_tiles * lanes_.ceil(rows);
  work.rescale_vectors = (sub_tiles - 1) * output;
  work.normalise_vectors = output;
  return sums_of(work);
}

VectorSums OnlineCost::least(const Visits& visits) const {
  const std::int64_t rescaled = std::max<std::int64_t>(0, visits.row_visits - visits.rows);
  Work work;
  work.rounds = visits.rounds;
  work.steps = visits.steps;
  work.rescales = visits.rescales;
  work.score_vectors = lanes_.ceil(visits.scores);
  work.row_vectors = std::max(visits.steps, lanes_.ceil(visits.row_visits));
  work.rescale_vectors = lanes_.ceil(rescaled * v_dim_);
  work.normalise_vectors = lanes_.ceil(visits.rows * v_dim_);
  return sums_of(work);
}

std::int64_t OnlineCost::least_state_cycles(std::int64_t rows, std::int64_t steps,
                                            std::int64_t sub_tiles) const {
  return 2 * steps * startup_ + cycles(sub_tiles * lanes_.ceil(rows) * row_milli_);
}

namespace {

constexpr int kState = 5;  // maximum, subtract, exp, multiply, add

/// Every sub-tile rescales O (or clears it) before P V, and the division comes on top.
OnlineWork epoch_work(const Shape& s, const PhasePlan& phase, const LayerWork& layer) {
  const Int128 rows = static_cast<Int128>(s.pairs) * s.rows;
  const Int128 visits = layer.row_visits;
  // The sub-tile's own maximum is written and read; of the state, three figures are written and
  // (but at first) two read; O is rescaled with one of them (but at first), and divided by one. The
  // array reads the maximum and writes its sums, which takes the vector unit two operations.
  const Int128 figures = phase.on_array ? 12 * visits - 3 * rows : 8 * visits - 2 * rows;
  OnlineWork work;
  work.operations = visits * (kState + s.v_dim) + rows * s.v_dim;
  work.l1_bytes = s.bytes.accumulator * (2 * visits * s.v_dim + rows * s.v_dim + figures);
  if (phase.on_array) {
    const int element = 5 + (s.bytes.score != s.bytes.input ? 1 : 0);
    work.operations -= layer.scores * element + layer.masked;
    work.l1_bytes -= layer.scores * (s.bytes.score + s.bytes.input);
    work.array_scores = layer.scores;
    work.array_masked = layer.masked;
  } else {
    // No division; scores are read once more, and written if they are changed before.
    const bool all_change = s.softcap || s.bias_bytes > 0;
    work.operations -= layer.scores;
    work.l1_bytes += (layer.scores + (all_change ? layer.scores : layer.masked)) * s.bytes.score;
  }
  return work;
}

}  // namespace

OnlineWork online_work(const Shape& s, const PhasePlan& phase, const LayerWork& layer) {
  if (phase.epochs) {
    return epoch_work(s, phase, layer);
  }
  const Int128 rows = static_cast<Int128>(s.pairs) * s.rows;
  // The state of a row and its O after every sub-tile, but no division of every score.
  OnlineWork work;
  work.operations = layer.row_visits * (kState + s.v_dim) - layer.scores;
  // Of the state, softmax writes three figures and (but at first) reads two; O is read and written
  // with one of them.
  constexpr int kPerVisit = 3 + 2 + 1;
  work.l1_bytes = (layer.row_visits * (2 * s.v_dim + kPerVisit) - 2 * rows) * s.bytes.accumulator;
  return work;
}

OnlineWork parts_work(const Shape& s, std::int64_t parts) {
  const Int128 rows = static_cast<Int128>(s.pairs) * s.rows;
  // A part is not divided, and its state begins anew; two figures are moved. A merge takes of every
  // part maximum, subtraction, exponential, multiplication and addition for its sum, and the last
  // two for each element of its O; then it divides.
  constexpr int kMoved = 2;
  constexpr int kNotRead = 2;
  OnlineWork work;
  const std::int64_t merge = parts * (kState + 2 * s.v_dim) + s.v_dim;
  work.operations = rows * (parts * (kMoved - s.v_dim) + merge);
  const std::int64_t of_part = 2 * kMoved - (2 * s.v_dim + 1) + part_elements(s);
  work.l1_bytes = rows * s.bytes.accumulator * (parts * of_part - (parts - 1) * kNotRead + s.v_dim);
  return work;
}

OnlineWork online_work(const Shape& s, const PhasePlan& phase, std::int64_t sub_tiles) {
  const Int128 rows = static_cast<Int128>(s.pairs) * s.rows;
  return online_work(s, phase, LayerWork{rows * s.cols, 0, rows * sub_tiles});
}

}  // namespace tilewright
