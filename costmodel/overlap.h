// Cycles in which both units of a core are busy, gathered while the pipeline is walked.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace tilewright {

/// Takes the busy intervals of two in-order queues, each queue's in ascending order, in any
/// mixture.
class OverlapRecorder {
 public:
  void matrix(std::int64_t start, std::int64_t end) { record(matrix_, vector_, start, end); }
  void vector(std::int64_t start, std::int64_t end) { record(vector_, matrix_, start, end); }

  std::int64_t total() const { return total_; }

  /// As if the intervals so far had come `times` times more, each time `by` cycles later, each time
  /// with `gain` cycles of overlap.
  void skip(std::int64_t by, std::int64_t gain, std::int64_t times) {
    total_ += gain * times;
    for (auto* queue : {&matrix_, &vector_}) {
      for (auto& [start, end] : *queue) {
        start += by * times;
        end += by * times;
      }
    }
  }

 private:
  using Intervals = std::vector<std::pair<std::int64_t, std::int64_t>>;

  void record(Intervals& own, Intervals& other, std::int64_t start, std::int64_t end) {
    if (start == end) {
      return;
    }
    std::size_t kept = 0;
    for (const auto& [other_start, other_end] : other) {
      total_ += std::max<std::int64_t>(0, std::min(end, other_end) - std::max(start, other_start));
      if (other_end > end) {
        other[kept++] = {other_start, other_end};
      }
    }
    other.resize(kept);
    if (!own.empty() && own.back().second == start) {
      own.back().second = end;
    } else {
      own.emplace_back(start, end);
    }
  }

  Intervals matrix_;
  Intervals vector_;
  std::int64_t total_ = 0;
};

}  // namespace tilewright
