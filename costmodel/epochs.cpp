#include "costmodel/epochs.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "common/math.h"
#include "costmodel/overlap.h"

namespace tilewright {
namespace {

/// A round of a core as far as its epochs depend on it.
struct RoundKind {
  const RoundTimes* times = nullptr;  ///< of one pair; null: there is no such round
  std::int64_t heads = 0;
  bool loads = false;  ///< K and V
  bool operator==(const RoundKind&) const = default;
};

/// One step: a round or, online, a sub-tile of it.
struct Step {
  RoundKind round;
  bool first = false;  ///< of its round
  bool last = false;

  explicit operator bool() const { return round.times != nullptr; }
};

constexpr std::int64_t kBack = 4;   ///< an epoch stores O of so many steps before its own
constexpr std::int64_t kAhead = 2;  ///< and loads for so many after it

/// The steps that an epoch works on.
class Window {
 public:
  Step& at(std::int64_t offset) { return steps_[static_cast<std::size_t>(kBack + offset)]; }
  const Step& at(std::int64_t offset) const {
    return steps_[static_cast<std::size_t>(kBack + offset)];
  }

 private:
  std::array<Step, kBack + kAhead + 1> steps_;
};

/// Whether a step is a sub-tile of a round.
bool by_sub_tiles(const PhaseTimes& t) {
  return t.online || (t.has_first && !t.has_second);
}

/// What a step takes of the load queue: all its pairs.
std::int64_t tile_loads(const PhaseTimes& t, const Step& step, StageTimes RoundTimes::*stage) {
  if (!step || !step.round.loads) {
    return 0;
  }
  const StageTimes& times = step.round.times->*stage;
  if (by_sub_tiles(t)) {
    return step.round.heads * (step.last ? times.load_edge : times.load_full);
  }
  return step.round.heads * ((t.sub_tiles - 1) * times.load_full + times.load_edge);
}

/// Loads, their latency, and stores: on one channel or on two.
std::int64_t channel(const PhaseTimes& t, std::int64_t loads, std::int64_t stores) {
  const std::int64_t there = loads > 0 ? loads + t.latency : 0;
  return std::max(there, t.shared_channel ? loads + stores : stores);
}

/// Of one operator alone.
std::int64_t operator_cycles(const PhaseTimes& t, const Window& w) {
  const Step& next = w.at(1);
  std::int64_t loads = tile_loads(t, next, &RoundTimes::first);
  if (next && (next.first || t.input_by_tile)) {
    const RoundTimes& times = *next.round.times;
    loads += next.round.heads * (t.input_by_tile && next.last ? times.input_edge : times.input);
  }
  const Step& before = w.at(-1);
  std::int64_t stores = 0;
  if (before && (before.last || t.store_by_tile)) {
    const RoundTimes& times = *before.round.times;
    stores = before.round.heads * (t.store_by_tile && before.last ? times.store_edge : times.store);
  }
  std::int64_t work = 0;
  if (const Step& here = w.at(0)) {
    const RoundTimes& times = *here.round.times;
    work = here.round.heads * (t.has_first ? times.first.*(here.last ? &StageTimes::matmul_edge
                                                                     : &StageTimes::matmul_full)
                                           : times.softmax);
  }
  return std::max(work, channel(t, loads, stores));
}

std::int64_t transfers(const PhaseTimes& t, const Window& w) {
  const Step& entering = w.at(2);
  std::int64_t loads = tile_loads(t, entering, &RoundTimes::first) +
                       tile_loads(t, w.at(t.online ? 1 : 0), &RoundTimes::second);
  if (entering && entering.first) {
    loads += entering.round.heads * entering.round.times->input;
  }
  const Step& leaving = w.at(t.online ? -4 : -2);
  const std::int64_t stores =
      leaving && leaving.last ? leaving.round.heads * leaving.round.times->store : 0;
  return channel(t, loads, stores);
}

/// Sums the operations of a queue, whatever their order.
class Sum {
 public:
  void operator()(const Step& step, std::int64_t RoundTimes::*time) {
    cycles_ += step ? step.round.heads * (step.round.times->*time) : 0;
  }
  std::int64_t cycles() const { return cycles_; }

 private:
  std::int64_t cycles_ = 0;
};

constexpr auto array_max(const Step& step) {
  return step.last ? &RoundTimes::array_max_edge : &RoundTimes::array_max;
}
constexpr auto array_exp(const Step& step) {
  return step.last ? &RoundTimes::array_exp_edge : &RoundTimes::array_exp;
}
constexpr auto update_of(const Step& step) {
  return step.last ? &RoundTimes::softmax_edge : &RoundTimes::softmax;
}
constexpr auto beside_of(const Step& step) {
  return step.last ? &RoundTimes::beside_edge : &RoundTimes::beside;
}
constexpr auto matmul_of(const Step& step) {
  return step.last ? &StageTimes::matmul_edge : &StageTimes::matmul_full;
}

/// Matmuls of a step: of its sub-tile or of all.
std::int64_t matmuls(const PhaseTimes& t, const Step& step, StageTimes RoundTimes::*stage) {
  if (!step) {
    return 0;
  }
  const StageTimes& times = step.round.times->*stage;
  return step.round.heads * (t.online ? times.*matmul_of(step) : times.matmul_all);
}

/// The step whose figures the vector unit works on beside P V.
const Step& beside_step(const PhaseTimes& t, const Window& w) {
  return w.at(t.on_array ? -1 : 1);
}

std::int64_t epoch_cycles(const PhaseTimes& t, const Window& w) {
  if (!t.has_second) {
    return operator_cycles(t, w);
  }
  Sum vector;
  if (!t.online) {
    vector(w.at(0), &RoundTimes::softmax);
    const std::int64_t matrix =
        matmuls(t, w.at(-1), &RoundTimes::second) + matmuls(t, w.at(1), &RoundTimes::first);
    return std::max({matrix, vector.cycles(), transfers(t, w)});
  }
  Sum array;
  array(w.at(1), array_max(w.at(1)));
  vector(w.at(0), update_of(w.at(0)));
  vector(w.at(0), &RoundTimes::rescale);
  if (w.at(-2).last) {
    vector(w.at(-2), &RoundTimes::normalise);
  }
  const std::int64_t half =
      std::max(matmuls(t, w.at(1), &RoundTimes::first) + array.cycles(), vector.cycles());
  Sum exponentials;
  exponentials(w.at(0), array_exp(w.at(0)));
  Sum beside;
  const Step& other = beside_step(t, w);
  beside(other, beside_of(other));
  const std::int64_t rest =
      std::max(matmuls(t, w.at(0), &RoundTimes::second) + exponentials.cycles(), beside.cycles());
  return std::max(half + rest, transfers(t, w));
}

/// Goes over all epochs of a core and sums what `of_epoch` gives for them.
template <typename OfEpoch>
class EpochSum {
 public:
  EpochSum(const PhaseTimes& times, const OfEpoch& of_epoch)
      : t_(times),
        of_epoch_(of_epoch),
        groups_(times.full_groups + (times.edge_heads > 0 ? 1 : 0)),
        rounds_(groups_ * times.positions),
        steps_(by_sub_tiles(times) ? times.sub_tiles : 1) {}

  std::int64_t all() {
    if (rounds_ == 0) {
      return 0;
    }
    std::int64_t sum = 0;
    const std::int64_t before_first = t_.has_second ? kAhead : 1;
    const std::int64_t after_last = t_.online ? kBack : before_first;
    for (std::int64_t e = -before_first; e < 0; ++e) {
      sum += of_epoch_(window(0, e));
    }
    // Of groups (and positions in a group) that see only their like around them, one stands for
    // all.
    const std::int64_t before = ceil_div(kBack, t_.positions);
    const std::int64_t after = ceil_div(kAhead, t_.positions) + 1;
    runs(groups_, before, after, [&](std::int64_t group, std::int64_t times) {
      std::int64_t of_group = 0;
      runs(t_.positions, kBack + 1, kAhead + 1, [&](std::int64_t position, std::int64_t same) {
        of_group += same * round(group * t_.positions + position);
      });
      sum += times * of_group;
    });
    for (std::int64_t e = 0; e < after_last; ++e) {
      sum += of_epoch_(window(rounds_, e));
    }
    return sum;
  }

 private:
  /// Calls visit(i, how many it stands for) over 0 .. n - 1: all of the first and last ones, one of
  /// those between.
  template <typename Visit>
  static void runs(std::int64_t n, std::int64_t first, std::int64_t last, const Visit& visit) {
    const std::int64_t between = n - first - last;
    for (std::int64_t i = 0; i < n; ++i) {
      if (i == first && between > 1) {
        visit(i, between);
        i += between - 1;
      } else {
        visit(i, 1);
      }
    }
  }

  RoundKind kind(std::int64_t round) const {
    if (round < 0 || round >= rounds_) {
      return {};
    }
    const std::int64_t group = round / t_.positions;
    const std::int64_t position = round % t_.positions;
    const bool last = position == t_.positions - 1;
    return {last ? &t_.last : &t_.full, group < t_.full_groups ? t_.heads : t_.edge_heads,
            !t_.kv_resident || position == 0};
  }

  /// Around step `step` of a round; it may lie beyond the round's ends.
  Window window(std::int64_t round, std::int64_t step) const {
    Window w;
    for (std::int64_t offset = -kBack; offset <= kAhead; ++offset) {
      const std::int64_t at = step + offset;
      const std::int64_t rounds = at >= 0 ? at / steps_ : -ceil_div(-at, steps_);
      const std::int64_t in_round = at - rounds * steps_;
      w.at(offset) = {kind(round + rounds), in_round == 0, in_round == steps_ - 1};
    }
    return w;
  }

  /// All epochs of a round's steps; remembers the last one's.
  std::int64_t round(std::int64_t index) {
    std::array<RoundKind, kBack + kAhead + 1> around;
    for (std::int64_t i = -kBack; i <= kAhead; ++i) {
      around[static_cast<std::size_t>(kBack + i)] = kind(index + i);
    }
    if (around != around_) {
      around_ = around;
      sum_ = 0;
      runs(steps_, kBack, kAhead + 1, [&](std::int64_t step, std::int64_t same) {
        sum_ += same * of_epoch_(window(index, step));
      });
    }
    return sum_;
  }

  const PhaseTimes& t_;
  const OfEpoch& of_epoch_;
  const std::int64_t groups_;
  const std::int64_t rounds_;
  const std::int64_t steps_;
  std::array<RoundKind, kBack + kAhead + 1> around_;
  std::int64_t sum_ = 0;
};

template <typename OfEpoch>
std::int64_t sum_epochs(const PhaseTimes& times, const OfEpoch& of_epoch) {
  return EpochSum<OfEpoch>(times, of_epoch).all();
}

/// The operations of one queue in a half of an epoch, started when the leader's are.
class Lane {
 public:
  Lane(const PhaseTimes& leader, const PhaseTimes& own) : leader_(leader), own_(own) {}

  void add(const Step& step, std::int64_t RoundTimes::*time) {
    if (!step) {
      return;
    }
    const RoundTimes& mine = step.round.times == &leader_.last ? own_.last : own_.full;
    for (std::int64_t head = 0; head < step.round.heads; ++head) {
      put(step.round.times->*time, mine.*time);
    }
  }
  void add(const Step& step, StageTimes RoundTimes::*stage) {
    if (!step) {
      return;
    }
    const RoundTimes& mine = step.round.times == &leader_.last ? own_.last : own_.full;
    const StageTimes& lead = step.round.times->*stage;
    for (std::int64_t head = 0; head < step.round.heads; ++head) {
      const std::int64_t full = leader_.online ? (step.last ? 0 : 1) : leader_.sub_tiles - 1;
      for (std::int64_t tile = 0; tile < full; ++tile) {
        put(lead.matmul_full, (mine.*stage).matmul_full);
      }
      if (!leader_.online || step.last) {
        put(lead.matmul_edge, (mine.*stage).matmul_edge);
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

  const PhaseTimes& leader_;
  const PhaseTimes& own_;
  std::int64_t start_ = 0;
  std::vector<std::pair<std::int64_t, std::int64_t>> busy_;
};

std::int64_t epoch_overlap(const PhaseTimes& leader, const PhaseTimes& own, const Window& w) {
  Lane matrix(leader, own);
  Lane vector(leader, own);
  if (!leader.online) {
    matrix.add(w.at(-1), &RoundTimes::second);
    matrix.add(w.at(1), &RoundTimes::first);
    vector.add(w.at(0), &RoundTimes::softmax);
    return matrix.overlap(vector);
  }
  matrix.add(w.at(1), &RoundTimes::first);
  matrix.add(w.at(1), array_max(w.at(1)));
  if (w.at(-2).last) {
    vector.add(w.at(-2), &RoundTimes::normalise);
  }
  vector.add(w.at(0), update_of(w.at(0)));
  vector.add(w.at(0), &RoundTimes::rescale);
  Lane second(leader, own);
  Lane beside(leader, own);
  second.add(w.at(0), array_exp(w.at(0)));
  second.add(w.at(0), &RoundTimes::second);
  const Step& other = beside_step(leader, w);
  beside.add(other, beside_of(other));
  return matrix.overlap(vector) + second.overlap(beside);
}

}  // namespace

std::int64_t epochs_makespan(const PhaseTimes& times) {
  return sum_epochs(times, [&](const Window& w) { return epoch_cycles(times, w); });
}

std::int64_t epochs_overlap(const PhaseTimes& leader, const PhaseTimes& own) {
  if (!leader.has_second) {
    return 0;  // one unit alone
  }
  return sum_epochs(leader, [&](const Window& w) { return epoch_overlap(leader, own, w); });
}

}  // namespace tilewright
