// Cycles in which both units of a core are busy, gathered while the pipeline is walked.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
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

/// How often to step, and after how many equal steps in a row to leave out the rest.
struct RecordedSteps {
  std::int64_t count = 0;
  std::int64_t enough = 1;
};

/// repeat() of leap.h where `step` has intervals recorded: takes every step until a whole window of
/// rounds (or steps) in flight has moved as one.
template <typename Live, typename Recorder, std::size_t N, typename Step>
void repeat_recorded(Recorder& recorder, std::array<std::int64_t, N>& state, RecordedSteps steps,
                     const Step& step) {
  std::int64_t uniform = 0;
  for (std::int64_t left = steps.count - 1; left >= 0; --left) {
    const std::array<std::int64_t, N> before = state;
    const std::int64_t overlap = recorder.total();
    step(state);
    const std::int64_t by = state[0] - before[0];
    bool same = true;
    for (std::size_t i = 0; i < Live::kCompared; ++i) {
      same = same && state[i] - before[i] == by;
    }
    uniform = same ? uniform + 1 : 0;
    if (uniform >= steps.enough) {
      recorder.skip(by, recorder.total() - overlap, left);
      for (std::size_t i = 0; i < Live::kMoved; ++i) {
        state[i] += by * left;
      }
      return;
    }
  }
}

}  // namespace tilewright
