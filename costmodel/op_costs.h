// Costs of single operations: the only thing that the analytic model and the reference share.
#pragma once

#include <cstdint>

#include "common/math.h"
#include "hw_profiles/hardware.h"
#include "schedules/plan.h"

namespace tilewright {

/// Time of a DRAM transfer on one core: set-up + whole bursts at the core's share of the bandwidth,
/// rounded up to cycles. The share is bandwidth / (cores that have any work).
class TransferCost {
 public:
  TransferCost(const Hardware& hardware, std::int64_t active_cores);
  std::int64_t cycles(std::int64_t bytes) const {
    const std::int64_t timed = burst_ == 1 ? bytes : round_up(bytes, burst_);
    if (timed <= fast_limit_) [[likely]] {
      const auto scaled = static_cast<std::uint64_t>(timed * numerator_);
      return setup_ + static_cast<std::int64_t>(shift_ >= 0
                                                    ? (scaled + mask_) >> shift_
                                                    : (scaled + mask_) / divisor_);
    }
    return setup_ + slow_cycles(timed);
  }

 private:
  std::int64_t slow_cycles(std::int64_t bytes) const;

  std::int64_t setup_ = 0;
  std::int64_t burst_ = 1;
  std::int64_t numerator_ = 1;  ///< cycles per byte = numerator_ / divisor_
  std::uint64_t divisor_ = 1;
  std::uint64_t mask_ = 0;  ///< divisor_ - 1
  int shift_ = -1;          ///< log2(divisor_) if that is a power of two
  std::int64_t fast_limit_ = 0;
};

/// Time of an exact softmax over whole score rows on one core's vector unit (maximum, subtract, exp,
/// sum, divide per element, and a cast where P is narrower than S).
class VectorCost {
 public:
  VectorCost(const Hardware& hardware, const Shape& shape);
  std::int64_t softmax_cycles(std::int64_t rows) const {
    const std::int64_t vectors =
        static_cast<std::int64_t>((static_cast<std::uint64_t>(rows * cols_ + lanes_ - 1)) /
                                  static_cast<std::uint64_t>(lanes_));
    return fixed_ + (element_milli_ % kMilli == 0 ? vectors * (element_milli_ / kMilli)
                                                  : ceil_div(vectors * element_milli_, kMilli));
  }
  /// A lower bound for `rows` rows in at least `operations` operations.
  std::int64_t least_softmax_cycles(std::int64_t rows, std::int64_t operations) const {
    return (operations - 1) * fixed_ + softmax_cycles(rows);
  }
  /// Elementary operations per score element (for energy).
  std::int64_t operations_per_element() const { return operations_; }

 private:
  std::int64_t cols_ = 0;
  std::int64_t lanes_ = 1;
  std::int64_t element_milli_ = 0;
  std::int64_t fixed_ = 0;
  std::int64_t operations_ = 0;
};

}  // namespace tilewright
