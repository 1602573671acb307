#include "costmodel/pipeline.h"

#include <algorithm>
#include <cassert>

#include "common/math.h"
#include "costmodel/leap.h"
#include "costmodel/overlap.h"
#include "costmodel/stream.h"
#include "schedules/schedule.h"

namespace tilewright {
namespace {

/// Times that the next rounds depend on. All move every round, but for the two that follow the
/// look-ahead + 1 `ready` times: when the second stage of the newest finished group and of the group
/// before it ended.
enum Time : std::size_t {
  kLoad,       ///< load queue free
  kStore,      ///< store queue free; equals kLoad on a shared channel
  kMatrix,     ///< matrix queue free
  kVector,     ///< vector queue free
  kInput1,     ///< last reader of the newest input slot done
  kInput2,     ///< ... of the one before
  kFirst1,     ///< last matmul of the newest first stage
  kFirst2,     ///< the one before it
  kSecond1,    ///< last matmul of the newest second stage
  kSecond2,    ///< the one before it; if resident: the last that read what stays
  kStored1,    ///< newest round's store done
  kStored2,    ///< ... of the round before
  kReady0,     ///< P of the oldest round in flight is there; look-ahead more follow
  kTimes = kReady0 + kMaxLookahead + 1 + 2
};
using Times = std::array<std::int64_t, kTimes>;

/// Which round of its group a round is.
struct Kind {
  std::int64_t heads = 0;
  bool first = false;  ///< loads a resident operand
  bool last = false;   ///< ends its group
  bool operator==(const Kind&) const = default;
};

template <typename Recorder>
class Pipeline {
 public:
  Pipeline(const PhaseTimes& times, Recorder& recorder)
      : t_(times),
        recorder_(recorder),
        ahead_(times.lookahead + 1),
        full_rounds_(times.full_groups * times.positions),
        rounds_(full_rounds_ + (times.edge_heads > 0 ? times.positions : 0)),
        delays_softmax_(times.overwritten > 0),
        alike_(times.positions == 1 || !(times.kv_resident || times.last_differs)),
        live_(kReady0 + static_cast<std::size_t>(ahead_)),
        group_(live_) {}

  std::int64_t makespan() const {
    if (rounds_ == 0) {
      return 0;
    }
    Times s{};
    prologue(s);
    std::int64_t i = 0;
    // Groups whose every step sees only rounds of full groups repeat one period.
    if (!alike_) {
      const std::int64_t groups = t_.full_groups - ceil_div(ahead_, t_.positions);
      if (groups > 1) {
        again(s, live_ + 2, groups, [this](Times& state) { walk(state, 0, t_.positions); });
        i = groups * t_.positions;
      }
    }
    walk(s, i, rounds_);
    return std::max({s[kLoad], s[kStore], s[kMatrix], s[kVector]});
  }

 private:
  Kind kind(std::int64_t round) const {
    const std::int64_t position = t_.positions == 1 ? 0 : round % t_.positions;
    return {round < full_rounds_ ? t_.heads : t_.edge_heads, t_.kv_resident && position == 0,
            position == t_.positions - 1};
  }

  /// How many rounds from `round` on are of the same kind (a lower bound is enough).
  std::int64_t alike_from(std::int64_t round) const {
    if (round >= rounds_) {
      return rounds_;
    }
    const std::int64_t same_heads = (round < full_rounds_ ? full_rounds_ : rounds_) - round;
    if (alike_) {
      return same_heads;
    }
    const std::int64_t position = round % t_.positions;
    const bool alone = position == t_.positions - 1 || (t_.kv_resident && position == 0);
    return alone ? 1 : std::min(same_heads, t_.positions - 1 - position);
  }

  /// repeat(), or, where intervals are recorded, steps until a whole window of rounds in flight has
  /// moved as one.
  template <typename Step>
  void again(Times& s, std::size_t live, std::int64_t n, const Step& take) const {
    if constexpr (!Recorder::kActive) {
      repeat(s, live, n, take);
    } else {
      const std::int64_t enough = ahead_ + 3;
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
    const std::int64_t end = std::min(ahead_, rounds_);
    for (std::int64_t r = 0; r < end; ++r) {
      const Kind k = kind(r);
      front(s, k, r == 0, s[kReady0]);
      const auto ready = kReady0 + static_cast<std::size_t>(r);
      if (r == 0 || !delays_softmax_) {
        s[ready] = softmax(s, k, 0);
      }
    }
  }

  void walk(Times& s, std::int64_t i, std::int64_t end) const {
    while (i < end) {
      const std::int64_t next = i + ahead_;
      std::int64_t run = std::min({alike_from(i), alike_from(next), end - i});
      if (delays_softmax_) {
        run = std::min(run, alike_from(i + 1));
      }
      const Kind here = kind(i);
      if (next < rounds_) {
        const Kind there = kind(next);
        const Kind between = delays_softmax_ ? kind(i + 1) : there;
        if (run > 2) {
          const std::size_t live = t_.positions == 1 ? live_ + 2 : live_;
          again(s, live, run, [&](Times& state) { step(state, here, between, there); });
        } else {
          for (std::int64_t n = 0; n < run; ++n) {
            step(s, here, between, there);
          }
        }
        i += run;
      } else {
        drain(s, here, i + 1 < rounds_ ? kind(i + 1) : Kind{});
        ++i;
      }
    }
  }

  /// Round i (`here`) leaves, round i + look-ahead + 1 (`there`) enters; `between` is round i + 1
  /// where its softmax had to wait for this P V.
  void step(Times& s, const Kind& here, const Kind& between, const Kind& there) const {
    second(s, here);
    if (delays_softmax_) {
      s[kReady0 + 1] = softmax(s, between, s[kSecond1]);
    }
    const std::int64_t done = t_.has_second ? s[kMatrix] : s[kReady0];
    if (t_.store_first) {
      store(s, here, done);
      front(s, there, false, s[kReady0 + 1]);
    } else {
      front(s, there, false, s[kReady0 + 1]);
      store(s, here, done);
    }
    const std::int64_t ready = delays_softmax_ ? 0 : softmax(s, there, 0);
    shift_ready(s);
    if (!delays_softmax_) {
      s[live_ - 1] = ready;
    }
    leave_group(s, here);
  }

  void drain(Times& s, const Kind& here, const Kind& there) const {
    second(s, here);
    if (delays_softmax_ && there.heads > 0) {
      s[kReady0 + 1] = softmax(s, there, s[kSecond1]);
    }
    store(s, here, t_.has_second ? s[kMatrix] : s[kReady0]);
    shift_ready(s);
    leave_group(s, here);
  }

  void shift_ready(Times& s) const {
    for (std::size_t i = kReady0; i + 1 < live_; ++i) {
      s[i] = s[i + 1];
    }
  }

  void leave_group(Times& s, const Kind& kind) const {
    if (kind.last) {
      s[group_ + 1] = s[group_];
      s[group_] = s[kSecond2];
    }
  }

  const RoundTimes& times(const Kind& kind) const { return kind.last ? t_.last : t_.full; }

  /// Input load and first matmul. `landing`: when the score slot before it was released.
  void front(Times& s, const Kind& kind, bool very_first, std::int64_t landing) const {
    const RoundTimes& r = times(kind);
    s[kLoad] = std::max(s[kLoad], t_.buffers == 1 ? s[kInput1] : s[kInput2]) +
               kind.heads * r.input;
    if (t_.shared_channel) {
      s[kStore] = s[kLoad];
    }
    if (!t_.has_first) {
      s[kFirst2] = s[kFirst1];
      s[kFirst1] = s[kLoad] + t_.latency;
      return;
    }
    std::int64_t ready = std::max(s[kMatrix], s[kLoad] + t_.latency);
    if (!t_.has_softmax && !t_.has_second) {
      // Two output slots: the newest store is two rounds back. One slot: it is the one just issued.
      ready = std::max(ready, s[kStored1]);
    } else if (!t_.has_second) {
      ready = std::max(ready, s[kReady0]);
    }
    const bool overwritten = t_.overwrite == Overwrite::kKey && !very_first;
    stage(s, kind, r.first, t_.resident_first, ready, {kFirst1, kFirst2}, s[kLoad],
          overwritten ? landing : kNotOverwritten);
    s[kInput2] = s[kInput1];
    s[kInput1] = s[kMatrix];
    if (!t_.has_softmax && !t_.has_second) {
      s[kVector] = s[kMatrix];
    }
  }

  void second(Times& s, const Kind& kind) const {
    if (!t_.has_second) {
      return;
    }
    const std::int64_t ready = std::max({s[kMatrix], s[kReady0], output_free(s)});
    const std::int64_t slot = t_.buffers == 1 ? s[group_] : s[group_ + 1];
    stage(s, kind, times(kind).second, t_.resident_second, ready, {kSecond1, kSecond2},
          std::max(s[kLoad], slot),
          t_.overwrite == Overwrite::kValue ? s[kReady0] : kNotOverwritten);
  }

  std::int64_t output_free(const Times& s) const {
    return t_.buffers == 1 ? s[kStored1] : s[kStored2];
  }

  struct Slots {
    Time last;
    Time before;
  };
  static constexpr std::int64_t kNotOverwritten = -1;

  /// All matmuls of one stage with their loads. `resident_load`: when a resident operand's slot is
  /// free and the load queue, too.
  void stage(Times& s, const Kind& kind, const StageTimes& stage_times,
             const StageTimes& resident_loads, std::int64_t ready, const Slots& slots,
             std::int64_t resident_load, std::int64_t landing) const {
    Run run{stage_times, kind.heads, t_.sub_tiles, t_.latency};
    StreamEnd end;
    if constexpr (Recorder::kActive) {
      record_stage(s, kind, run, resident_loads, ready, slots, resident_load, landing, end);
    } else if (landing != kNotOverwritten) {
      end = overwritten_stage(s, kind, run, resident_loads, ready, resident_load, landing);
    } else if (t_.kv_resident) {
      if (kind.first) {
        run.times.load_full = resident_loads.load_full;
        run.times.load_edge = resident_loads.load_edge;
        end = stream_free(run, resident_load, ready);
      } else {
        end.load = s[kLoad];
        end.matmul = end.penultimate = ready + kind.heads * run.matmul_per_head();
      }
    } else if (t_.buffers == 1) {
      end = stream_single(run, std::max(s[kLoad], s[slots.last]), ready);
    } else {
      end = stream_double(run, s[kLoad], ready, s[slots.before], s[slots.last]);
    }
    s[kLoad] = end.load;
    if (t_.shared_channel) {
      s[kStore] = end.load;
    }
    s[kMatrix] = s[slots.last] = end.matmul;
    s[slots.before] = end.penultimate;
  }

  /// The same, one sub-tile at a time, by the recurrences that stream.h solves.
  void record_stage(const Times& s, const Kind& kind, const Run& run,
                    const StageTimes& resident_loads, std::int64_t ready, const Slots& slots,
                    std::int64_t resident_load, std::int64_t landing, StreamEnd& end) const {
    const bool overwritten = landing != kNotOverwritten;
    const std::int64_t stay = overwritten ? t_.sub_tiles - t_.overwritten : t_.sub_tiles;
    const StageTimes& loads = t_.kv_resident ? resident_loads : run.times;
    end = {t_.kv_resident && kind.first && stay > 0 ? resident_load : s[kLoad], ready, ready};
    std::int64_t last = s[slots.last];
    std::int64_t before = s[slots.before];
    bool landed = false;
    std::int64_t stayed = ready;
    for (std::int64_t n = 0; n < kind.heads * t_.sub_tiles; ++n) {
      const std::int64_t j = n % t_.sub_tiles;
      const bool edge = j == t_.sub_tiles - 1;
      if (overwritten && j >= stay && !landed) {
        last = before = landing;
        landed = true;
        stayed = end.matmul;
      }
      const bool resident = t_.kv_resident && !landed;
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
    end.penultimate = landed ? stayed : (t_.kv_resident ? last : before);
  }

  /// The sub-tiles that stayed, then those that P took the place of, loaded again from `landing` on.
  StreamEnd overwritten_stage(const Times& s, const Kind& kind, const Run& run,
                              const StageTimes& loads, std::int64_t ready,
                              std::int64_t resident_load, std::int64_t landing) const {
    StreamEnd stayed{s[kLoad], ready, ready};
    const std::int64_t stay = t_.sub_tiles - t_.overwritten;
    if (stay > 0) {
      const std::int64_t matmul = run.times.matmul_full;
      if (kind.first) {
        const Run first{{matmul, matmul, loads.load_full, loads.load_full}, 1, stay, t_.latency};
        stayed = stream_free(first, resident_load, ready);
      } else {
        stayed.matmul += stay * matmul;
      }
    }
    const Run again{run.times, 1, t_.overwritten, t_.latency};
    StreamEnd end = std::min(t_.buffers, t_.overwritten) == 1
                        ? stream_single(again, std::max(stayed.load, landing), stayed.matmul)
                        : stream_double(again, stayed.load, stayed.matmul, landing, landing);
    end.penultimate = stayed.matmul;
    return end;
  }

  /// Returns when P is there (or, without a softmax, the first stage's output).
  std::int64_t softmax(Times& s, const Kind& kind, std::int64_t region_free) const {
    if (!t_.has_softmax) {
      return s[kMatrix];
    }
    std::int64_t start = std::max(s[kVector], region_free);
    start = std::max(start, s[kFirst1]);
    if (!t_.has_second) {
      start = std::max(start, output_free(s));
    }
    s[kVector] = start + kind.heads * times(kind).softmax;
    recorder_.vector(start, s[kVector]);
    if (!t_.has_first) {
      s[kInput2] = s[kInput1];
      s[kInput1] = s[kMatrix] = s[kVector];
    }
    return s[kVector];
  }

  void store(Times& s, const Kind& kind, std::int64_t done) const {
    const std::size_t queue = t_.shared_channel ? kLoad : kStore;
    s[queue] = std::max(s[queue], done) + kind.heads * times(kind).store;
    s[kStore] = s[queue];
    s[kStored2] = s[kStored1];
    s[kStored1] = s[queue];
    if (!t_.has_second) {
      s[kSecond2] = s[kSecond1];
      s[kSecond1] = s[queue];
    }
  }

  const PhaseTimes& t_;
  Recorder& recorder_;
  const std::int64_t ahead_;
  const std::int64_t full_rounds_;
  const std::int64_t rounds_;
  const bool delays_softmax_;
  const bool alike_;  ///< all rounds of full groups are of one kind
  const std::size_t live_;   ///< times that move every round
  const std::size_t group_;  ///< index of the two that move every group
};

/// Everything in sequence: each load is followed by its matmul, which waits out the latency.
std::int64_t serial_round(const PhaseTimes& t, const RoundTimes& r, std::int64_t heads,
                          bool first_of_group) {
  const auto stage = [&](const StageTimes& times, const StageTimes& resident) {
    const Run run{times, heads, t.sub_tiles, t.latency};
    if (t.kv_resident && !first_of_group) {
      return heads * run.matmul_per_head();
    }
    const StageTimes& loads = t.kv_resident ? resident : times;
    return heads * (run.matmul_per_head() + (t.sub_tiles - 1) * loads.load_full +
                    loads.load_edge + t.sub_tiles * t.latency);
  };
  std::int64_t total = heads * (r.input + r.softmax + r.store);
  // The input's latency is waited out only where no K load follows it.
  if (t.kv_resident && !first_of_group) {
    total += t.latency;
  }
  return total + stage(r.first, t.resident_first) + stage(r.second, t.resident_second);
}

std::int64_t serial_makespan(const PhaseTimes& t) {
  const auto group = [&t](std::int64_t heads) {
    const RoundTimes& first = t.positions == 1 ? t.last : t.full;
    std::int64_t cycles = serial_round(t, first, heads, true);
    if (t.positions > 1) {
      cycles += (t.positions - 2) * serial_round(t, t.full, heads, false) +
                serial_round(t, t.last, heads, false);
    }
    return cycles;
  };
  return t.full_groups * group(t.heads) + (t.edge_heads > 0 ? group(t.edge_heads) : 0);
}

}  // namespace

std::int64_t phase_makespan(const PhaseTimes& times) {
  NoRecorder nothing;
  return times.serial ? serial_makespan(times) : Pipeline(times, nothing).makespan();
}

std::int64_t phase_overlap(const PhaseTimes& times) {
  if (times.serial || !times.has_softmax || !times.has_first) {
    return 0;
  }
  OverlapRecorder recorder;
  [[maybe_unused]] const std::int64_t cycles = Pipeline(times, recorder).makespan();
  assert(cycles == phase_makespan(times));
  return recorder.total();
}

}  // namespace tilewright
