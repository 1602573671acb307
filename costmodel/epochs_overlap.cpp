// Of a phase of epochs, the cycles in which both units are busy.
#include <cstddef>
#include <utility>
#include <vector>

#include "costmodel/epoch_walk.h"
#include "costmodel/epochs.h"

namespace tilewright {
namespace epochs {
namespace {

/// A step with its times, which it may outlive.
struct StepTimes {
  StepTimes() = default;
  StepTimes(const PhaseTimes&, const Step& of) : step(of), lead(*of.times), own(*of.own) {}
  static StepTimes none() { return {}; }

  Step step;
  RoundTimes lead;
  RoundTimes own;
};

/// An operation that a step has once a pair.
using Duration = std::int64_t RoundTimes::*;

Duration array_max(const Step& step) {
  if (step.masked) {
    return step.edge() ? &RoundTimes::masked_array_max_edge : &RoundTimes::masked_array_max;
  }
  return step.edge() ? &RoundTimes::array_max_edge : &RoundTimes::array_max;
}
Duration array_exp(const Step& step) {
  return step.edge() ? &RoundTimes::array_exp_edge : &RoundTimes::array_exp;
}
Duration update_of(const Step& step) {
  return step.edge() ? &RoundTimes::softmax_edge : &RoundTimes::softmax;
}
Duration beside_of(const Step& step) {
  if (step.masked) {
    return step.edge() ? &RoundTimes::masked_beside_edge : &RoundTimes::masked_beside;
  }
  return step.edge() ? &RoundTimes::beside_edge : &RoundTimes::beside;
}

/// The operations of one queue in a half of an epoch, started when the leader's are.
class Lane {
 public:
  void add(const StepTimes& of, Duration duration) {
    for (std::int64_t head = 0; head < of.step.heads; ++head) {
      put(of.lead.*duration, of.own.*duration);
    }
  }

  /// `count` sub-tiles of each pair, the last ones of their round.
  void add_matmuls(const StepTimes& of, StageTimes RoundTimes::*stage, std::int64_t count) {
    const StageTimes& lead = of.lead.*stage;
    const StageTimes& own = of.own.*stage;
    for (std::int64_t head = 0; head < of.step.heads; ++head) {
      for (std::int64_t tile = 0; tile < count; ++tile) {
        const bool edge = of.step.edge() && tile == count - 1;
        put(edge ? lead.matmul_edge : lead.matmul_full, edge ? own.matmul_edge : own.matmul_full);
      }
    }
  }

  /// Cycles in which both are busy.
  std::int64_t overlap(const Lane& other) const {
    std::int64_t cycles = 0;
    std::size_t from = 0;
    for (const auto& [start, end] : busy_) {
      while (from < other.busy_.size() && other.busy_[from].second <= start) {
        ++from;
      }
      for (std::size_t i = from; i < other.busy_.size() && other.busy_[i].first < end; ++i) {
        cycles += std::min(end, other.busy_[i].second) - std::max(start, other.busy_[i].first);
      }
    }
    return cycles;
  }

 private:
  void put(std::int64_t leader_cycles, std::int64_t own_cycles) {
    busy_.emplace_back(start_, start_ + own_cycles);
    start_ += leader_cycles;
  }

  std::int64_t start_ = 0;
  std::vector<std::pair<std::int64_t, std::int64_t>> busy_;
};

struct FusedOverlap {
  using Number = std::int64_t;
  using Item = StepTimes;
  static constexpr std::size_t kBack = 2;
  static constexpr std::size_t kAhead = 2;
  static constexpr bool kOwn = true;

  std::int64_t operator()(const Window<StepTimes>& w) const {
    Lane matrix;
    Lane vector;
    matrix.add_matmuls(w.at(-1), &RoundTimes::second, w.at(-1).step.sub_tiles);
    matrix.add_matmuls(w.at(1), &RoundTimes::first, w.at(1).step.sub_tiles);
    vector.add(w.at(0), &RoundTimes::softmax);
    return matrix.overlap(vector);
  }
};

struct OnlineOverlap {
  using Number = std::int64_t;
  using Item = StepTimes;
  static constexpr std::size_t kBack = 4;
  static constexpr std::size_t kAhead = 2;
  static constexpr bool kOwn = true;

  std::int64_t operator()(const Window<StepTimes>& w) const {
    const StepTimes& entering = w.at(1);
    const StepTimes& here = w.at(0);
    Lane matrix;
    Lane vector;
    matrix.add_matmuls(entering, &RoundTimes::first, 1);
    matrix.add(entering, array_max(entering.step));
    if (w.at(-2).step.last) {
      vector.add(w.at(-2), &RoundTimes::normalise);
    }
    vector.add(here, update_of(here.step));
    vector.add(here, &RoundTimes::rescale);
    Lane second;
    Lane beside;
    second.add(here, array_exp(here.step));
    second.add_matmuls(here, &RoundTimes::second, 1);
    const StepTimes& other = w.at(on_array ? -1 : 1);
    beside.add(other, beside_of(other.step));
    return matrix.overlap(vector) + second.overlap(beside);
  }

  bool on_array = false;
};

}  // namespace
}  // namespace epochs

std::int64_t epochs_overlap(const PhaseTimes& leader, const PhaseTimes& own) {
  if (!leader.has_second) {
    return 0;  // one unit alone
  }
  if (leader.online) {
    const epochs::OnlineOverlap form{leader.on_array};
    return epochs::EpochSum<epochs::OnlineOverlap>(leader, own, form).all();
  }
  return epochs::EpochSum<epochs::FusedOverlap>(leader, own, {}).all();
}

}  // namespace tilewright
