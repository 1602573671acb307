// Costs of single operations: the only thing that the analytic model and the reference share.
#pragma once

#include <cstdint>

#include "common/math.h"
#include "hw_profiles/hardware.h"
#include "schedules/plan.h"

namespace tilewright {

/// Thousandths of a cycle of an array pass at inputs of `bytes`; 0: not supported.
std::int64_t pass_millicycles(const MatrixUnit& unit, std::int64_t bytes);

/// Across which width of the array each side of a matmul is cut.
struct ArraySides {
  std::int64_t m = 1;
  std::int64_t n = 1;
  std::int64_t k = 1;
};

constexpr ArraySides array_sides(const MatrixUnit& unit, MatmulKind kind) {
  const Spatial spatial = kind == MatmulKind::kQK ? unit.qk_spatial : unit.pv_spatial;
  return spatial == Spatial::kOutput ? ArraySides{unit.rows, unit.cols, unit.depth}
                                     : ArraySides{unit.rows, unit.depth, unit.cols};
}

/// Cycles of a matmul of `rows` x `cols` scores in `sub_tiles` pieces along the columns, however
/// these are cut, at least: the array passes of all columns and a start-up for each piece.
std::int64_t least_matmuls(const MatrixUnit& unit, const Shape& shape, MatmulKind kind,
                           std::int64_t rows, std::int64_t cols, std::int64_t sub_tiles);

/// Of a soft cap, per score: cap tanh(s / cap) = cap - 2 cap / (exp(2 s / cap) + 1).
constexpr std::int64_t softcap_millicycles(const VectorUnit& unit) {
  return unit.mul_millicycles + unit.exp_millicycles + unit.sum_millicycles + unit.div_millicycles +
         unit.sub_millicycles;
}
inline constexpr std::int64_t kSoftcapOperations = 5;

/// Time of a DRAM transfer on one core: set-up + whole bursts at the core's share of the bandwidth,
/// rounded up to cycles. The share is bandwidth / (cores that have any work).
class TransferCost {
 public:
  TransferCost(const Hardware& hardware, std::int64_t active_cores);
  template <typename Number>
  Number cycles(const Number& bytes) const {
    return setup_ + busy_cycles(burst_.round_up(bytes));
  }

  /// Without the set-up, bursts not rounded.
  template <typename Number>
  Number busy_cycles(const Number& bytes) const {
    if (any(bytes > fast_limit_)) [[unlikely]] {
      return each([this](std::int64_t one) { return slow_cycles(one); }, bytes);
    }
    return divisor_.ceil(Number(bytes * numerator_));
  }

  std::int64_t setup() const { return setup_; }

  /// Cycles of `bytes` in units of 1 / `unit` cycles, rounded down.
  std::int64_t line_rate(std::int64_t bytes, std::int64_t unit) const {
    return static_cast<std::int64_t>(static_cast<UInt128>(bytes * unit) *
                                     static_cast<UInt128>(numerator_) / divisor_.value());
  }

 private:
  std::int64_t slow_cycles(std::int64_t bytes) const;

  std::int64_t setup_ = 0;
  Divisor burst_{1};
  std::int64_t numerator_ = 1;  ///< cycles per byte = numerator_ / divisor_
  Divisor divisor_{1};
  std::int64_t fast_limit_ = 0;
};

/// Time of an exact softmax over whole score rows on one core's vector unit (maximum, subtract,
/// exp, sum, divide per element, a cast where P is narrower than S, a soft cap where there is one).
class VectorCost {
 public:
  VectorCost(const Hardware& hardware, const Shape& shape);
  /// Of whole rows.
  template <typename Number>
  Number softmax_cycles(const Number& rows) const {
    const Number vectors = lanes_.ceil(Number(rows * cols_));
    return fixed_ + (element_cycles_ > 0
                         ? Number(vectors * element_cycles_)
                         : divided_up(Number(vectors * element_milli_), Number(kMilli)));
  }
  /// Of `cols` columns, where the scores of `masked_cols` of them are masked first: one addition
  /// (of 0 or minus infinity) each.
  std::int64_t softmax_cycles(std::int64_t rows, std::int64_t cols,
                              std::int64_t masked_cols) const {
    return fixed_ + ceil_div(lanes_.ceil(rows * cols) * element_milli_ +
                                 lanes_.ceil(rows * masked_cols) * mask_milli_,
                             kMilli);
  }
  /// A lower bound for `scores` scores in at least `operations` operations.
  std::int64_t least_softmax_cycles(std::int64_t scores, std::int64_t operations) const {
    return (operations - 1) * fixed_ + softmax_cycles(1, scores, 0);
  }
  /// A linear function of `rows` below softmax_cycles(), in units of 1 / `unit` cycles.
  std::int64_t line(std::int64_t rows, std::int64_t unit) const {
    const auto rate = static_cast<std::int64_t>(static_cast<Int128>(cols_ * element_milli_) * unit /
                                                (static_cast<Int128>(lanes_.value()) * kMilli));
    return rows * rate + fixed_ * unit;
  }
  /// Elementary operations per score element (for energy).
  std::int64_t operations_per_element() const { return operations_; }

 private:
  std::int64_t cols_ = 0;
  Divisor lanes_;
  std::int64_t element_milli_ = 0;
  std::int64_t element_cycles_ = 0;  ///< the same in cycles if it is a whole number of them, else 0
  std::int64_t fixed_ = 0;
  std::int64_t mask_milli_ = 0;
  std::int64_t operations_ = 0;
};

}  // namespace tilewright
