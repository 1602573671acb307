#include "costmodel/epochs.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "common/math.h"
#include "costmodel/masked_rounds.h"

namespace tilewright {
namespace {

/// A round of a core as far as its epochs depend on it.
struct RoundKind {
  const RoundTimes* times = nullptr;  ///< of one pair; null: there is no such round
  const RoundTimes* own = nullptr;    ///< of the core whose overlap is asked for
  std::int64_t heads = 0;
  std::int64_t sub_tiles = 0;
  std::int64_t due = 0;    ///< of these, the last ones that load K and V
  bool narrow = false;     ///< the last sub-tile is the edge
  std::int64_t lead = 0;   ///< sub-tiles in front in which some scores are masked
  std::int64_t whole = 0;  ///< and then in which none are
  bool operator==(const RoundKind&) const = default;
};

/// One step: a round or a sub-tile of it.
struct Step {
  RoundKind round;
  std::int64_t sub_tile = 0;

  explicit operator bool() const { return round.times != nullptr; }
  bool first() const { return sub_tile == 0; }
  bool last() const { return sub_tile == round.sub_tiles - 1; }
  bool edge() const { return round.narrow && last(); }
  bool loads() const { return sub_tile >= round.sub_tiles - round.due; }
  bool masked() const { return sub_tile < round.lead || sub_tile >= round.lead + round.whole; }
};

constexpr std::int64_t kBack = 4;   ///< an epoch stores O of so many steps before its own
constexpr std::int64_t kAhead = 2;  ///< and loads for so many after it
constexpr auto kWindow = static_cast<std::size_t>(kBack + kAhead + 1);

/// The steps that an epoch works on.
class Window {
 public:
  Step& at(std::int64_t offset) { return steps_[static_cast<std::size_t>(kBack + offset)]; }
  const Step& at(std::int64_t offset) const {
    return steps_[static_cast<std::size_t>(kBack + offset)];
  }

 private:
  std::array<Step, kWindow> steps_;
};

/// Whether a step is a sub-tile of a round.
bool by_sub_tiles(const PhaseTimes& t) {
  return t.online || (t.has_first && !t.has_second);
}

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
  return step ? step.round.heads * (step.round.times->*duration) : 0;
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
  const StageTimes& times = step.round.times->*stage;
  const std::int64_t last = step.round.narrow ? times.load_edge : times.load_full;
  if (by_sub_tiles(t)) {
    return step.loads() ? step.round.heads * (step.last() ? last : times.load_full) : 0;
  }
  return step.round.heads * tiles(step.round.due, times.load_full, last);
}

/// Matmuls of a step: of its sub-tile or of all.
std::int64_t matmuls(const PhaseTimes& t, const Step& step, StageTimes RoundTimes::*stage) {
  if (!step) {
    return 0;
  }
  const StageTimes& times = step.round.times->*stage;
  if (by_sub_tiles(t)) {
    return step.round.heads * (step.edge() ? times.matmul_edge : times.matmul_full);
  }
  return step.round.heads * times.matmul_all;
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

/// Goes over all epochs of a core and sums what `of_epoch` gives for them.
template <typename OfEpoch>
class EpochSum {
 public:
  EpochSum(const PhaseTimes& times, const PhaseTimes& own, const OfEpoch& of_epoch)
      : t_(times),
        own_(own),
        of_epoch_(of_epoch),
        groups_(times.full_groups + (times.edge_heads > 0 ? 1 : 0)),
        rounds_(groups_ * times.positions) {}

  std::int64_t all() {
    if (rounds_ == 0) {
      return 0;
    }
    const std::int64_t before_first = t_.has_second ? kAhead : 1;
    const std::int64_t after_last = t_.online ? kBack : before_first;
    std::int64_t sum = 0;
    go_to(0);
    for (std::int64_t e = -before_first; e < 0; ++e) {
      sum += of_epoch_(window(e));
    }
    // Of groups (and, without a mask, positions in a group) that see only their like around them,
    // one stands for all.
    const std::int64_t before = ceil_div(kBack, t_.positions);
    const std::int64_t after = ceil_div(kAhead, t_.positions) + 1;
    const std::int64_t alike = t_.masked != nullptr ? t_.positions : kBack + 1;
    runs(groups_, before, after, [&](std::int64_t group, std::int64_t times) {
      std::int64_t of_group = 0;
      runs(t_.positions, alike, kAhead + 1, [&](std::int64_t position, std::int64_t same) {
        go_to(group * t_.positions + position);
        of_group += same * round();
      });
      sum += times * of_group;
    });
    go_to(rounds_);
    for (std::int64_t e = 0; e < after_last; ++e) {
      sum += of_epoch_(window(e));
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

  /// Looks at the rounds around `round`.
  void go_to(std::int64_t round) {
    if (round == at_ + 1) {
      std::rotate(around_.begin(), around_.begin() + 1, around_.end());
      around_.back() = kind(round + kAhead);
    } else {
      for (std::int64_t i = -kBack; i <= kAhead; ++i) {
        around_[static_cast<std::size_t>(kBack + i)] = kind(round + i);
      }
    }
    at_ = round;
  }

  const RoundKind& near(std::int64_t offset) const {
    return around_[static_cast<std::size_t>(kBack + offset)];
  }

  RoundKind kind(std::int64_t round) {
    if (round < 0 || round >= rounds_) {
      return {};
    }
    const std::int64_t group = round / t_.positions;
    const std::int64_t position = round % t_.positions;
    const bool last = position == t_.positions - 1;
    RoundKind kind;
    kind.heads = group < t_.full_groups ? t_.heads : t_.edge_heads;
    kind.times = last ? &t_.last : &t_.full;
    kind.own = last ? &own_.last : &own_.full;
    if (t_.masked != nullptr) {
      see(round, position, kind);
      return kind;
    }
    kind.sub_tiles = t_.sub_tiles;
    kind.due = !t_.kv_resident || position == 0 ? t_.sub_tiles : 0;
    kind.narrow = true;
    kind.whole = t_.sub_tiles;
    return kind;
  }

  /// What a mask leaves of a round. Where rounds are the steps, they take times of their own.
  void see(std::int64_t round, std::int64_t position, RoundKind& kind) {
    const MaskedRound seen = t_.masked->at(position);
    kind.sub_tiles = seen.sub_tiles;
    kind.due = t_.kv_resident ? seen.due : seen.sub_tiles;
    kind.narrow = seen.narrow;
    if (t_.online) {
      kind.lead = seen.lead;
      kind.whole = seen.whole;
      return;
    }
    kind.whole = seen.sub_tiles;
    Kept& kept = kept_[static_cast<std::size_t>(round) % kept_.size()];
    kept.times = t_.masked->times(seen, *kind.times);
    kept.own = own_.masked->times(own_.masked->at(position), *kind.own);
    kind.times = &kept.times;
    kind.own = &kept.own;
  }

  std::int64_t steps_of(const RoundKind& kind) const {
    return by_sub_tiles(t_) ? kind.sub_tiles : 1;
  }

  /// Around step `step` of the round; it may lie beyond the round's ends.
  Window window(std::int64_t step) const {
    Window w;
    for (std::int64_t offset = -kBack; offset <= kAhead; ++offset) {
      w.at(offset) = step_at(step + offset);
    }
    return w;
  }

  Step step_at(std::int64_t at) const {
    std::int64_t offset = 0;
    while (at < 0) {
      if (--offset < -kBack || near(offset).times == nullptr) {
        return {};
      }
      at += steps_of(near(offset));
    }
    while (near(offset).times != nullptr && at >= steps_of(near(offset))) {
      at -= steps_of(near(offset));
      if (++offset > kAhead) {
        return {};
      }
    }
    return {near(offset), at};
  }

  /// All epochs of the round's steps; remembers the last round's.
  std::int64_t round() {
    if (around_ != remembered_ || t_.masked != nullptr) {
      remembered_ = around_;
      sum_ = 0;
      const std::int64_t steps = steps_of(near(0));
      for (std::int64_t step = 0; step < steps;) {
        const std::int64_t end = std::min(steps, unchanged_until(step));
        sum_ += (end - step) * of_epoch_(window(step));
        step = end;
      }
    }
    return sum_;
  }

  /// The first later step of the round around which anything differs.
  std::int64_t unchanged_until(std::int64_t step) const {
    const RoundKind& here = near(0);
    std::int64_t next = here.sub_tiles;
    for (const std::int64_t change :
         {std::int64_t{0}, std::int64_t{1}, here.sub_tiles - here.due, here.lead,
          here.lead + here.whole, here.sub_tiles - 1, here.sub_tiles}) {
      if (change > step + kAhead) {
        next = std::min(next, change - kAhead);
      } else if (change + kBack > step) {
        return step + 1;
      }
    }
    return next;
  }

  struct Kept {
    RoundTimes times;
    RoundTimes own;
  };

  const PhaseTimes& t_;
  const PhaseTimes& own_;
  const OfEpoch& of_epoch_;
  const std::int64_t groups_;
  const std::int64_t rounds_;
  std::int64_t at_ = -2;
  std::array<RoundKind, kWindow> around_;
  std::array<RoundKind, kWindow> remembered_;
  std::array<Kept, kWindow + 1> kept_;
  std::int64_t sum_ = 0;
};

template <typename OfEpoch>
std::int64_t sum_epochs(const PhaseTimes& times, const PhaseTimes& own, const OfEpoch& of_epoch) {
  return EpochSum<OfEpoch>(times, own, of_epoch).all();
}

/// The operations of one queue in a half of an epoch, started when the leader's are.
class Lane {
 public:
  explicit Lane(bool by_sub_tiles) : by_sub_tiles_(by_sub_tiles) {}

  void add(const Step& step, Duration duration) {
    for (std::int64_t head = 0; step && head < step.round.heads; ++head) {
      put(step.round.times->*duration, step.round.own->*duration);
    }
  }

  void add_matmuls(const Step& step, StageTimes RoundTimes::*stage) {
    if (!step) {
      return;
    }
    const StageTimes& lead = step.round.times->*stage;
    const StageTimes& own = step.round.own->*stage;
    const std::int64_t count = by_sub_tiles_ ? 1 : step.round.sub_tiles;
    for (std::int64_t head = 0; head < step.round.heads; ++head) {
      for (std::int64_t tile = 0; tile < count; ++tile) {
        const bool edge = by_sub_tiles_ ? step.edge() : step.round.narrow && tile == count - 1;
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

std::int64_t epochs_makespan(const PhaseTimes& times) {
  return sum_epochs(times, times, [&](const Window& w) { return epoch_cycles(times, w); });
}

std::int64_t epochs_overlap(const PhaseTimes& leader, const PhaseTimes& own) {
  if (!leader.has_second) {
    return 0;  // one unit alone
  }
  return sum_epochs(leader, own, [&](const Window& w) { return epoch_overlap(leader, w); });
}

}  // namespace tilewright
