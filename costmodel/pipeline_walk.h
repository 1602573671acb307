// The walk over the rounds of a phase, for pipeline.cpp alone: the state between rounds and one
// round's max-plus step.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <type_traits>

#include "common/math.h"
#include "costmodel/leap.h"
#include "costmodel/overlap.h"
#include "costmodel/pipeline.h"
#include "costmodel/stream.h"
#include "schedules/schedule.h"

namespace tilewright::pipeline {

/// Times that the next rounds depend on. All move every round, but for the two that follow the
/// look-ahead + 1 `ready` times: when the second stage of the newest finished group and of the
/// group before it ended.
enum Time : std::size_t {
  kLoad,     ///< load queue free
  kStore,    ///< store queue free; equals kLoad on a shared channel
  kMatrix,   ///< matrix queue free
  kVector,   ///< vector queue free
  kInput1,   ///< last reader of the newest input slot done
  kInput2,   ///< ... of the one before
  kFirst1,   ///< last matmul of the newest first stage
  kFirst2,   ///< the one before it
  kSecond1,  ///< last matmul of the newest second stage
  kSecond2,  ///< the one before it; if resident: the last that read what stays
  kStored1,  ///< newest round's store done
  kStored2,  ///< ... of the round before
  kReady0    ///< P of the oldest round in flight is there; look-ahead more follow
};

/// Up to so many rounds, stepping costs less than watching for a pattern.
constexpr std::int64_t kFewRounds = 3;

/// Which round of its group a round is.
struct Kind {
  std::int64_t heads = 0;
  const RoundTimes* times = nullptr;
  bool first = false;  ///< loads a resident operand
  bool last = false;   ///< ends its group
};

/// A round and its place in its group.
struct Cursor {
  std::int64_t round = 0;
  std::int64_t position = 0;
};

/// `kFused`: all three stages are there and no store comes first. `kResident`: K and V stay.
/// `kShared`: loads and stores share a channel. These and the look-ahead are known when compiling,
/// so that the times of a run of rounds live in registers.
template <typename Recorder, bool kFused, bool kResident, bool kShared, std::size_t kLookahead>
class Pipeline {
 public:
  static constexpr std::size_t kLive = kReady0 + kLookahead + 1;
  static constexpr std::size_t kGroup1 = kLive;
  static constexpr std::size_t kGroup2 = kLive + 1;
  using Times = std::array<std::int64_t, kLive + 2>;
  using Live = std::integral_constant<std::size_t, kLive>;
  using LiveGroups = std::integral_constant<std::size_t, kLive + 2>;

  Pipeline(const PhaseTimes& times, Recorder& recorder)
      : t_(times),
        recorder_(recorder),
        full_rounds_(times.full_groups * times.positions),
        rounds_(full_rounds_ + (times.edge_heads > 0 ? times.positions : 0)),
        alike_(times.positions == 1 || !(kResident || times.last_differs)) {}

  std::int64_t makespan() const {
    if (rounds_ == 0) {
      return 0;
    }
    Times s{};
    Memory memory;
    prologue(s);
    std::int64_t i = 0;
    // Groups whose every step sees only rounds of full groups repeat one period.
    if (!alike_) {
      const std::int64_t groups =
          t_.full_groups - (kAhead <= t_.positions ? 1 : ceil_div(kAhead, t_.positions));
      if (groups > 1) {
        again(s, LiveGroups(), groups, [&](Times& state) { walk(state, 0, t_.positions, memory); });
        i = groups * t_.positions;
      }
    }
    walk(s, i, rounds_, memory);
    return std::max({s[kLoad], s[kStore], s[kMatrix], s[kVector]});
  }

 private:
  static constexpr std::int64_t kAhead = kLookahead + 1;
  static constexpr std::size_t kNext = kLookahead > 0 ? 1 : 0;  ///< the next round's place

  /// The last long run of rounds. A later one of the same kind that starts from the same state, but
  /// for a shift in time, ends in the same state, but for that shift.
  struct Memory {
    Times entry{};
    Times exit{};
    std::int64_t position = -1;
    std::int64_t run = 0;
    std::int64_t heads_leaving = 0;
    std::int64_t heads_entering = 0;

    bool recall(Times& s, std::int64_t at, std::int64_t rounds, std::int64_t leaving,
                std::int64_t entering) const {
      if (at != position || rounds != run || leaving != heads_leaving ||
          entering != heads_entering) {
        return false;
      }
      const std::int64_t shift = s[0] - entry[0];
      for (std::size_t i = 1; i < kLive; ++i) {
        if (s[i] - entry[i] != shift) {
          return false;
        }
      }
      for (std::size_t i = 0; i < kLive; ++i) {
        s[i] = exit[i] + shift;
      }
      return true;
    }
  };

  bool has_first() const { return kFused || t_.has_first; }
  bool has_softmax() const { return kFused || t_.has_softmax; }
  bool has_second() const { return kFused || t_.has_second; }
  bool store_first() const { return !kFused && t_.store_first; }
  /// Under overwrite all rounds' P share one region, so a softmax waits for the P V before it.
  bool delays_softmax() const {
    return kFused && kResident && kLookahead == 1 && t_.overwritten > 0;
  }

  /// Where positions make no difference they are not followed.
  Cursor cursor(std::int64_t round) const {
    if (alike_) {
      return {round, 0};
    }
    return {round, round < t_.positions ? round : round % t_.positions};
  }
  void advance(Cursor& at, std::int64_t rounds) const {
    at.round += rounds;
    if (!alike_) {
      at.position += rounds;
      if (at.position >= t_.positions) {
        at.position -= t_.positions;
      }
    }
  }

  Kind kind(const Cursor& at) const {
    const bool last = at.position == t_.positions - 1;
    return {at.round < full_rounds_ ? t_.heads : t_.edge_heads, last ? &t_.last : &t_.full,
            kResident && at.position == 0, last};
  }

  /// How many rounds from `at` on are of the same kind.
  std::int64_t alike_from(const Cursor& at) const {
    if (at.round >= rounds_) {
      return rounds_;
    }
    if (alike_) {
      return (at.round < full_rounds_ ? full_rounds_ : rounds_) - at.round;
    }
    const std::int64_t to_last = t_.positions - 1 - at.position;
    return to_last == 0 || (kResident && at.position == 0) ? 1 : to_last;
  }

  /// repeat(), or, where intervals are recorded, steps until a whole window of rounds in flight has
  /// moved as one.
  template <typename Count, typename Step>
  [[gnu::always_inline]] void again(Times& s, Count live, std::int64_t n, const Step& take) const {
    if constexpr (!Recorder::kActive) {
      repeat(s, live, n, take);
    } else {
      const std::int64_t enough = kAhead + 3;
      std::int64_t uniform = 0;
      for (; n > 0; --n) {
        const Times before = s;
        const std::int64_t overlap = recorder_.total();
        take(s);
        const std::int64_t by = s[0] - before[0];
        bool same = true;
        for (std::size_t i = 0; i < live; ++i) {
          same = same && s[i] - before[i] == by;
        }
        uniform = same ? uniform + 1 : 0;
        if (uniform >= enough) {
          recorder_.skip(by, recorder_.total() - overlap, n - 1);
          for (std::size_t i = 0; i < live; ++i) {
            s[i] += by * (n - 1);
          }
          return;
        }
      }
    }
  }

  void prologue(Times& s) const {
    const std::int64_t end = std::min(kAhead, rounds_);
    for (std::int64_t r = 0; r < end; ++r) {
      const Kind k = kind(cursor(r));
      front(s, k, r == 0, s[kReady0]);
      if (r == 0 || !delays_softmax()) {
        s[kReady0 + static_cast<std::size_t>(r)] = softmax(s, k, 0);
      }
    }
  }

  void walk(Times& s, std::int64_t begin, std::int64_t end, Memory& memory) const {
    Cursor here = cursor(begin);
    Cursor next = cursor(begin + kAhead);
    while (here.round < end) {
      if (next.round >= rounds_) {
        drain(s, kind(here), here.round + 1 < rounds_ ? kind(cursor(here.round + 1)) : Kind{});
        advance(here, 1);
        continue;
      }
      std::int64_t run = std::min({alike_from(here), alike_from(next), end - here.round});
      Kind between;
      if (delays_softmax()) {
        const Cursor after = cursor(here.round + 1);
        run = std::min(run, alike_from(after));
        between = kind(after);
      }
      const Kind leaving = kind(here);
      const Kind entering = kind(next);
      const auto take = [&](Times& state) { step(state, leaving, between, entering); };
      if (!Recorder::kActive && !alike_ && run > kFewRounds) {
        if (!memory.recall(s, here.position, run, leaving.heads, entering.heads)) {
          const Times entry = s;
          again(s, Live(), run, take);
          memory = {entry, s, here.position, run, leaving.heads, entering.heads};
        }
      } else if (run > kFewRounds) {
        if (kResident && t_.positions == 1) {
          again(s, LiveGroups(), run, take);
        } else {
          again(s, Live(), run, take);
        }
      } else {
        for (std::int64_t n = 0; n < run; ++n) {
          take(s);
        }
      }
      advance(here, run);
      advance(next, run);
    }
  }

  /// Round i (`here`) leaves, round i + look-ahead + 1 (`there`) enters; `between` is round i + 1
  /// where its softmax had to wait for this P V.
  void step(Times& s, const Kind& here, const Kind& between, const Kind& there) const {
    second(s, here);
    if (delays_softmax()) {
      s[kReady0 + kNext] = softmax(s, between, s[kSecond1]);
    }
    const std::int64_t done = has_second() ? s[kMatrix] : s[kReady0];
    if (store_first()) {
      store(s, here, done);
      front(s, there, false, s[kReady0 + kNext]);
    } else {
      front(s, there, false, s[kReady0 + kNext]);
      store(s, here, done);
    }
    const std::int64_t ready = delays_softmax() ? 0 : softmax(s, there, 0);
    shift_ready(s);
    if (!delays_softmax()) {
      s[kLive - 1] = ready;
    }
    leave_group(s, here);
  }

  void drain(Times& s, const Kind& here, const Kind& there) const {
    second(s, here);
    if (delays_softmax() && there.heads > 0) {
      s[kReady0 + kNext] = softmax(s, there, s[kSecond1]);
    }
    store(s, here, has_second() ? s[kMatrix] : s[kReady0]);
    shift_ready(s);
    leave_group(s, here);
  }

  void shift_ready(Times& s) const {
    for (std::size_t i = kReady0; i + 1 < kLive; ++i) {
      s[i] = s[i + 1];
    }
  }

  void leave_group(Times& s, const Kind& kind) const {
    if (kind.last) {
      s[kGroup2] = s[kGroup1];
      s[kGroup1] = s[kSecond2];
    }
  }

  /// Input load and first matmul. `landing`: when the score slot before it was released.
  void front(Times& s, const Kind& kind, bool very_first, std::int64_t landing) const {
    const RoundTimes& r = *kind.times;
    s[kLoad] = std::max(s[kLoad], t_.buffers == 1 ? s[kInput1] : s[kInput2]) + kind.heads * r.input;
    if (kShared) {
      s[kStore] = s[kLoad];
    }
    if (!has_first()) {
      s[kFirst2] = s[kFirst1];
      s[kFirst1] = s[kLoad] + t_.latency;
      return;
    }
    std::int64_t ready = std::max(s[kMatrix], s[kLoad] + t_.latency);
    if (!has_softmax() && !has_second()) {
      // Two output slots: the newest store is two rounds back. One slot: it is the one just issued.
      ready = std::max(ready, s[kStored1]);
    } else if (!has_second()) {
      ready = std::max(ready, s[kReady0]);
    }
    const bool overwritten = t_.overwrite == Overwrite::kKey && !very_first;
    if (kResident && !kind.first && !overwritten && !Recorder::kActive) {
      stay<kFirst1, kFirst2>(s, ready + kind.heads * kind.times->first.matmul_all);
    } else {
      stage<kFirst1, kFirst2>(s, kind, r.first, t_.resident_first,
                              {s[kLoad], ready, s[kFirst1], s[kFirst2], s[kLoad],
                               overwritten ? landing : kNotOverwritten});
    }
    s[kInput2] = s[kInput1];
    s[kInput1] = s[kMatrix];
    if (!has_softmax() && !has_second()) {
      s[kVector] = s[kMatrix];
    }
  }

  void second(Times& s, const Kind& kind) const {
    if (!has_second()) {
      return;
    }
    const std::int64_t ready = std::max({s[kMatrix], s[kReady0], output_free(s)});
    const bool overwritten = t_.overwrite == Overwrite::kValue;
    if (kResident && !kind.first && !overwritten && !Recorder::kActive) {
      stay<kSecond1, kSecond2>(s, ready + kind.heads * kind.times->second.matmul_all);
      return;
    }
    const std::int64_t slot = t_.value_slot_free ? 0 : (t_.buffers == 1 ? s[kGroup1] : s[kGroup2]);
    stage<kSecond1, kSecond2>(s, kind, kind.times->second, t_.resident_second,
                              {s[kLoad], ready, s[kSecond1], s[kSecond2], std::max(s[kLoad], slot),
                               overwritten ? s[kReady0] : kNotOverwritten});
  }

  /// A stage whose operand is there already: matmuls one after the other until `end`.
  template <Time kLast, Time kBefore>
  void stay(Times& s, std::int64_t end) const {
    s[kMatrix] = s[kLast] = s[kBefore] = end;
  }

  std::int64_t output_free(const Times& s) const {
    return t_.buffers == 1 ? s[kStored1] : s[kStored2];
  }

  static constexpr std::int64_t kNotOverwritten = -1;

  /// What a stage starts from.
  struct Entry {
    std::int64_t load = 0;           ///< load queue free
    std::int64_t ready = 0;          ///< the first matmul can start, but for its sub-tile
    std::int64_t last = 0;           ///< last matmul of the stage before done
    std::int64_t before = 0;         ///< the one before it
    std::int64_t resident_load = 0;  ///< a resident operand's slot and the load queue are free
    std::int64_t landing = kNotOverwritten;  ///< the score slot for what P destroyed is free
  };

  /// All matmuls of one stage with their loads.
  template <Time kLast, Time kBefore>
  void stage(Times& s, const Kind& kind, const StageTimes& stage_times,
             const StageTimes& resident_loads, const Entry& entry) const {
    const StreamEnd end = stream(kind, stage_times, resident_loads, entry);
    s[kLoad] = end.load;
    if (kShared) {
      s[kStore] = end.load;
    }
    s[kMatrix] = s[kLast] = end.matmul;
    s[kBefore] = end.penultimate;
  }

  StreamEnd stream(const Kind& kind, const StageTimes& stage_times,
                   const StageTimes& resident_loads, const Entry& entry) const {
    Run run{stage_times, kind.heads, t_.sub_tiles, t_.latency};
    if constexpr (Recorder::kActive) {
      return record_stage(kind, run, resident_loads, entry);
    }
    if (!kResident) {
      return t_.buffers == 1
                 ? stream_single(run, std::max(entry.load, entry.last), entry.ready)
                 : stream_double(run, entry.load, entry.ready, entry.before, entry.last);
    }
    if (entry.landing != kNotOverwritten) {
      return overwritten_stage(kind, run, resident_loads, entry);
    }
    run.times.load_full = resident_loads.load_full;
    run.times.load_edge = resident_loads.load_edge;
    return stream_free(run, entry.resident_load, entry.ready);
  }

  /// The same, one sub-tile at a time, by the recurrences that stream.h solves.
  StreamEnd record_stage(const Kind& kind, const Run& run, const StageTimes& resident_loads,
                         const Entry& entry) const {
    const bool overwritten = entry.landing != kNotOverwritten;
    const std::int64_t stay = overwritten ? t_.sub_tiles - t_.overwritten : t_.sub_tiles;
    const StageTimes& loads = kResident ? resident_loads : run.times;
    StreamEnd end{kResident && kind.first && stay > 0 ? entry.resident_load : entry.load,
                  entry.ready, entry.ready};
    std::int64_t last = entry.last;
    std::int64_t before = entry.before;
    bool landed = false;
    std::int64_t stayed = entry.ready;
    for (std::int64_t n = 0; n < kind.heads * t_.sub_tiles; ++n) {
      const std::int64_t j = n % t_.sub_tiles;
      const bool edge = j == t_.sub_tiles - 1;
      if (overwritten && j >= stay && !landed) {
        last = before = entry.landing;
        landed = true;
        stayed = end.matmul;
      }
      const bool resident = kResident && !landed;
      std::int64_t there = 0;
      if (!resident || kind.first) {
        const std::int64_t slot =
            resident ? 0 : (std::min(t_.buffers, landed ? t_.overwritten : 2) == 1 ? last : before);
        const StageTimes& load = landed ? run.times : loads;
        end.load = std::max(end.load, slot) + (edge ? load.load_edge : load.load_full);
        there = end.load + t_.latency;
      }
      const std::int64_t start = std::max(end.matmul, there);
      end.matmul = start + (edge ? run.times.matmul_edge : run.times.matmul_full);
      recorder_.matrix(start, end.matmul);
      before = last;
      last = end.matmul;
    }
    end.penultimate = landed ? stayed : (kResident ? last : before);
    return end;
  }

  /// The sub-tiles that stayed, then those that P took the place of, loaded again from `landing`
  /// on.
  StreamEnd overwritten_stage(const Kind& kind, const Run& run, const StageTimes& loads,
                              const Entry& entry) const {
    StreamEnd stayed{entry.load, entry.ready, entry.ready};
    const std::int64_t stay = t_.sub_tiles - t_.overwritten;
    if (stay > 0) {
      const std::int64_t matmul = run.times.matmul_full;
      if (kind.first) {
        const Run first{{matmul, matmul, loads.load_full, loads.load_full}, 1, stay, t_.latency};
        stayed = stream_free(first, entry.resident_load, entry.ready);
      } else {
        stayed.matmul += stay * matmul;
      }
    }
    const Run again{run.times, 1, t_.overwritten, t_.latency};
    StreamEnd end =
        std::min(t_.buffers, t_.overwritten) == 1
            ? stream_single(again, std::max(stayed.load, entry.landing), stayed.matmul)
            : stream_double(again, stayed.load, stayed.matmul, entry.landing, entry.landing);
    end.penultimate = stayed.matmul;
    return end;
  }

  /// Returns when P is there (or, without a softmax, the first stage's output).
  std::int64_t softmax(Times& s, const Kind& kind, std::int64_t region_free) const {
    if (!has_softmax()) {
      return s[kMatrix];
    }
    std::int64_t start = std::max(s[kVector], region_free);
    start = std::max(start, s[kFirst1]);
    if (!has_second()) {
      start = std::max(start, output_free(s));
    }
    s[kVector] = start + kind.heads * kind.times->softmax;
    recorder_.vector(start, s[kVector]);
    if (!has_first()) {
      s[kInput2] = s[kInput1];
      s[kInput1] = s[kMatrix] = s[kVector];
    }
    return s[kVector];
  }

  void store(Times& s, const Kind& kind, std::int64_t done) const {
    const std::size_t queue = kShared ? kLoad : kStore;
    s[queue] = std::max(s[queue], done) + kind.heads * kind.times->store;
    s[kStore] = s[queue];
    s[kStored2] = s[kStored1];
    s[kStored1] = s[queue];
    if (!has_second()) {
      s[kSecond2] = s[kSecond1];
      s[kSecond1] = s[queue];
    }
  }

  const PhaseTimes& t_;
  Recorder& recorder_;
  const std::int64_t full_rounds_;
  const std::int64_t rounds_;
  const bool alike_;  ///< all rounds of full groups are of one kind
};

}  // namespace tilewright::pipeline
