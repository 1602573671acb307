// The epochs of a core by the steps around them, for epochs.cpp and epochs_overlap.cpp alone.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "costmodel/masked_rounds.h"
#include "costmodel/pipeline.h"

namespace tilewright::epochs {

/// One step, a round or a sub-tile of it, as far as its epochs depend on it.
template <typename Number>
struct StepOf {
  const RoundTimesOf<Number>* times = nullptr;  ///< of one pair
  const RoundTimesOf<Number>* own = nullptr;    ///< of the core whose overlap is asked for
  Number heads = 0;
  Number sub_tiles = 0;  ///< of its round
  Number due = 0;        ///< of these, the last ones that load K and V
  bool narrow = false;   ///< the last of them is the edge
  // Of its round. A step that is a round is both and more than one sub-tile.
  bool first = false;
  bool last = false;
  bool loads = false;   ///< of a sub-tile: K and V
  bool masked = false;  ///< of a sub-tile: not every row sees it whole

  bool edge() const { return narrow && last; }
};
using Step = StepOf<std::int64_t>;

/// Whether a step is a sub-tile of a round.
template <typename Number>
bool by_sub_tiles(const PhaseTimesOf<Number>& t) {
  return t.online || (t.has_first && !t.has_second);
}

/// The steps that an epoch works on.
template <typename Item>
class Window {
 public:
  explicit Window(const Item* const* own) : own_(own) {}
  const Item& at(std::ptrdiff_t offset) const { return *own_[offset]; }

 private:
  const Item* const* own_;
};

/// Goes over all epochs of a core and sums what a form gives for them. A form has
///   Number          what it sums
///   Item            what it needs of a step; made from nothing, of no step
///   kBack, kAhead   steps before and after an epoch's own that it looks at
///   kOwn            whether it needs Step::own
///   operator()(Window<Item>)
template <typename Form>
class EpochSum {
 public:
  using Number = typename Form::Number;
  using Times = PhaseTimesOf<Number>;

  EpochSum(const Times& times, const Times& own, const Form& form,
           const Accord<Number>& accord = {})
      : t_(times),
        own_(own),
        form_(form),
        accord_(accord),
        single_(!by_sub_tiles(times) || accord(times.sub_tiles == 1)),
        inner_(!single_ && accord(times.sub_tiles > 2)) {
    std::fill_n(recent_.begin(), kWindow - 1, &nothing_);
  }

  Number all() {
    if (accord_(t_.positions == 0)) {
      return Number(0);
    }
    const Number edges = choose(t_.edge_heads > 0, Number(1), Number(0));
    if (t_.masked != nullptr) {
      masked_groups(t_.heads, t_.full_groups);
      masked_groups(t_.edge_heads, edges);
    } else {
      groups(t_.heads, t_.full_groups, full_);
      groups(t_.edge_heads, edges, edge_);
    }
    take(nothing_, Number(static_cast<std::int64_t>(kWindow) - 1));
    return sum_;
  }

 private:
  using Item = typename Form::Item;
  using Step = StepOf<Number>;
  static constexpr std::size_t kWindow = Form::kBack + Form::kAhead + 1;
  static constexpr std::size_t kRoom = 8 * kWindow;

  /// One kind of round. Where a step is a round, it is `last`.
  struct Round {
    Item first;
    Item inner;
    Item last;
  };
  struct Group {
    Round first;
    Round inner;
    Round last;
  };

  /// `n` like steps follow. The epochs that this makes known are those up to kAhead steps back.
  [[gnu::always_inline]] void take(const Item& item, const Number& n) {
    if (at_ + kWindow > kRoom) {
      std::copy_n(recent_.begin() + (at_ - (kWindow - 1)), kWindow - 1, recent_.begin());
      at_ = kWindow - 1;
    }
    Number cycles = 0;
    std::int64_t apart = 0;
    for (; apart < static_cast<std::int64_t>(kWindow) && accord_(n > apart); ++apart) {
      recent_[at_] = &item;
      cycles = form_(Window<Item>(recent_.data() + (at_ - Form::kAhead)));
      sum_ += cycles;
      ++at_;
    }
    // All around the others is like them.
    sum_ += (n - apart) * cycles;
    taken_ += n;
  }

  /// Visits n like things in a row. Once an epoch sees only steps of these, every further one adds
  /// the same.
  template <typename Visit>
  [[gnu::always_inline]] void repeat(const Number& n, const Visit& visit) {
    const Number start = taken_;
    for (std::int64_t i = 0; accord_(n > i); ++i) {
      const bool settled = accord_(taken_ - start >= static_cast<std::int64_t>(kWindow) - 1);
      const Number before = sum_;
      visit();
      if (settled) {
        sum_ += (n - 1 - i) * (sum_ - before);
        return;
      }
    }
  }

  void groups(const Number& heads, const Number& count, Group& group) {
    if (accord_(count == 0)) {
      return;
    }
    const bool one = accord_(t_.positions == 1);
    if (one || !(t_.kv_resident || t_.last_differs)) {
      make(heads, one ? t_.last : t_.full, true, group.last);
      repeat(count * t_.positions, [&] { round(group.last); });
      return;
    }
    const Number inner = t_.positions - 2;
    make(heads, t_.full, true, group.first);
    if (accord_(inner > 0)) {
      make(heads, t_.full, false, group.inner);
    }
    make(heads, t_.last, false, group.last);
    repeat(count, [&] {
      round(group.first);
      repeat(inner, [&] { round(group.inner); });
      round(group.last);
    });
  }

  void round(const Round& kind) {
    if (!single_) {
      take(kind.first, Number(1));
      if (inner_) {
        take(kind.inner, t_.sub_tiles - 2);
      }
    }
    take(kind.last, Number(1));
  }

  /// `opens`: the first round of a group.
  void make(const Number& heads, const RoundTimesOf<Number>& times, bool opens, Round& round) {
    Step step;
    step.times = &times;
    step.own = &times == &t_.last ? &own_.last : &own_.full;
    step.heads = heads;
    step.sub_tiles = t_.sub_tiles;
    step.loads = opens || !t_.kv_resident;
    step.due = step.loads ? t_.sub_tiles : Number(0);
    step.narrow = true;
    if (!single_) {
      step.first = true;
      round.first = Item(t_, step);
      step.first = false;
      if (inner_) {
        round.inner = Item(t_, step);
      }
    } else {
      step.first = true;
    }
    step.last = true;
    round.last = Item(t_, step);
  }

  void masked_groups([[maybe_unused]] const Number& heads, [[maybe_unused]] const Number& count) {
    if constexpr (kAlone<Number>) {
      repeat(count, [&] {
        for (std::int64_t position = 0; position < t_.positions; ++position) {
          masked_round(heads, position);
        }
      });
    }
  }

  [[gnu::noinline]] void masked_round(std::int64_t heads, std::int64_t position) {
    const bool last = t_.last_differs && position == t_.positions - 1;
    const MaskedRound seen = t_.masked->at(position);
    Step step;
    step.heads = heads;
    step.sub_tiles = seen.sub_tiles;
    step.due = t_.kv_resident ? seen.due : seen.sub_tiles;
    step.narrow = seen.narrow;
    step.times = last ? &t_.last : &t_.full;
    step.own = last ? &own_.last : &own_.full;
    if (t_.online) {
      masked_steps(seen, step);
      return;
    }
    const RoundTimes times = t_.masked->times(seen, *step.times);
    RoundTimes own;
    if constexpr (Form::kOwn) {
      own = own_.masked->times(own_.masked->at(position), *step.own);
    }
    step.times = &times;
    step.own = &own;
    step.first = step.last = true;
    take(keep(step), 1);
  }

  void masked_steps(const MaskedRound& seen, Step& step) {
    const std::int64_t end = seen.sub_tiles;
    const std::array<std::int64_t, 5> changes{1, end - step.due, seen.lead, seen.lead + seen.whole,
                                              end - 1};
    for (std::int64_t at = 0; at < end;) {
      step.first = at == 0;
      step.last = at == end - 1;
      step.loads = at >= end - step.due;
      step.masked = seen.masks(at);
      std::int64_t next = end;
      for (const std::int64_t change : changes) {
        next = change > at ? std::min(next, change) : next;
      }
      take(keep(step), next - at);
      at = next;
    }
  }

  /// An item that stays as long as an epoch looks at its step.
  const Item& keep(const Step& step) {
    newest_ = (newest_ + 1) % kWindow;
    kept_[newest_] = Item(t_, step);
    return kept_[newest_];
  }

  const Times& t_;
  const Times& own_;
  const Form& form_;
  [[no_unique_address]] const Accord<Number> accord_;
  const bool single_;  ///< step of a round
  const bool inner_;   ///< steps between the first and the last
  const Item nothing_ = Item::none();
  Number sum_ = 0;
  Number taken_ = 0;
  std::size_t at_ = kWindow - 1;
  std::size_t newest_ = 0;
  std::array<const Item*, kRoom> recent_;
  Group full_;  ///< without a mask
  Group edge_;
  std::array<Item, kWindow> kept_;  ///< under a mask
};

}  // namespace tilewright::epochs
