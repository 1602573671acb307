// The walk over the steps of an online phase, for online_kinds.h alone: the state between
// steps and one step's max-plus map.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "common/math.h"
#include "costmodel/leap.h"
#include "costmodel/masked_steps.h"
#include "costmodel/online_record.h"
#include "costmodel/step_map.h"

namespace tilewright::online {

/// Up to so many steps or rounds, stepping costs less than watching for a pattern.
constexpr std::int64_t kFew = 3;
/// Of candidates side by side, where one may have more, a few are watched like many.
template <typename Number>
constexpr std::int64_t kFewTogether = kAlone<Number> ? kFew : 1;

/// `kResident`: K and V stay. `kShared`: loads and stores share a channel. `kMasked`: every query
/// tile sees other keys. These and the look-ahead are known when compiling, so that the times of a
/// run of steps live in registers. `kExtras`: there may be a bias, and V may be in K.
///
/// Between two steps the state is an array of times: first those that all steps move, then those
/// that change where a round or a group ends (docs/cost_model.md, "Online form").
template <typename Number, typename Recorder, bool kResident, bool kShared, std::size_t kLookahead,
          bool kMasked, bool kExtras>
class Pipeline {
 public:
  Pipeline(const PhaseTimesOf<Number>& times, Recorder& recorder, const Accord<Number>& accord = {})
      : t_(times), recorder_(recorder), accord_(accord), kinds_(times, accord) {
    if constexpr (kResident && kExtras) {
      if (values_in_keys() && times.positions > 0) {
        groups_before_ = times.key_slots - 1 - ceil_div(kAhead - 1, kinds_.steps_of_group());
      }
    }
  }

  Number makespan() const {
    if (accord_(t_.positions * (t_.full_groups + t_.edge_heads) == 0)) {
      return Number(0);
    }
    Times s{};
    Place place(kinds_);
    Memory memory;
    prologue(s, place);
    if (!kinds_.alike() && accord_(t_.full_groups > 2)) {
      walk_groups(s, place, memory);
    }
    constexpr std::int64_t kAllSteps = std::int64_t{1} << 62U;
    walk(s, Number(kAllSteps), place, memory);
    return largest(s[kLoad], s[kMatrix], s[kVector], s[kStored1]);
  }

 private:
  using Entry = StageEntryOf<Number>;
  using End = StageEndOf<Number>;
  using Step = StepMapOf<Number>;
  using Run = StepsRun<Number>;

  // When the matrix and the vector queue are free. The matrix queue's last operation of a step is
  // the first stage, the vector queue's the softmax (at look-ahead 0 perhaps the rescaling).
  static constexpr std::size_t kMatrix = 0;
  static constexpr std::size_t kVector = 1;
  /// O of the newest step is adjusted; at look-ahead 0: kVector.
  static constexpr std::size_t kAdjusted = kLookahead > 0 ? 2 : kVector;
  static constexpr std::size_t kLoad = kLookahead > 0 ? 3 : 2;
  static constexpr std::size_t kStayLive = kLoad;  ///< while nothing is loaded
  /// Streamed: the matmul before the last one of the newest first stage; the last matmul of the
  /// newest second stage and the one before it.
  static constexpr std::size_t kKey2 = kLoad + 1;
  static constexpr std::size_t kValue1 = kKey2 + 1;
  static constexpr std::size_t kValue2 = kValue1 + 1;
  /// With a bias: the newest softmax and the one before it, which read its slots.
  static constexpr std::size_t kSoftmax1 = kResident ? kLoad + 1 : kValue2 + 1;
  static constexpr std::size_t kSoftmax2 = kSoftmax1 + (kExtras ? 1 : 0);
  static constexpr std::size_t kStepLive = kSoftmax2 + (kExtras ? 1 : 0);
  /// P of the oldest step in flight is there; further steps follow. The newest one: kVector. Looked
  /// at where a round begins: later in it, the adjustment of O comes after that softmax.
  static constexpr std::size_t kReady0 = kStepLive;
  /// The newest store (on separate channels that is the store queue), the last reader of the second
  /// newest input slot, the second newest store are done.
  static constexpr std::size_t kStored1 = kReady0 + kLookahead;
  static constexpr std::size_t kInput2 = kStored1 + 1;
  static constexpr std::size_t kStored2 = kInput2 + 1;
  static constexpr std::size_t kRoundLive = kStored2 + 1;
  /// The last matmul that read the V of the newest finished group, of the one before it.
  static constexpr std::size_t kGroup1 = kRoundLive;
  static constexpr std::size_t kGroup2 = kGroup1 + 1;
  static constexpr std::size_t kTimes = kRoundLive + (kResident ? 2 : 0);

  using Times = std::array<Number, kTimes>;
  using Stays = Extent<kStayLive>;
  using Steps = Extent<kStepLive>;
  using Rounds = Extent<kRoundLive>;
  using All = Extent<kTimes>;
  /// Between rounds, where core_decides().
  static constexpr std::size_t kCore = kInput2;
  using Core = Extent<kCore, kTimes>;

  static constexpr auto kAhead = static_cast<std::int64_t>(kLookahead + 1);

  using Kinds =
      std::conditional_t<kMasked, MaskedStepKinds<kResident>, StepKinds<Number, kResident>>;
  using Runs = typename Kinds::Runs;

  /// The last rounds that were walked as equal ones. Later ones of the same kind that start from
  /// the same state, but for a shift in time, end in the same state, but for that shift.
  struct Memory {
    Number rounds = 0;
    const Run* run = nullptr;
    Times entry;
    Times exit;

    /// `compared`: the first times of the state, which decide.
    bool recall(Times& s, const Run* here, const Number& count, std::size_t compared) const {
      if (here != run || !all(count == rounds)) {
        return false;
      }
      const Number shift = s[0] - entry[0];
      for (std::size_t i = 1; i < compared; ++i) {
        if (!all(s[i] - entry[i] == shift)) {
          return false;
        }
      }
      for (std::size_t i = 0; i < kRoundLive; ++i) {
        s[i] = exit[i] + shift;
      }
      return true;
    }
  };

  /// The step that leaves and the one that enters.
  struct Place {
    explicit Place(const Kinds& kinds) : leaving(kinds), entering(kinds) {}
    Runs leaving;
    Runs entering;
    std::int64_t loose_in_flight = 0;  ///< steps of loose rounds that have entered and not left
  };

  /// Some steps in a row in which both kinds stay the same; no step enters at the end.
  struct Segment {
    const Step* leaving;
    const Step* entering;
    Number steps;
    bool loose;
  };

  /// In a round both kinds together change five times at most; under a mask eleven times.
  static constexpr std::size_t kMostSegments = kMasked ? 12 : 6;

  bool single() const { return t_.buffers == 1; }
  bool has_bias() const { return kExtras && t_.has_bias; }
  bool values_in_keys() const { return kExtras && t_.values_in_keys; }

  /// On a shared channel every store is a barrier for loads. Where no round but the newest one is
  /// in flight, the load queue implies the slots of the second newest round and group
  /// (docs/cost_model.md, "Online form").
  bool core_decides() const {
    return kShared && !kMasked && !Recorder::kActive &&
           (single() || accord_(t_.sub_tiles >= kAhead));
  }

  /// again() from round to round or from group to group. `ends_groups`: a step ends groups.
  template <typename Take>
  [[gnu::always_inline]] void again_rounds(Times& s, const Number& n, bool ends_groups,
                                           const Take& take) const {
    if (core_decides()) {
      again<Core>(s, n, take);
    } else if (kResident && ends_groups) {
      again<All>(s, n, take);
    } else {
      again<Rounds>(s, n, take);
    }
  }

  /// repeat(), or, where intervals are recorded, steps until a whole window of steps in flight has
  /// moved as one.
  template <typename Count, typename Take>
  [[gnu::always_inline]] void again(Times& s, const Number& n, const Take& take) const {
    if constexpr (!Recorder::kActive) {
      repeat<Count>(s, n, take, accord_);
    } else {
      repeat_recorded<Count>(recorder_, s, {n, kAhead + 3}, take);
    }
  }

  void prologue(Times& s, Place& place) const {
    for (std::int64_t r = 0; r < kAhead && !place.entering.done(); ++r) {
      const Step& kind = place.entering.kind();
      const bool enters = kMasked && place.entering.loose();
      if (kMasked && r > 0 && (enters || place.loose_in_flight > 0)) {
        enter_loose(s, kind, Number(1));
      } else {
        softmax(s, kind, front(s, kind, s[kMatrix]));
      }
      place.loose_in_flight += enters ? 1 : 0;
      if (static_cast<std::size_t>(r) < kLookahead) {
        s[kReady0 + static_cast<std::size_t>(r)] = s[kVector];
      }
      place.entering.take(Number(1));
    }
  }

  /// Groups whose every step sees only rounds of full groups repeat one period.
  void walk_groups(Times& s, Place& place, Memory& memory) const {
    const Number steps = kinds_.steps_of_group();
    const Number groups = t_.full_groups - divided_up(Number(kAhead), steps);
    if (accord_(groups > 1)) {
      again_rounds(s, groups, true, [&](Times& state) {
        Place copy = place;
        walk(state, steps, copy, memory);
      });
      place.leaving.skip_groups(groups);
      place.entering.skip_groups(groups);
    }
  }

  /// At most `steps` steps.
  [[gnu::noinline]] void walk(Times& s, Number steps, Place& place, Memory& memory) const {
    while (!place.leaving.done() && accord_(steps > 0)) {
      const Number rounds = equal_rounds(place, steps);
      if (any(rounds > kFewTogether<Number>) && accord_(rounds > 0)) {
        steps -= rounds * place.leaving.steps_of_round();
        walk_rounds(s, rounds, place, memory);
        place.leaving.skip_rounds(rounds);
        place.entering.skip_rounds(rounds);
        continue;
      }
      const Segment segment = next_segment(place, steps);
      run_segment(s, segment);
      steps -= segment.steps;
    }
  }

  /// Rounds of one kind from here on, during which rounds of that kind (perhaps of the next group)
  /// enter.
  Number equal_rounds(const Place& place, const Number& steps) const {
    if (!place.leaving.kind().first || !place.leaving.same_run_as(place.entering)) {
      return Number(0);
    }
    const Number rounds =
        least(Number(place.leaving.whole_rounds()), Number(place.entering.whole_rounds()));
    const Number of_round = place.leaving.steps_of_round();
    return all(rounds * of_round <= steps) ? rounds : least(rounds, divided_down(steps, of_round));
  }

  Segment next_segment(Place& place, const Number& most) const {
    const bool drains = place.entering.done();
    Segment segment{&place.leaving.kind(), drains ? nullptr : &place.entering.kind(),
                    least(most, least(Number(place.leaving.left()), Number(place.entering.left()))),
                    false};
    if constexpr (kMasked) {
      const bool enters = !drains && place.entering.loose();
      segment.loose = enters || place.loose_in_flight > 0;
      place.loose_in_flight += enters ? segment.steps : 0;
      place.loose_in_flight -= place.leaving.loose() ? segment.steps : 0;
    }
    place.leaving.take(segment.steps);
    if (!drains) {
      place.entering.take(segment.steps);
    }
    return segment;
  }

  /// walk_equal_rounds(), unless the memory has them. Under a mask no run comes again.
  void walk_rounds(Times& s, const Number& rounds, const Place& place, Memory& memory) const {
    if constexpr (kMasked || Recorder::kActive) {
      walk_equal_rounds(s, rounds, place);
    } else if (kinds_.alike() || !memory.recall(s, place.leaving.run(), rounds,
                                                core_decides() ? kCore : kRoundLive)) {
      memory.entry = s;
      walk_equal_rounds(s, rounds, place);
      memory.exit = s;
      memory.run = place.leaving.run();
      memory.rounds = rounds;
    }
  }

  /// Equal rounds go through the same segments.
  [[gnu::noinline]] void walk_equal_rounds(Times& s, const Number& rounds,
                                           const Place& place) const {
    std::array<Segment, kMostSegments> segments;
    std::size_t count = 0;
    Place one = place;
    for (Number left = place.leaving.steps_of_round(); accord_(left > 0);) {
      segments[count] = next_segment(one, left);
      left -= segments[count++].steps;
    }
    const auto take = [&](Times& state) {
      for (std::size_t i = 0; i < count; ++i) {
        run_segment(state, segments[i]);
      }
    };
    again_rounds(s, rounds, kinds_.alike(), take);  // then every round may be a group of its own
  }

  [[gnu::always_inline]] void run_segment(Times& s, const Segment& segment) const {
    if (kMasked && segment.loose) {
      run_loose(s, segment);
    } else if (segment.entering == nullptr) {
      for (std::int64_t n = 0; accord_(segment.steps > n); ++n) {
        drain(s, *segment.leaving);
      }
    } else if (all(segment.steps == 1)) {
      step(s, *segment.leaving, *segment.entering);
    } else if (all(segment.steps <= kFew)) {
      const auto take = [&](Times& state) { step(state, *segment.leaving, *segment.entering); };
      repeat_few(s, segment.steps, take, accord_);
    } else {
      run_steps(s, segment);
    }
  }

  /// For bounds, while steps of a loose round are in flight: queues that do not wait for each
  /// other.
  void run_loose(Times& s, const Segment& segment) const {
    const Step& here = *segment.leaving;
    const StageTimesOf<Number>& values = here.times->second;
    s[kMatrix] += segment.steps * here.heads * matmul_of(here, values);
    if (here.loads && !values_in_keys()) {
      s[kLoad] += segment.steps * here.heads * load_of(here, values);
    }
    s[kVector] += segment.steps * here.adjust;
    if (here.last) {
      s[kShared ? kLoad : kStored1] += here.store;
    }
    if (segment.entering != nullptr) {
      enter_loose(s, *segment.entering, segment.steps);
    }
  }

  void enter_loose(Times& s, const Step& there, const Number& steps) const {
    const StageTimesOf<Number>& keys = there.times->first;
    s[kMatrix] += steps * there.heads * matmul_of(there, keys);
    s[kLoad] += (there.first ? there.input : Number(0)) + steps * there.bias;
    if (there.loads) {
      s[kLoad] += steps * there.heads * load_of(there, keys);
    }
    s[kVector] += steps * there.softmax;
  }

  /// Inner steps of a round: nothing but the queues and the slots of K and V moves.
  [[gnu::noinline]] void run_steps(Times& s, const Segment& segment) const {
    const Step& leaving = *segment.leaving;
    const Step& entering = *segment.entering;
    const auto take = [&](Times & state) __attribute__((always_inline)) {
      step(state, leaving, entering);
    };
    if (kResident && !has_bias() && !leaving.loads && !entering.loads) {
      again<Stays>(s, segment.steps, take);
    } else {
      again<Steps>(s, segment.steps, take);
    }
  }

  /// Step s (`here`) leaves, step s + look-ahead + 1 (`there`) enters.
  [[gnu::always_inline]] void step(Times& s, const Step& here, const Step& there) const {
    const Number last_key = s[kMatrix];
    const Number newest = s[kVector];
    second(s, here);
    const Number biased = front(s, there, last_key);
    store(s, here);
    shift_ready(s, newest);
    softmax(s, there, biased);
    if (kLookahead == 0 && !here.last) {
      adjust(s, here);
    }
  }

  void drain(Times& s, const Step& here) const {
    const Number newest = s[kVector];
    second(s, here);
    store(s, here);
    shift_ready(s, newest);
  }

  void shift_ready(Times& s, const Number& newest) const {
    if constexpr (kLookahead > 0) {
      for (std::size_t i = 0; i + 1 < kLookahead; ++i) {
        s[kReady0 + i] = s[kReady0 + i + 1];
      }
      s[kReady0 + kLookahead - 1] = newest;
    }
  }

  /// P V and, where its factor is known, the adjustment of O.
  [[gnu::always_inline]] void second(Times& s, const Step& here) const {
    Number ready = s[kAdjusted];
    if (here.first) {
      // P of the first sub-tile, and the slot of O.
      ready =
          largest(kLookahead > 0 ? s[kReady0] : s[kVector], single() ? s[kStored1] : s[kStored2]);
    }
    Entry entry{largest(s[kMatrix], ready), s[kLoad], Number(kNever)};
    if constexpr (!kResident) {
      if (!values_in_keys()) {
        entry.load = largest(entry.load, single() ? s[kValue1] : s[kValue2]);
        entry.slot = s[kValue1];
      }
    } else if (here.loads && here.first && !values_in_keys()) {
      entry.load = largest(entry.load, single() ? s[kGroup1] : s[kGroup2]);
    }
    if constexpr (Recorder::kActive) {
      recorder_.stage({here, &RoundTimes::second, entry, kNever, s[kLoad]});
    }
    const End end = stage_end(here.second_stage, entry);
    s[kMatrix] = end.matmul;
    s[kLoad] = end.load;
    if constexpr (!kResident) {
      // With V in K: the last one of the step before.
      s[kValue2] = values_in_keys() ? s[kValue1] : end.before;
      s[kValue1] = end.matmul;
    }
    if (kLookahead > 0 || here.last) {
      adjust(s, here);
    }
    if (kResident && here.ends_group) {
      s[kGroup2] = s[kGroup1];
      s[kGroup1] = end.matmul;
    }
  }

  /// After the newest P V: on the matrix queue only a first stage may have followed it.
  [[gnu::always_inline]] void adjust(Times& s, const Step& here) const {
    const Number start = largest(s[kVector], s[kMatrix]);
    s[kVector] = start + here.adjust;
    s[kAdjusted] = s[kVector];
    if constexpr (Recorder::kActive) {
      recorder_.adjust(here, start);
    }
  }

  /// Input load, Q K^T and the load of a bias; returns when that is there. `last_key`: the last Q
  /// K^T before it is done.
  [[gnu::always_inline]] Number front(Times& s, const Step& there, const Number& last_key) const {
    if (there.first) {
      s[kLoad] = largest(s[kLoad], single() ? last_key : s[kInput2]) + there.input;
      s[kInput2] = last_key;
    }
    Entry entry{s[kMatrix], s[kLoad], Number(kNever)};
    if constexpr (!kResident) {
      if (values_in_keys()) {
        entry.load = largest(entry.load, single() ? s[kValue1] : s[kValue2]);
      } else {
        entry.load = largest(entry.load, single() ? last_key : s[kKey2]);
        entry.slot = last_key;
      }
    } else if (kExtras && there.begins_group && groups_before_ < 2) {
      entry.load = largest(entry.load, groups_before_ == 0 ? s[kGroup1] : s[kGroup2]);
    }
    if constexpr (Recorder::kActive) {
      const std::int64_t input = there.first ? s[kLoad] + t_.latency : kNever;
      recorder_.stage({there, &RoundTimes::first, entry, input, s[kLoad]});
    }
    const End end = stage_end(there.first_stage, entry);
    s[kMatrix] = end.matmul;
    s[kLoad] = end.load;
    if constexpr (!kResident) {
      s[kKey2] = end.before;
    }
    if (!has_bias()) {
      return Number(0);
    }
    s[kLoad] = largest(s[kLoad], single() ? s[kSoftmax1] : s[kSoftmax2]) + there.bias;
    return s[kLoad] + t_.latency;
  }

  [[gnu::always_inline]] End stage_end(const StageMapOf<Number>& map, const Entry& entry) const {
    return kResident ? map.at(entry.ready, entry.load) : map.at(entry);
  }

  /// `biased`: the bias is there.
  [[gnu::always_inline]] void softmax(Times& s, const Step& there, const Number& biased) const {
    Number start = largest(s[kVector], s[kMatrix]);
    if constexpr (kExtras) {
      start = largest(start, biased);
    }
    s[kVector] = start + there.softmax;
    if constexpr (kExtras) {
      s[kSoftmax2] = s[kSoftmax1];
      s[kSoftmax1] = s[kVector];
    }
    if constexpr (Recorder::kActive) {
      recorder_.softmax(there, start);
    }
  }

  [[gnu::always_inline]] void store(Times& s, const Step& here) const {
    if (here.last) {
      const Number end = largest(s[kShared ? kLoad : kStored1], s[kAdjusted]) + here.store;
      s[kStored2] = s[kStored1];
      s[kStored1] = end;
      if (kShared) {
        s[kLoad] = end;
      }
    }
  }

  const PhaseTimesOf<Number>& t_;
  Recorder& recorder_;
  [[no_unique_address]] const Accord<Number> accord_;
  const Kinds kinds_;
  /// Resident, V in K: finished groups after the one whose slot the next group's K takes. If there
  /// are two or more, other waits imply that the slot is free.
  std::int64_t groups_before_ = 2;
};

}  // namespace tilewright::online
