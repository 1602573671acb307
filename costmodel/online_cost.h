// Times of the vector unit's operations in an online softmax.
#pragma once

#include <cstdint>

#include "common/math.h"
#include "hw_profiles/hardware.h"
#include "schedules/plan.h"

namespace tilewright {

/// Cycles of the vector unit's operations of a kind, in all.
struct VectorSums {
  std::int64_t softmax = 0;
  std::int64_t rescale = 0;    ///< online: between the matmuls of a round
  std::int64_t normalise = 0;  ///< and after them
  std::int64_t all() const { return softmax + rescale + normalise; }
};

/// Online softmax of one tile of scores (maximum, subtract, exp, sum per element, and a cast where
/// P is narrower than S, an addition where a mask hides some), with the update of its rows' state
/// (maximum of two, subtract, exp, multiply, add per row); multiplying or dividing a tile of O by
/// one factor per row.
class OnlineCost {
 public:
  OnlineCost(const Hardware& hardware, const Shape& shape);

  template <typename Number>
  Number softmax_cycles(const Number& rows, const Number& cols) const {
    return softmax_fixed_ + cycles<Number>(lanes_.ceil(Number(rows * cols)) * element_milli_ +
                                           lanes_.ceil(rows) * row_milli_);
  }
  /// Of a sub-tile that not every row sees whole: an addition (of 0 or minus infinity) a score.
  template <typename Number>
  Number masked_softmax_cycles(const Number& rows, const Number& cols) const {
    return softmax_fixed_ +
           cycles<Number>(lanes_.ceil(Number(rows * cols)) * (element_milli_ + mask_milli_) +
                          lanes_.ceil(rows) * row_milli_);
  }
  // The same in parts, for epochs: the maximum of a sub-tile's rows; the rest; of the rest what
  // concerns the rows' state alone, the maximum and its factor, then the sum.
  template <typename Number>
  Number local_max_cycles(const Number& rows, const Number& cols) const {
    return startup_ + reduction_latency_ +
           cycles<Number>(lanes_.ceil(Number(rows * cols)) * local_max_milli_);
  }
  /// Where the scores are masked first.
  template <typename Number>
  Number masked_local_max_cycles(const Number& rows, const Number& cols) const {
    return startup_ + reduction_latency_ +
           cycles<Number>(lanes_.ceil(Number(rows * cols)) * (local_max_milli_ + mask_milli_));
  }
  template <typename Number>
  Number update_cycles(const Number& rows, const Number& cols) const {
    return startup_ + reduction_latency_ +
           cycles<Number>(lanes_.ceil(Number(rows * cols)) * (element_milli_ - local_max_milli_) +
                          lanes_.ceil(rows) * row_milli_);
  }
  template <typename Number>
  Number update_max_cycles(const Number& rows) const {
    return startup_ + cycles<Number>(lanes_.ceil(rows) * row_max_milli_);
  }
  template <typename Number>
  Number update_sum_cycles(const Number& rows) const {
    return startup_ + cycles<Number>(lanes_.ceil(rows) * (row_milli_ - row_max_milli_));
  }
  /// The array's own part: maxima; P and its row sums.
  template <typename Number>
  Number array_max_cycles(const Number& rows, const Number& cols) const {
    return cycles<Number>(array_passes(rows, cols) * array_max_milli_);
  }
  template <typename Number>
  Number masked_array_max_cycles(const Number& rows, const Number& cols) const {
    return cycles<Number>(array_passes(rows, cols) * (array_max_milli_ + array_mask_milli_));
  }
  template <typename Number>
  Number array_exp_cycles(const Number& rows, const Number& cols) const {
    return cycles<Number>(array_passes(rows, cols) * array_exp_milli_);
  }
  template <typename Number>
  Number rescale_cycles(const Number& rows) const {
    return adjust_cycles(rows, mul_milli_);
  }
  template <typename Number>
  Number normalise_cycles(const Number& rows) const {
    return adjust_cycles(rows, div_milli_);
  }
  // Of a split of keys and values: maximum and sum of each row put beside O; O from `parts` parts.
  template <typename Number>
  Number save_state_cycles(const Number& rows) const {
    return startup_ + cycles<Number>(lanes_.ceil(Number(kSavedFigures * rows)) * move_milli_);
  }
  std::int64_t merge_cycles(std::int64_t rows, std::int64_t parts) const {
    return softmax_fixed_ + cycles(lanes_.ceil(rows * parts) * row_milli_ +
                                   lanes_.ceil(rows * parts * v_dim_) * weigh_milli_ +
                                   lanes_.ceil(rows * v_dim_) * div_milli_);
  }

  // Lower bounds of the sums over all steps, whatever the tiles are: of a round of `rows` rows cut
  // into `sub_tiles`, or `rounds` of them with as many rows in all; of what a mask leaves.
  VectorSums least(std::int64_t rows, std::int64_t rounds, std::int64_t sub_tiles) const;
  struct Visits {
    std::int64_t rows = 0;
    std::int64_t rounds = 0;
    std::int64_t steps = 0;
    std::int64_t rescales = 0;
    std::int64_t scores = 0;
    std::int64_t row_visits = 0;  ///< rows, once for every sub-tile they meet
  };
  VectorSums least(const Visits& visits) const;

  /// Of the rows' state alone, in epochs where the array does the rest.
  std::int64_t least_state_cycles(std::int64_t rows, std::int64_t steps,
                                  std::int64_t sub_tiles) const;
  /// What the array does itself with so many scores, with all of a round, at least.
  std::int64_t least_array_cycles_of(std::int64_t scores) const {
    return cycles(ceil_div(scores, array_rows_ * array_cols_) *
                  (array_max_milli_ + array_exp_milli_));
  }
  std::int64_t least_array_cycles(std::int64_t rows) const {
    return cycles(array_passes(rows, cols_) * (array_max_milli_ + array_exp_milli_));
  }

  // Linear functions of `rows` below the times, in units of 1 / `unit` cycles.
  std::int64_t softmax_line(std::int64_t rows, std::int64_t cols, std::int64_t unit) const {
    return rows * rate(cols * element_milli_ + row_milli_, unit) + softmax_fixed_ * unit;
  }
  std::int64_t local_max_line(std::int64_t rows, std::int64_t cols, std::int64_t unit) const {
    return rows * rate(cols * local_max_milli_, unit) + (startup_ + reduction_latency_) * unit;
  }
  std::int64_t update_line(std::int64_t rows, std::int64_t cols, std::int64_t unit) const {
    return rows * rate(cols * (element_milli_ - local_max_milli_) + row_milli_, unit) +
           (startup_ + reduction_latency_) * unit;
  }
  std::int64_t update_max_line(std::int64_t rows, std::int64_t unit) const {
    return rows * rate(row_max_milli_, unit) + startup_ * unit;
  }
  std::int64_t update_sum_line(std::int64_t rows, std::int64_t unit) const {
    return rows * rate(row_milli_ - row_max_milli_, unit) + startup_ * unit;
  }
  /// softmax_line() along `cols`.
  std::int64_t softmax_line_of_cols(std::int64_t rows, std::int64_t cols, std::int64_t unit) const {
    return cols * rate(rows * element_milli_, unit) + rate(rows * row_milli_, unit) +
           softmax_fixed_ * unit;
  }
  std::int64_t rescale_line(std::int64_t rows, std::int64_t unit) const {
    return rows * rate(v_dim_ * mul_milli_, unit) + startup_ * unit;
  }
  std::int64_t normalise_line(std::int64_t rows, std::int64_t unit) const {
    return rows * rate(v_dim_ * div_milli_, unit) + startup_ * unit;
  }
  std::int64_t save_state_line(std::int64_t rows, std::int64_t unit) const {
    return rows * rate(kSavedFigures * move_milli_, unit) + startup_ * unit;
  }

 private:
  template <typename Number>
  Number array_passes(const Number& rows, const Number& cols) const {
    return divided_up(rows, Number(array_rows_)) * divided_up(cols, Number(array_cols_));
  }
  /// Operations, and their elements in vectors at full lanes.
  struct Work {
    std::int64_t rounds = 0;
    std::int64_t steps = 0;
    std::int64_t rescales = 0;
    std::int64_t score_vectors = 0;
    std::int64_t row_vectors = 0;  ///< of rows, once a step
    std::int64_t rescale_vectors = 0;
    std::int64_t normalise_vectors = 0;
  };
  VectorSums sums_of(const Work& work) const;

  static constexpr std::int64_t kSavedFigures = 2;

  template <typename Number>
  static Number cycles(const Number& milli) {
    return divided_up(milli, Number(kMilli));
  }
  template <typename Number>
  Number adjust_cycles(const Number& rows, std::int64_t milli) const {
    return startup_ + cycles<Number>(lanes_.ceil(Number(rows * v_dim_)) * milli);
  }
  /// At full lanes.
  std::int64_t rate(std::int64_t milli, std::int64_t unit) const {
    return static_cast<std::int64_t>(static_cast<Int128>(milli) * unit /
                                     (static_cast<Int128>(lanes_.value()) * kMilli));
  }

  std::int64_t cols_ = 0;
  std::int64_t v_dim_ = 0;
  Divisor lanes_;
  std::int64_t startup_ = 0;
  std::int64_t softmax_fixed_ = 0;
  std::int64_t element_milli_ = 0;
  std::int64_t row_milli_ = 0;
  std::int64_t reduction_latency_ = 0;
  std::int64_t local_max_milli_ = 0;
  std::int64_t row_max_milli_ = 0;
  std::int64_t array_rows_ = 1;
  std::int64_t array_cols_ = 1;
  std::int64_t array_max_milli_ = 0;
  std::int64_t array_exp_milli_ = 0;
  std::int64_t array_mask_milli_ = 0;
  std::int64_t mask_milli_ = 0;
  std::int64_t mul_milli_ = 0;
  std::int64_t div_milli_ = 0;
  std::int64_t move_milli_ = 0;   ///< as a cast
  std::int64_t weigh_milli_ = 0;  ///< times a weight and added up
};

/// What an online softmax does in a layer beyond one over whole rows; linear in the sub-tiles of a
/// round.
struct OnlineWork {
  Int128 operations = 0;    ///< of the vector unit, of one element each; may be fewer: below 0
  Int128 l1_bytes = 0;      ///< read and written
  Int128 array_scores = 0;  ///< that the array does all element-wise work for
  Int128 array_masked = 0;  ///< of these, masked first
};
/// What a layer computes, of all pairs; under a mask, what that leaves.
struct LayerWork {
  Int128 scores = 0;
  Int128 masked = 0;      ///< scores that are masked first
  Int128 row_visits = 0;  ///< rows, once for every sub-tile they meet
};

/// `phase`: the one of the layer. Linear in `work`.
OnlineWork online_work(const Shape& shape, const PhasePlan& phase, const LayerWork& work);
/// Without a mask, of rows that meet `sub_tiles` each.
OnlineWork online_work(const Shape& shape, const PhasePlan& phase, std::int64_t sub_tiles);
/// What changes if `parts` cores make a part of every row, and these are merged.
OnlineWork parts_work(const Shape& shape, std::int64_t parts);

}  // namespace tilewright
