// Cycles in which both units of a core are busy, gathered while the pipeline is walked.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace tilewright {

/// Equal busy intervals of one queue, each `period` cycles after the one before.
struct Train {
  std::int64_t start = 0;
  std::int64_t busy = 0;  ///< at most the period, if there are several
  std::int64_t period = 0;
  std::int64_t count = 1;

  std::int64_t end() const { return start + (count - 1) * period + busy; }
  /// Busy cycles before `time`.
  std::int64_t before(std::int64_t time) const {
    if (time <= start) {
      return 0;
    }
    const std::int64_t begun = count == 1 ? 0 : std::min(count - 1, (time - start) / period);
    return begun * busy + std::min(busy, time - start - begun * period);
  }
};

/// Takes the busy intervals of two in-order queues, each queue's in ascending order, in any
/// mixture. Those of the vector unit come one by one.
class OverlapRecorder {
 public:
  void matrix(const Train& train) { record(matrix_, vector_, train); }
  void matrix(std::int64_t start, std::int64_t end) { matrix({start, end - start}); }
  void vector(std::int64_t start, std::int64_t end) {
    record(vector_, matrix_, {start, end - start});
  }

  std::int64_t total() const { return total_; }

  /// As if the intervals so far had come `times` times more, each time `by` cycles later, each time
  /// with `gain` cycles of overlap.
  void skip(std::int64_t by, std::int64_t gain, std::int64_t times) {
    total_ += gain * times;
    for (auto* queue : {&matrix_, &vector_}) {
      for (Train& train : *queue) {
        train.start += by * times;
      }
    }
  }

 private:
  using Trains = std::vector<Train>;

  static std::int64_t overlap(const Train& many, const Train& one) {
    return many.before(one.end()) - many.before(one.start);
  }

  void record(Trains& own, Trains& other, Train train) {
    if (train.busy == 0) {
      return;
    }
    std::size_t kept = 0;
    for (const Train& there : other) {
      total_ += train.count > 1 ? overlap(train, there) : overlap(there, train);
      if (there.end() > train.end()) {
        other[kept++] = there;
      }
    }
    other.resize(kept);
    if (train.count > 1 && train.busy == train.period) {
      train = {train.start, train.count * train.busy};
    }
    if (!own.empty() && own.back().count == 1 && train.count == 1 &&
        own.back().end() == train.start) {
      own.back().busy += train.busy;
    } else {
      own.push_back(train);
    }
  }

  Trains matrix_;
  Trains vector_;
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
