// The epochs of a core by the kinds of the steps around them, for epochs.cpp alone.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "common/math.h"
#include "costmodel/masked_rounds.h"
#include "costmodel/pipeline.h"

namespace tilewright::epochs {

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
};

inline constexpr RoundKind kNoRound;

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

inline constexpr std::int64_t kBack = 4;   ///< an epoch stores O of so many steps before its own
inline constexpr std::int64_t kAhead = 2;  ///< and loads for so many after it
inline constexpr auto kWindow = static_cast<std::size_t>(kBack + kAhead + 1);

/// Steps before and after an epoch's own that matter in the form of the phase.
inline std::int64_t back_of(const PhaseTimes& t) {
  return t.online ? kBack : (t.has_second ? 2 : 1);
}
inline std::int64_t ahead_of(const PhaseTimes& t) {
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
inline bool by_sub_tiles(const PhaseTimes& t) {
  return t.online || (t.has_first && !t.has_second);
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

}  // namespace tilewright::epochs
