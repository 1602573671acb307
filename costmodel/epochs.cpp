#include "costmodel/epochs.h"

#include <algorithm>
#include <array>
#include <type_traits>
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

constexpr RoundKind kNoRound;

/// One step: a round or a sub-tile of it.
struct Step {
  const RoundKind* kind = &kNoRound;
  std::int64_t sub_tile = 0;

  const RoundKind& round() const { return *kind; }
  explicit operator bool() const { return kind->times != nullptr; }
  bool first() const { return sub_tile == 0; }
  bool last() const { return sub_tile == kind->sub_tiles - 1; }
  bool edge() const { return kind->narrow && last(); }
  bool loads() const { return sub_tile >= kind->sub_tiles - kind->due; }
  bool masked() const { return sub_tile < kind->lead || sub_tile >= kind->lead + kind->whole; }
};

constexpr std::int64_t kBack = 4;   ///< an epoch stores O of so many steps before its own
constexpr std::int64_t kAhead = 2;  ///< and loads for so many after it
constexpr auto kWindow = static_cast<std::size_t>(kBack + kAhead + 1);

/// Steps before and after an epoch's own that matter in the form of the phase.
std::int64_t back_of(const PhaseTimes& t) {
  return t.online ? kBack : (t.has_second ? 2 : 1);
}
std::int64_t ahead_of(const PhaseTimes& t) {
  return t.has_second ? kAhead : 1;
}

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
template <typename OfEpoch, bool kMasked>
class EpochSum {
 public:
  EpochSum(const PhaseTimes& times, const PhaseTimes& own, const OfEpoch& of_epoch)
      : t_(times),
        own_(own),
        of_epoch_(of_epoch),
        back_(back_of(times)),
        ahead_(ahead_of(times)),
        groups_(times.full_groups + (times.edge_heads > 0 ? 1 : 0)) {
    // Under a mask a round may have one step only.
    const std::int64_t least = by_sub_tiles(times) && !kMasked ? times.sub_tiles : 1;
    rounds_back_ = ceil_div(back_, least);
    rounds_ahead_ = ceil_div(ahead_, least);
  }

  std::int64_t all() {
    if (groups_ * t_.positions == 0) {
      return 0;
    }
    go_to(0, 0);
    std::int64_t sum = steps(-ahead_, 0);
    // Of groups (and, without a mask, positions in a group) that see only their like around them,
    // one stands for all.
    const std::int64_t before = ceil_div(rounds_back_, t_.positions);
    const std::int64_t after = ceil_div(rounds_ahead_, t_.positions) + 1;
    const std::int64_t first = kMasked ? t_.positions : rounds_back_ + 1;
    runs(groups_, before, after, [&](std::int64_t group, std::int64_t times) {
      std::int64_t of_group = 0;
      runs(t_.positions, first, rounds_ahead_ + 1, [&](std::int64_t position, std::int64_t same) {
        go_to(group, position);
        of_group += same * round();
      });
      sum += times * of_group;
    });
    go_to(groups_, 0);
    return sum + steps(0, back_);
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

  /// Looks at the rounds around one.
  void go_to(std::int64_t group, std::int64_t position) {
    position -= rounds_back_;
    while (position < 0) {
      position += t_.positions;
      --group;
    }
    key_ = 0;
    for (std::int64_t i = -rounds_back_; i <= rounds_ahead_; ++i) {
      const std::size_t id = kind(group, position, i);
      key_ = key_ * (kKinds + 1) + id;
      if (++position == t_.positions) {
        position = 0;
        ++group;
      }
    }
  }

  const RoundKind& near(std::int64_t offset) const {
    return *around_[static_cast<std::size_t>(kBack + offset)];
  }

  /// Places a round at `offset` in around_; returns a number that says of which kind it is.
  std::size_t kind(std::int64_t group, std::int64_t position, std::int64_t offset) {
    const auto place = static_cast<std::size_t>(kBack + offset);
    if (group < 0 || group >= groups_) {
      around_[place] = &kNoRound;
      return kKinds;
    }
    // Only what makes a difference sets kinds apart.
    const bool last = t_.last_differs && position == t_.positions - 1;
    const bool first = t_.kv_resident && position == 0;
    const std::size_t id =
        (group < t_.full_groups ? 0U : 4U) + (first ? 2U : 0U) + (last ? 1U : 0U);
    RoundKind& kind = kinds_[kMasked ? place : id];
    around_[place] = &kind;
    if (!kMasked && kind.times != nullptr) {
      return id;
    }
    kind.heads = group < t_.full_groups ? t_.heads : t_.edge_heads;
    kind.times = last ? &t_.last : &t_.full;
    kind.own = last ? &own_.last : &own_.full;
    kind.sub_tiles = kind.whole = t_.sub_tiles;
    kind.due = !t_.kv_resident || first ? t_.sub_tiles : 0;
    kind.narrow = true;
    if constexpr (kMasked) {
      see(position, place, kind);
    }
    return id;
  }

  /// What a mask leaves of a round. Where rounds are the steps, they take times of their own.
  void see(std::int64_t position, std::size_t place, RoundKind& kind) {
    const MaskedRound seen = t_.masked->at(position);
    kind.sub_tiles = seen.sub_tiles;
    kind.due = t_.kv_resident ? seen.due : seen.sub_tiles;
    kind.narrow = seen.narrow;
    kind.lead = t_.online ? seen.lead : 0;
    kind.whole = t_.online ? seen.whole : seen.sub_tiles;
    if (!t_.online) {
      Kept& kept = kept_[place];
      kept.times = t_.masked->times(seen, *kind.times);
      kept.own = own_.masked->times(own_.masked->at(position), *kind.own);
      kind.times = &kept.times;
      kind.own = &kept.own;
    }
  }

  std::int64_t steps_of(const RoundKind& kind) const {
    return by_sub_tiles(t_) ? kind.sub_tiles : 1;
  }

  std::int64_t steps(std::int64_t from, std::int64_t to) const {
    std::int64_t sum = 0;
    for (std::int64_t step = from; step < to; ++step) {
      sum += of_epoch_(window(step));
    }
    return sum;
  }

  /// Around step `step` of the round; it may lie beyond the round's ends.
  Window window(std::int64_t step) const {
    Window w;
    std::int64_t offset = 0;
    std::int64_t at = step - back_;
    while (at < 0 && offset > -rounds_back_) {
      at += steps_of(near(--offset));
    }
    for (std::int64_t i = -back_; i <= ahead_; ++i, ++at) {
      while (offset < rounds_ahead_ && at >= steps_of(near(offset))) {
        at -= steps_of(near(offset++));
      }
      if (at >= 0 && at < steps_of(near(offset))) {
        w.at(i) = {around_[static_cast<std::size_t>(kBack + offset)], at};
      }
    }
    return w;
  }

  /// All epochs of the round's steps; remembers those of rounds with the same kinds around.
  std::int64_t round() {
    Memory& memory = memory_[key_ % memory_.size()];
    if (kMasked || memory.key != key_) {
      memory = {key_, steps_of_round()};
    }
    return memory.sum;
  }

  std::int64_t steps_of_round() const {
    const std::int64_t steps = steps_of(near(0));
    std::int64_t sum = 0;
    for (std::int64_t step = 0; step < steps;) {
      const std::int64_t end = std::min(steps, unchanged_until(step));
      sum += (end - step) * of_epoch_(window(step));
      step = end;
    }
    return sum;
  }

  /// The first later step of the round around which anything differs.
  std::int64_t unchanged_until(std::int64_t step) const {
    const RoundKind& here = near(0);
    std::int64_t next = here.sub_tiles;
    for (const std::int64_t change : {std::int64_t{0}, here.sub_tiles - here.due, here.lead,
                                      here.lead + here.whole, here.sub_tiles - 1, here.sub_tiles}) {
      if (change > step + ahead_) {
        next = std::min(next, change - ahead_);
      } else if (change + back_ > step) {
        return step + 1;
      }
    }
    return next;
  }

  struct Kept {
    RoundTimes times;
    RoundTimes own;
  };
  struct Nothing {};
  static constexpr std::size_t kKinds = 8;
  struct Memory {
    std::uint64_t key = ~std::uint64_t{0};
    std::int64_t sum = 0;
  };

  const PhaseTimes& t_;
  const PhaseTimes& own_;
  const OfEpoch& of_epoch_;
  const std::int64_t back_;
  const std::int64_t ahead_;
  const std::int64_t groups_;
  std::int64_t rounds_back_ = 0;
  std::int64_t rounds_ahead_ = 0;
  std::array<const RoundKind*, kWindow> around_;
  std::array<RoundKind, kKinds> kinds_;  ///< under a mask: those around
  [[no_unique_address]] std::conditional_t<kMasked, std::array<Kept, kWindow>, Nothing> kept_;
  std::uint64_t key_ = 0;  ///< of the kinds around
  std::array<Memory, 7> memory_;
};

template <typename OfEpoch>
std::int64_t sum_epochs(const PhaseTimes& times, const PhaseTimes& own, const OfEpoch& of_epoch) {
  return times.masked != nullptr ? EpochSum<OfEpoch, true>(times, own, of_epoch).all()
                                 : EpochSum<OfEpoch, false>(times, own, of_epoch).all();
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
