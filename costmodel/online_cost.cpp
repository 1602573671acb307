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
  row_milli_ = unit.max_millicycles + unit.sub_millicycles + unit.exp_millicycles +
               unit.mul_millicycles + unit.sum_millicycles;
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

OnlineWork online_work(const Shape& s, std::int64_t sub_tiles) {
  const Int128 rows = static_cast<Int128>(s.pairs) * s.rows;
  constexpr int kState = 5;  // maximum, subtract, exp, multiply, add
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
