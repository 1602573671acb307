#include "costmodel/epochs.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "costmodel/epoch_walk.h"

namespace tilewright {
namespace epochs {
namespace {

/// An operation that a step has once a pair.
using Duration = std::int64_t RoundTimes::*;

Duration array_max(const Step& step) {
  if (step.masked()) {
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
  if (step.masked()) {
    return step.edge() ? &RoundTimes::masked_beside_edge : &RoundTimes::masked_beside;
  }
  return step.edge() ? &RoundTimes::beside_edge : &RoundTimes::beside;
}

std::int64_t cycles_of(const Step& step, Duration duration) {
  return step ? step.round().heads * (step.round().times->*duration) : 0;
}

/// `count` sub-tiles of a pair, the last ones of its round.
std::int64_t tiles(std::int64_t count, std::int64_t full, std::int64_t edge) {
  return count > 0 ? (count - 1) * full + edge : 0;
}

/// What a step takes of the load queue for K or V: all its pairs.
std::int64_t tile_loads(const PhaseTimes& t, const Step& step, StageTimes RoundTimes::*stage) {
  if (!step) {
    return 0;
  }
  const StageTimes& times = step.round().times->*stage;
  const std::int64_t last = step.round().narrow ? times.load_edge : times.load_full;
  if (by_sub_tiles(t)) {
    return step.loads() ? step.round().heads * (step.last() ? last : times.load_full) : 0;
  }
  return step.round().heads * tiles(step.round().due, times.load_full, last);
}

/// Matmuls of a step: of its sub-tile or of all.
std::int64_t matmuls(const PhaseTimes& t, const Step& step, StageTimes RoundTimes::*stage) {
  if (!step) {
    return 0;
  }
  const StageTimes& times = step.round().times->*stage;
  if (by_sub_tiles(t)) {
    return step.round().heads * (step.edge() ? times.matmul_edge : times.matmul_full);
  }
  return step.round().heads * times.matmul_all;
}

/// Loads, their latency, and stores: on one channel or on two.
std::int64_t channel(const PhaseTimes& t, std::int64_t loads, std::int64_t stores) {
  const std::int64_t there = loads > 0 ? loads + t.latency : 0;
  return std::max(there, t.shared_channel ? loads + stores : stores);
}

/// Of one operator alone.
std::int64_t operator_cycles(const PhaseTimes& t, const Window& w) {
  const Step& next = w.at(1);
  const Step& before = w.at(-1);
  std::int64_t loads = tile_loads(t, next, &RoundTimes::first);
  if (t.input_by_tile) {
    loads += cycles_of(next, next.edge() ? &RoundTimes::input_edge : &RoundTimes::input);
  } else if (next.first()) {
    loads += cycles_of(next, &RoundTimes::input);
  }
  std::int64_t stores = 0;
  if (t.store_by_tile) {
    stores = cycles_of(before, before.edge() ? &RoundTimes::store_edge : &RoundTimes::store);
  } else if (before.last() || !t.has_first) {
    stores = cycles_of(before, &RoundTimes::store);
  }
  const std::int64_t work = t.has_first ? matmuls(t, w.at(0), &RoundTimes::first)
                                        : cycles_of(w.at(0), &RoundTimes::softmax);
  return std::max(work, channel(t, loads, stores));
}

std::int64_t transfers(const PhaseTimes& t, const Window& w) {
  const Step& entering = w.at(2);
  const Step& leaving = w.at(t.online ? -4 : -2);
  std::int64_t loads = tile_loads(t, entering, &RoundTimes::first) +
                       tile_loads(t, w.at(t.online ? 1 : 0), &RoundTimes::second);
  if (entering.first()) {
    loads += cycles_of(entering, &RoundTimes::input);
  }
  if (t.has_bias) {
    const Step& biased = t.online ? entering : w.at(1);
    loads +=
        cycles_of(biased, t.online && biased.edge() ? &RoundTimes::bias_edge : &RoundTimes::bias);
  }
  const bool ends = !t.online || leaving.last();
  return channel(t, loads, ends ? cycles_of(leaving, &RoundTimes::store) : 0);
}

/// The step whose figures the vector unit works on beside P V.
const Step& beside_step(const PhaseTimes& t, const Window& w) {
  return w.at(t.on_array ? -1 : 1);
}

std::int64_t online_cycles(const PhaseTimes& t, const Window& w) {
  const Step& entering = w.at(1);
  const Step& here = w.at(0);
  const Step& finished = w.at(-2);
  const Step& other = beside_step(t, w);
  const std::int64_t half =
      std::max(matmuls(t, entering, &RoundTimes::first) + cycles_of(entering, array_max(entering)),
               cycles_of(here, update_of(here)) + cycles_of(here, &RoundTimes::rescale) +
                   (finished.last() ? cycles_of(finished, &RoundTimes::normalise) : 0));
  const std::int64_t rest =
      std::max(matmuls(t, here, &RoundTimes::second) + cycles_of(here, array_exp(here)),
               cycles_of(other, beside_of(other)));
  return std::max(half + rest, transfers(t, w));
}

std::int64_t epoch_cycles(const PhaseTimes& t, const Window& w) {
  if (!t.has_second) {
    return operator_cycles(t, w);
  }
  if (t.online) {
    return online_cycles(t, w);
  }
  const std::int64_t matrix =
      matmuls(t, w.at(-1), &RoundTimes::second) + matmuls(t, w.at(1), &RoundTimes::first);
  return std::max({matrix, cycles_of(w.at(0), &RoundTimes::softmax), transfers(t, w)});
}

/// The operations of one queue in a half of an epoch, started when the leader's are.
class Lane {
 public:
  explicit Lane(bool by_sub_tiles) : by_sub_tiles_(by_sub_tiles) {}

  void add(const Step& step, Duration duration) {
    for (std::int64_t head = 0; step && head < step.round().heads; ++head) {
      put(step.round().times->*duration, step.round().own->*duration);
    }
  }

  void add_matmuls(const Step& step, StageTimes RoundTimes::*stage) {
    if (!step) {
      return;
    }
    const StageTimes& lead = step.round().times->*stage;
    const StageTimes& own = step.round().own->*stage;
    const std::int64_t count = by_sub_tiles_ ? 1 : step.round().sub_tiles;
    for (std::int64_t head = 0; head < step.round().heads; ++head) {
      for (std::int64_t tile = 0; tile < count; ++tile) {
        const bool edge = by_sub_tiles_ ? step.edge() : step.round().narrow && tile == count - 1;
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

  bool by_sub_tiles_;
  std::int64_t start_ = 0;
  std::vector<std::pair<std::int64_t, std::int64_t>> busy_;
};

std::int64_t epoch_overlap(const PhaseTimes& t, const Window& w) {
  Lane matrix(t.online);
  Lane vector(t.online);
  if (!t.online) {
    matrix.add_matmuls(w.at(-1), &RoundTimes::second);
    matrix.add_matmuls(w.at(1), &RoundTimes::first);
    vector.add(w.at(0), &RoundTimes::softmax);
    return matrix.overlap(vector);
  }
  const Step& entering = w.at(1);
  const Step& here = w.at(0);
  matrix.add_matmuls(entering, &RoundTimes::first);
  matrix.add(entering, array_max(entering));
  if (w.at(-2).last()) {
    vector.add(w.at(-2), &RoundTimes::normalise);
  }
  vector.add(here, update_of(here));
  vector.add(here, &RoundTimes::rescale);
  Lane second(t.online);
  Lane beside(t.online);
  second.add(here, array_exp(here));
  second.add_matmuls(here, &RoundTimes::second);
  const Step& other = beside_step(t, w);
  beside.add(other, beside_of(other));
  return matrix.overlap(vector) + second.overlap(beside);
}

}  // namespace
}  // namespace epochs

std::int64_t epochs_makespan(const PhaseTimes& times) {
  return epochs::sum_epochs(
      times, times, [&](const epochs::Window& w) { return epochs::epoch_cycles(times, w); });
}

std::int64_t epochs_overlap(const PhaseTimes& leader, const PhaseTimes& own) {
  if (!leader.has_second) {
    return 0;  // one unit alone
  }
  return epochs::sum_epochs(
      leader, own, [&](const epochs::Window& w) { return epochs::epoch_overlap(leader, w); });
}

}  // namespace tilewright
