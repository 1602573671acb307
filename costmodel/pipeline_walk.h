// The walk over the rounds of a phase, for pipeline.cpp alone: the state between rounds and one
// round's max-plus step.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <type_traits>

#include "common/math.h"
#include "costmodel/leap.h"
#include "costmodel/masked_runs.h"
#include "costmodel/pipeline.h"
#include "costmodel/round_map.h"
#include "costmodel/stage_record.h"

namespace tilewright::pipeline {

/// Up to so many rounds, stepping costs less than watching for a pattern.
constexpr std::int64_t kFewRounds = 3;

/// `kResident`: K and V stay. `kShared`: loads and stores share a channel. `kMasked`: every query
/// tile sees other keys. These and the look-ahead are known when compiling, so that the times of a
/// run of rounds live in registers.
///
/// Between two rounds the state is an array of times. First those that rounds always depend on; on
/// a shared channel these are all that rounds in the middle depend on, as every store is a barrier
/// (docs/cost_model.md, "State").
template <typename Number, typename Recorder, Stages kStages, bool kResident, bool kShared,
          std::size_t kLookahead, bool kMasked>
class Pipeline {
 public:
  Pipeline(const PhaseTimesOf<Number>& times, Recorder& recorder, const Accord<Number>& accord = {})
      : t_(times),
        recorder_(recorder),
        accord_(accord),
        rounds_(times.positions *
                (times.full_groups + choose(times.edge_heads > 0, Number(1), Number(0)))),
        kinds_(times, accord) {}

  Number makespan() const {
    if (accord_(rounds_ == 0)) {
      return Number(0);
    }
    Times s{};
    Place place(kinds_);
    prologue(s, place);
    // Groups whose every step sees only rounds of full groups repeat one period.
    if (!kinds_.alike()) {
      const Number groups = t_.full_groups - groups_ahead();
      if (accord_(groups > 1)) {
        again<LiveGroups>(s, groups, [&](Times& state) {
          const Rounds start = place.rounds;
          walk(state, t_.positions, place);
          place.rounds = start;
        });
        place.rounds.skip_groups(groups);
      }
    }
    walk(s, rounds_, place);
    Number end = largest(s[kLoad], s[kStoreQueue]);
    if constexpr (kStages.first) {
      end = largest(end, s[kMatrix]);
    }
    if constexpr (kStages.softmax) {
      end = largest(end, s[kVector]);
    }
    return end;
  }

 private:
  using Entry = StageEntryOf<Number>;
  using End = StageEndOf<Number>;
  using Round = RoundMapOf<Number>;

  static constexpr bool kStreams = kStages.first && !kResident;

  // Queues: when each is free. The matrix queue's last operation of a round is the first stage.
  static constexpr std::size_t kLoad = 0;
  static constexpr std::size_t kMatrix = kLoad + 1;
  static constexpr std::size_t kVector = kMatrix + (kStages.first ? 1 : 0);
  /// The matmul before the last one of the newest first stage.
  static constexpr std::size_t kBefore = kVector + (kStages.softmax ? 1 : 0);
  /// P of the oldest round in flight is there; further rounds follow. The newest one: kVector.
  static constexpr std::size_t kReady0 = kBefore + (kStreams ? 1 : 0);
  /// The softmax before the newest one: where it hands P over to a store.
  static constexpr bool kHandsOver = kStages.first && kStages.softmax && !kStages.second;
  static constexpr std::size_t kVector2 = kReady0 + (kStages.second ? kLookahead : 0);
  static constexpr std::size_t kSharedLive = kVector2 + (kHandsOver ? 1 : 0);
  /// The last reader of the second newest input slot, the second newest store are done.
  static constexpr std::size_t kInput2 = kSharedLive;
  static constexpr std::size_t kStored2 = kInput2 + 1;
  /// The store queue is free (on a shared channel: kLoad). What follows is there for two channels.
  static constexpr std::size_t kStore = kStored2 + 1;
  static constexpr std::size_t kStoreQueue = kShared ? kLoad : kStore;
  /// The last matmul of the newest second stage; the one before it or, if resident, the last one
  /// that read what stays.
  static constexpr std::size_t kSecond1 = kStore + 1;
  static constexpr std::size_t kSecond2 = kSecond1 + (kStages.second ? 1 : 0);
  static constexpr std::size_t kAllLive = kShared ? kStore : kSecond2 + (kStages.second ? 1 : 0);
  /// When the second stage of the newest finished group and of the group before it ended.
  static constexpr std::size_t kGroup1 = kAllLive;
  static constexpr std::size_t kGroup2 = kGroup1 + 1;
  static constexpr std::size_t kTimes = kShared ? kAllLive : kGroup2 + 1;

  using Times = std::array<Number, kTimes>;
  using Live = Extent<kShared ? kSharedLive : kAllLive, kAllLive>;
  using LiveGroups = Extent<kShared ? kSharedLive : (kStages.second ? kTimes : kAllLive), kTimes>;

  static constexpr std::int64_t kAhead = kLookahead + 1;
  static constexpr bool kAlone = std::is_same_v<Number, std::int64_t>;
  static constexpr bool kOneStage = kStages.first && !kStages.softmax && !kStages.second;

  /// Whether slots of streamed operands have to be looked at: on a shared channel V's follow a
  /// store, and K's the loads of V where a round has more than there are slots.
  static constexpr bool kSlotsFirst = !kShared || !kStages.second || kLookahead > 0;
  using Kinds = std::conditional_t<kMasked, MaskedKinds<kStages, kResident>,
                                   RoundKinds<Number, kStages, kResident, kSlotsFirst, !kShared>>;
  using Runs = typename Kinds::Runs;

  /// The last long run of rounds. A later one of the same kind that starts from the same state, but
  /// for a shift in time, ends in the same state, but for that shift.
  struct Memory {
    Number run = 0;
    const Round* leaving = nullptr;
    const Round* entering = nullptr;
    Times entry;
    Times exit;

    bool recall(Times& s, const Round& here, const Round& next, const Number& rounds) const {
      if (&here != leaving || &next != entering || !all(rounds == run)) {
        return false;
      }
      const Number shift = s[0] - entry[0];
      for (std::size_t i = 1; i < Live::kCompared; ++i) {
        if (!all(s[i] - entry[i] == shift)) {
          return false;
        }
      }
      for (std::size_t i = 0; i < kAllLive; ++i) {
        s[i] = exit[i] + shift;
      }
      return true;
    }
  };

  /// Overwrite delays the softmax of a round behind P V of the round before.
  static constexpr bool kMayOverwrite = kStages.second && kResident && kLookahead == 1 && !kMasked;

  struct Nothing {
    explicit Nothing(const Runs&) {}
  };
  /// The rounds that leave, the ones after them (for overwrite) and those that enter.
  struct Rounds {
    explicit Rounds(const Runs& runs) : leaving(runs), entering(runs), between(runs) {}
    void skip_groups(const Number& groups) {
      leaving.skip_groups(groups);
      entering.skip_groups(groups);
      if constexpr (kMayOverwrite) {
        between.skip_groups(groups);
      }
    }

    Runs leaving;
    Runs entering;
    [[no_unique_address]] std::conditional_t<kMayOverwrite, Runs, Nothing> between;
  };
  struct Place {
    explicit Place(const Kinds& kinds) : rounds(Runs(kinds)) {}
    Rounds rounds;
    Memory memory;
  };

  /// Under overwrite all rounds' P share one region, so a softmax waits for the P V before it.
  bool delays_softmax() const { return kMayOverwrite && t_.overwrite != Overwrite::kNone; }
  bool overwrites(Overwrite operand) const { return kMayOverwrite && t_.overwrite == operand; }
  bool single() const { return t_.buffers == 1; }
  bool store_first() const { return kOneStage && t_.store_first; }

  /// repeat(), or, where intervals are recorded, steps until a whole window of rounds in flight has
  /// moved as one.
  template <typename Count, typename Step>
  [[gnu::always_inline]] void again(Times& s, const Number& n, const Step& take) const {
    if constexpr (!Recorder::kActive) {
      repeat<Count>(s, n, take, accord_);
    } else {
      repeat_recorded<Count>(recorder_, s, {n, kAhead + 3}, take);
    }
  }

  void prologue(Times& s, Place& place) const {
    for (std::int64_t r = 0; r < kAhead && (r == 0 || accord_(rounds_ > r)); ++r) {
      const Round& kind = place.rounds.entering.kind();
      const Boundary from = boundary(s);
      const Number input_free = input_slot_free(s, from);
      front(s, kind, from, {input_free, vector_free(s), r == 0});
      if (r == 0 || !delays_softmax()) {
        softmax(s, kind, {s[kLoad] + t_.latency, Number(0)}, Number(0));
        if (static_cast<std::size_t>(r) < kLookahead) {
          s[kReady0 + static_cast<std::size_t>(r)] = s[kVector];
        }
      }
      s[kInput2] = input_free;
      place.rounds.entering.take(Number(1));
    }
    if constexpr (kMayOverwrite) {
      place.rounds.between.take(Number(1));
    }
  }

  /// At most `rounds` rounds.
  [[gnu::noinline]] void walk(Times& s, Number rounds, Place& place) const {
    while (!place.rounds.leaving.done() && accord_(rounds > 0)) {
      const Round& leaving = place.rounds.leaving.kind();
      const Round* between = nullptr;
      Number run = least(rounds, place.rounds.leaving.left());
      if constexpr (kMayOverwrite) {
        if (delays_softmax() && !place.rounds.between.done()) {
          run = least(run, place.rounds.between.left());
          between = &place.rounds.between.kind();
        }
      }
      if (place.rounds.entering.done()) {
        run = delays_softmax() ? Number(1) : run;
        for (std::int64_t n = 0; accord_(run > n); ++n) {
          drain(s, leaving, between);
        }
      } else {
        run = least(run, place.rounds.entering.left());
        const Round& entering = place.rounds.entering.kind();
        if (all(run == 1)) {
          step(s, leaving, between, entering);
        } else {
          run_steps(s, run, leaving, between, entering, place.memory);
        }
        place.rounds.entering.take(run);
      }
      place.rounds.leaving.take(run);
      if constexpr (kMayOverwrite) {
        if (between != nullptr) {
          place.rounds.between.take(run);
        }
      }
      rounds -= run;
    }
  }

  [[gnu::noinline]] void run_steps(Times& s, const Number& run, const Round& leaving,
                                   const Round* between, const Round& entering,
                                   Memory& memory) const {
    const auto take = [&](Times & state) __attribute__((always_inline)) {
      step(state, leaving, between, entering);
    };
    if (all(run <= kFewRounds)) {
      repeat_few(s, run, take, accord_);
    } else if (kinds_.alike()) {
      run_alike(s, run, take);
    } else if (Recorder::kActive || kMasked) {
      again<Live>(s, run, take);
    } else if (!memory.recall(s, leaving, entering, run)) {
      memory.entry = s;
      again<Live>(s, run, take);
      memory.exit = s;
      memory.leaving = &leaving;
      memory.entering = &entering;
      memory.run = run;
    }
  }

  /// Every round may be a group of its own.
  template <typename Step>
  [[gnu::always_inline]] void run_alike(Times& s, const Number& run, const Step& take) const {
    if constexpr (kResident) {
      again<LiveGroups>(s, run, take);
    } else {
      again<Live>(s, run, take);
    }
  }

  /// Groups that the rounds ahead reach into.
  std::int64_t groups_ahead() const {
    std::int64_t groups = 1;
    while (accord_(groups * t_.positions < kAhead)) {
      ++groups;
    }
    return groups;
  }

  Number vector_free(const Times& s) const {
    if constexpr (kStages.softmax) {
      return s[kVector];
    } else {
      return Number(0);
    }
  }

  /// What the queues say at the start of a round of the state that its later steps overwrite.
  struct Boundary {
    Number input = 0;   ///< the newest input's matmul or softmax is done
    Number stored = 0;  ///< the newest store is done (not where stores come first)
  };
  Boundary boundary(const Times& s) const {
    return {kStages.first ? s[kMatrix] : s[kVector], s[kStoreQueue]};
  }

  /// The newest input slot's last reader is done: where a bias lies in it, the softmax.
  Number input_slot_free(const Times& s, const Boundary& from) const {
    if constexpr (kStages.first && kStages.softmax) {
      return t_.has_bias ? s[kVector] : from.input;
    } else {
      return from.input;
    }
  }

  /// Round i (`here`) leaves, round i + look-ahead + 1 (`there`) enters; `between` is round i + 1
  /// where its softmax had to wait for this P V.
  [[gnu::always_inline]] void step(Times& s, const Round& here, const Round* between,
                                   const Round& there) const {
    const Boundary from = boundary(s);
    const Number input_free = input_slot_free(s, from);
    const Number oldest = oldest_ready(s);
    const Number done = second(s, here, from, oldest);
    if (delays_softmax()) {
      softmax(s, *between, from, done);
    }
    const Number newest_softmax = kHandsOver ? s[kVector] : Number(0);
    Number before = from.stored;
    if (store_first()) {
      // The store goes first: the next round's matmul writes its slot.
      store(s, here, done);
      before = s[kStoreQueue];
    }
    leave_group(s, here);
    front(s, there, {from.input, before}, {input_free, vector_free(s), false, keys_free(s, here)});
    const Number input = s[kLoad] + t_.latency;
    if (!store_first()) {
      store(s, here, done);
    }
    if (!delays_softmax()) {
      const Number output = single() ? s[kStoreQueue] : from.stored;
      shift_ready(s);
      softmax(s, there, {input, output}, Number(0));
    }
    s[kInput2] = input_free;
    s[kStored2] = from.stored;
    if constexpr (kHandsOver) {
      s[kVector2] = newest_softmax;
    }
  }

  void drain(Times& s, const Round& here, const Round* between) const {
    const Boundary from = boundary(s);
    const Number oldest = oldest_ready(s);
    const Number done = second(s, here, from, oldest);
    if (delays_softmax() && between != nullptr) {
      softmax(s, *between, from, done);
    }
    store(s, here, done);
    if (!delays_softmax()) {
      shift_ready(s);
    }
    s[kStored2] = from.stored;
    leave_group(s, here);
  }

  /// P of the round that leaves is there or, without a second stage, its output.
  Number oldest_ready(const Times& s) const {
    if (!kStages.softmax) {
      return s[kMatrix];
    }
    return kLookahead == 0 || delays_softmax() ? s[kVector] : s[kReady0];
  }

  void shift_ready(Times& s) const {
    if constexpr (kLookahead > 0) {
      for (std::size_t i = 0; i + 1 < kLookahead; ++i) {
        s[kReady0 + i] = s[kReady0 + i + 1];
      }
      s[kReady0 + kLookahead - 1] = s[kVector];
    }
  }

  /// With V in K: when the slot is free that K of the next group is loaded into. What waits longer
  /// for nothing else is known from the state (docs/cost_model.md, "V in K").
  Number keys_free([[maybe_unused]] const Times& s, [[maybe_unused]] const Round& leaving) const {
    if constexpr (kStages.second && kResident && kAlone) {
      if (t_.values_in_keys) {
        const std::int64_t finished =
            t_.key_slots - 1 - ceil_div(static_cast<std::int64_t>(kLookahead), t_.positions);
        if constexpr (kShared) {
          return finished == 0 && leaving.last ? s[kMatrix] : 0;
        } else {
          return finished == 0 ? s[kGroup1] : (finished == 1 ? s[kGroup2] : 0);
        }
      }
    }
    return Number(0);
  }

  void leave_group(Times& s, const Round& round) const {
    if constexpr (kStages.second && !kShared && kResident) {
      if (round.last) {
        s[kGroup2] = s[kGroup1];
        s[kGroup1] = s[kSecond2];
      }
    }
  }

  /// Input load and first matmul. `from.stored`: the slot of the output is free, if it is needed.
  struct Landing {
    Number input = 0;  ///< the newest input slot is free
    Number free = 0;   ///< overwrite: the softmax before has released the score slot
    bool very_first = false;
    Number keys = 0;  ///< V in K: the slot of K is free
  };
  [[gnu::always_inline]] void front(Times& s, const Round& round, const Boundary& from,
                                    const Landing& landing) const {
    s[kLoad] = largest(s[kLoad], single() ? landing.input : s[kInput2]) + round.input;
    if constexpr (kStages.first) {
      Entry entry{s[kMatrix], s[kLoad], Number(kNever)};
      if constexpr (kOneStage) {
        entry.ready = largest(entry.ready, from.stored);
      } else if constexpr (!kStages.second) {
        entry.ready = largest(entry.ready, t_.scores_ahead ? s[kVector2] : s[kVector]);
      }
      bool overwritten = overwrites(Overwrite::kKey);
      if constexpr (kStreams) {
        entry.load = largest(entry.load, single() ? from.input : s[kBefore]);
        entry.slot = from.input;
      } else if (overwritten) {
        entry.slot = landing.free;
      } else if (round.first) {
        entry.load = largest(entry.load, landing.keys);
      }
      End end;
      if (overwritten && landing.very_first) {
        // K is still in place everywhere.
        overwritten = false;
        end =
            stage_map<true>(t_, round.times->first, t_.resident_first, round.heads, true, false, 0)
                .at(entry);
      } else {
        end = round.first_stage.at(entry);
      }
      if constexpr (Recorder::kActive) {
        recorder_.stage({round, &RoundTimes::first,
                         resident_times(round.times->first, t_.resident_first), entry,
                         s[kLoad] + t_.latency, s[kLoad], overwritten});
      }
      s[kMatrix] = end.matmul;
      s[kLoad] = end.load;
      if constexpr (kStreams) {
        s[kBefore] = end.before;
      }
    }
  }

  /// With the loads of a resident operand.
  using Stage = StageTimesOf<Number>;
  static const Stage& resident_times(const Stage& round, const Stage& resident) {
    return kMasked ? round : resident;
  }

  /// Returns when the output of the round is there.
  [[gnu::always_inline]] Number second(Times& s, const Round& round, const Boundary& from,
                                       const Number& oldest) const {
    if constexpr (!kStages.second) {
      return oldest;
    } else {
      Entry entry{largest(s[kMatrix], oldest, single() ? from.stored : s[kStored2]), s[kLoad],
                  Number(kNever)};
      const bool overwritten = overwrites(Overwrite::kValue);
      if (overwritten) {
        entry.slot = oldest;
      }
      if constexpr (!kShared) {
        if (!kResident) {
          entry.load = largest(entry.load, single() ? s[kSecond1] : s[kSecond2]);
          entry.slot = s[kSecond1];
        } else if (round.first && !t_.value_slot_free) {
          const Number free = largest(entry.load, single() ? s[kGroup1] : s[kGroup2]);
          entry.load = overwritten ? choose(t_.overwritten < t_.sub_tiles, free, entry.load) : free;
        }
      }
      if constexpr (Recorder::kActive) {
        recorder_.stage({round, &RoundTimes::second,
                         resident_times(round.times->second, t_.resident_second), entry, 0,
                         s[kLoad], overwritten, t_.values_in_keys});
      }
      const End end = kShared && !overwritten ? round.second_stage.at(entry.ready, entry.load)
                                              : round.second_stage.at(entry);
      s[kMatrix] = end.matmul;
      s[kLoad] = end.load;
      if constexpr (!kShared) {
        s[kSecond1] = end.matmul;
        s[kSecond2] = end.before;
      }
      return end.matmul;
    }
  }

  /// `region_free`: overwrite: the P V before is done. `from`: without stages around the softmax,
  /// its input is there and its output's slot is free.
  [[gnu::always_inline]] void softmax(Times& s, const Round& round, const Boundary& from,
                                      const Number& region_free) const {
    if constexpr (kStages.softmax) {
      Number start = largest(s[kVector], region_free);
      start = largest(start, kStages.first ? s[kMatrix] : from.input);
      if constexpr (!kStages.second) {
        start = largest(start, from.stored);
      }
      s[kVector] = start + round.softmax;
      if constexpr (Recorder::kActive) {
        recorder_.softmax(round, start);
      }
    }
  }

  [[gnu::always_inline]] void store(Times& s, const Round& round, const Number& done) const {
    s[kStoreQueue] = largest(s[kStoreQueue], done) + round.store;
  }

  const PhaseTimesOf<Number>& t_;
  Recorder& recorder_;
  [[no_unique_address]] const Accord<Number> accord_;
  const Number rounds_;
  const Kinds kinds_;
};

}  // namespace tilewright::pipeline
