#include "costmodel/online_cost.h"

#include "costmodel/op_costs.h"

namespace tilewright {

OnlineCost::OnlineCost(const Hardware& hardware, const Shape& shape)
    : cols_(shape.cols),
      v_dim_(shape.v_dim),
      lanes_(static_cast<std::uint64_t>(hardware.vector.lanes)),
      startup_(hardware.vector.startup_cycles),
      mul_milli_(hardware.vector.mul_millicycles),
      div_milli_(hardware.vector.div_millicycles) {
  const VectorUnit& unit = hardware.vector;
  element_milli_ =
      unit.max_millicycles + unit.sub_millicycles + unit.exp_millicycles + unit.sum_millicycles;
  if (shape.bytes.score != shape.bytes.input) {
    element_milli_ += unit.cast_millicycles;
  }
  if (shape.softcap) {
    element_milli_ += softcap_millicycles(unit);
  }
  row_max_milli_ = unit.max_millicycles + unit.sub_millicycles + unit.exp_millicycles;
  row_milli_ = row_max_milli_ + unit.mul_millicycles + unit.sum_millicycles;
  local_max_milli_ = unit.max_millicycles + (shape.softcap ? softcap_millicycles(unit) : 0);
  reduction_latency_ = unit.reduction_latency_cycles;
  const MatrixUnit& array = hardware.matrix;
  array_rows_ = array.rows;
  array_cols_ = array.cols;
  array_max_milli_ = array.max_millicycles;
  array_exp_milli_ = array.sub_millicycles + array.exp_millicycles + array.sum_millicycles;
  constexpr std::int64_t kReductions = 2;  // maximum and sum
  softmax_fixed_ = startup_ + kReductions * unit.reduction_latency_cycles;
}

std::int64_t OnlineCost::least_softmax_cycles(const Work& work) const {
  return work.rounds * work.sub_tiles * softmax_fixed_ +
         cycles(lanes_.ceil(work.rows * cols_) * element_milli_ +
                work.sub_tiles * lanes_.ceil(work.rows) * row_milli_);
}

std::int64_t OnlineCost::least_rescale_cycles(const Work& work) const {
  const std::int64_t rescales = work.sub_tiles - 1;
  return work.rounds * rescales * startup_ +
         cycles(rescales * lanes_.ceil(work.rows * v_dim_) * mul_milli_);
}

std::int64_t OnlineCost::least_normalise_cycles(const Work& work) const {
  return work.rounds * startup_ + cycles(lanes_.ceil(work.rows * v_dim_) * div_milli_);
}

std::int64_t OnlineCost::least_state_cycles(const Work& work) const {
  return 2 * work.rounds * work.sub_tiles * startup_ +
         cycles(work.sub_tiles * lanes_.ceil(work.rows) * row_milli_);
}

namespace {

constexpr int kState = 5;  // maximum, subtract, exp, multiply, add

/// Every sub-tile rescales O (or clears it) before P V, and the division comes on top.
OnlineWork epoch_work(const Shape& s, const PhasePlan& phase, std::int64_t sub_tiles) {
  const Int128 rows = static_cast<Int128>(s.pairs) * s.rows;
  // The sub-tile's own maximum is written and read; of the state, three figures are written and
  // (but at first) two read; O is rescaled with one of them (but at first), and divided by one. The
  // array reads the maximum and writes its sums, which takes the vector unit two operations.
  const std::int64_t figures = phase.on_array ? 12 * sub_tiles - 3 : 8 * sub_tiles - 2;
  OnlineWork work;
  work.operations = rows * (sub_tiles * (kState + s.v_dim) + s.v_dim);
  work.l1_bytes = rows * s.bytes.accumulator * (2 * sub_tiles * s.v_dim + s.v_dim + figures);
  const Int128 scores = rows * s.cols;
  if (phase.on_array) {
    const int element = 5 + (s.bytes.score != s.bytes.input ? 1 : 0);
    work.operations -= scores * element;
    work.l1_bytes -= scores * (s.bytes.score + s.bytes.input);
    work.array_scores = scores;
  } else {
    work.operations -= scores;  // no division
    work.l1_bytes += scores * s.bytes.score * (s.softcap ? 2 : 1);
  }
  return work;
}

}  // namespace

OnlineWork online_work(const Shape& s, const PhasePlan& phase, std::int64_t sub_tiles) {
  if (phase.epochs) {
    return epoch_work(s, phase, sub_tiles);
  }
  const Int128 rows = static_cast<Int128>(s.pairs) * s.rows;
  // The state of a row and its O after every sub-tile, but no division of every score.
  OnlineWork work;
  work.operations = rows * sub_tiles * (kState + s.v_dim) - rows * s.cols;
  // Of the state, softmax writes three figures and (but at first) reads two; O is read and written
  // with one of them.
  constexpr int kPerSubTile = 3 + 2 + 1;
  work.l1_bytes = rows * s.bytes.accumulator * (sub_tiles * (2 * s.v_dim + kPerSubTile) - 2);
  return work;
}

}  // namespace tilewright
