// When to stop.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>

#include "common/math.h"

namespace tilewright {

class Budget {
 public:
  using Clock = std::chrono::steady_clock;

  /// A limit of 0 is none; `stop` may be null.
  Budget(double time_limit_s, std::int64_t max_evals, const std::atomic<bool>* stop)
      : max_evals_(max_evals > 0 ? max_evals : std::numeric_limits<std::int64_t>::max()),
        stop_(stop) {
    if (time_limit_s > 0) {
      // Far limits would overflow the clock; a century is as good as none.
      constexpr double kCentury = 3.2e9;
      const auto limit = std::chrono::duration<double>(std::min(time_limit_s, kCentury));
      deadline_ = start_ + std::chrono::duration_cast<Clock::duration>(limit);
    }
  }

  bool limits_time() const { return deadline_ != Clock::time_point::max(); }
  bool limits_evaluations() const { return max_evals_ != std::numeric_limits<std::int64_t>::max(); }
  bool interrupted() const { return stop_ != nullptr && stop_->load(std::memory_order_relaxed); }
  bool out_of_time() const { return interrupted() || (limits_time() && Clock::now() >= deadline_); }

  /// How many of `wanted` evaluations may still be made after `done`.
  std::int64_t allowed(Int128 done, std::int64_t wanted) const {
    const Int128 left = static_cast<Int128>(max_evals_) - done;
    return left <= 0 ? 0 : (left < wanted ? static_cast<std::int64_t>(left) : wanted);
  }
  bool spent(Int128 done) const { return allowed(done, 1) == 0 || out_of_time(); }

  double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

 private:
  Clock::time_point start_ = Clock::now();
  Clock::time_point deadline_ = Clock::time_point::max();
  std::int64_t max_evals_;
  const std::atomic<bool>* stop_;
};

}  // namespace tilewright
