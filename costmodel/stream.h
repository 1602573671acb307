// Closed forms for a run of sub-tiles: each is loaded into a slot, then read by one matmul.
// All are exact solutions of
//   load_t = max(load_{t-1}, release_{t-slots}) + L_t
//   end_t  = max(end_{t-1}, load_t + latency) + C_t,   release_t = end_t.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <type_traits>

#include "costmodel/leap.h"
#include "costmodel/pipeline.h"

namespace tilewright {

/// `heads` times (sub_tiles - 1 full and one edge sub-tile).
struct Run {
  StageTimes times;
  std::int64_t heads = 1;
  std::int64_t sub_tiles = 1;
  std::int64_t latency = 0;

  std::int64_t matmul_per_head() const {
    return (sub_tiles - 1) * times.matmul_full + times.matmul_edge;
  }
  std::int64_t load_per_head() const { return (sub_tiles - 1) * times.load_full + times.load_edge; }
};

/// Times of the two queues and of the last two matmuls of the stream.
struct StreamEnd {
  std::int64_t load = 0;         ///< load queue free
  std::int64_t matmul = 0;       ///< end of the last matmul
  std::int64_t penultimate = 0;  ///< end of the matmul before it
};

/// Enough slots for the whole run: no load waits for a matmul. The longest path changes once from
/// the load queue to the matrix queue; over heads and over full sub-tiles the place of the change
/// enters linearly, so that only the ends of these ranges count.
inline StreamEnd stream_free(const Run& run, std::int64_t load, std::int64_t ready) {
  const StageTimes& t = run.times;
  const std::int64_t loads = run.load_per_head();
  const std::int64_t matmuls = run.matmul_per_head();
  std::int64_t change = loads + t.matmul_edge;
  if (run.sub_tiles > 1) {
    const std::int64_t full = run.sub_tiles - 1;
    change = std::max({change, t.load_full + full * t.matmul_full + t.matmul_edge,
                       full * t.load_full + t.matmul_full + t.matmul_edge});
  }
  change += (run.heads - 1) * std::max(loads, matmuls);
  StreamEnd end;
  end.load = load + run.heads * loads;
  end.matmul = std::max(ready + run.heads * matmuls, load + run.latency + change);
  end.penultimate = end.matmul;
  return end;
}

/// One slot: every load waits for the matmul before it.
inline StreamEnd stream_single(const Run& run, std::int64_t load, std::int64_t ready) {
  const StageTimes& t = run.times;
  const bool one = run.sub_tiles == 1;
  const std::int64_t first_load = one ? t.load_edge : t.load_full;
  const std::int64_t first_matmul = one ? t.matmul_edge : t.matmul_full;
  const std::int64_t first = std::max(ready, load + first_load + run.latency) + first_matmul;
  const std::int64_t all =
      run.heads * (run.load_per_head() + run.matmul_per_head() + run.sub_tiles * run.latency);
  StreamEnd end;
  end.matmul = first + all - (first_load + run.latency + first_matmul);
  end.load =
      run.heads * run.sub_tiles == 1 ? load + first_load : end.matmul - t.matmul_edge - run.latency;
  end.penultimate = end.load;
  return end;
}

/// Two slots, with the queues' and the last two matmuls' times as state.
class DoubleStream {
 public:
  DoubleStream(std::int64_t load, std::int64_t last, std::int64_t penultimate, std::int64_t latency)
      : state_{load, last, penultimate}, latency_(latency) {}

  std::int64_t load() const { return state_[0]; }
  std::int64_t last() const { return state_[1]; }
  std::int64_t penultimate() const { return state_[2]; }

  /// One sub-tile whose matmul can start at `ready`.
  void first(std::int64_t l, std::int64_t c, std::int64_t ready) {
    state_[0] = std::max(state_[0], state_[2]) + l;
    const std::int64_t end = std::max(ready, state_[0] + latency_) + c;
    state_[2] = state_[1];
    state_[1] = end;
  }
  void next(std::int64_t l, std::int64_t c) { advance(state_, l, c); }
  void run(std::int64_t n, std::int64_t l, std::int64_t c) { advance(state_, n, l, c); }

  /// `heads` times (full sub-tiles, one edge sub-tile).
  void heads(const Run& run, std::int64_t heads) {
    repeat(state_, std::integral_constant<std::size_t, 3>(), heads, [&](Times& state) {
      advance(state, run.sub_tiles - 1, run.times.load_full, run.times.matmul_full);
      advance(state, run.times.load_edge, run.times.matmul_edge);
    });
  }

 private:
  using Times = std::array<std::int64_t, 3>;

  void advance(Times& state, std::int64_t l, std::int64_t c) const {
    state[0] = std::max(state[0], state[2]) + l;
    const std::int64_t end = std::max(state[1], state[0] + latency_) + c;
    state[2] = state[1];
    state[1] = end;
  }

  /// n equal sub-tiles. A longest path advances by one sub-tile for l (in the load queue) or c (in
  /// the matrix queue), changes to the matrix queue for latency + c and back, through a slot's
  /// release, for l and two sub-tiles: a cycle of l + latency + c per two sub-tiles. Its weight is
  /// linear in the number of such cycles, so that either none or all of them are taken.
  void advance(Times& state, std::int64_t n, std::int64_t l, std::int64_t c) const {
    if (n < 4) {
      for (; n > 0; --n) {
        advance(state, l, c);
      }
      return;
    }
    const std::int64_t cycle = l + latency_ + c;
    const std::int64_t best = std::max(l, c);
    const bool cycles = cycle > 2 * best;
    const auto spread = [&](std::int64_t sub_tiles) {
      return cycles ? sub_tiles / 2 * cycle + sub_tiles % 2 * best : sub_tiles * best;
    };
    const std::int64_t load = std::max(state[0], state[2]);
    const std::int64_t last = state[1];
    const auto end_at = [&](std::int64_t k) {
      return std::max({last + k * c, last + cycle + spread(k - 2), load + cycle + spread(k - 1)});
    };
    // In the load queue at n: all the way there, or back in it after at least one release.
    const std::int64_t in_queue = load + n * l;
    const std::int64_t after_release =
        std::max(last + l + spread(n - 2), load + cycle + l + spread(n - 3));
    state[0] = std::max(in_queue, after_release);
    state[1] = end_at(n);
    state[2] = end_at(n - 1);
  }

  Times state_;
  std::int64_t latency_;
};

/// Two slots. `penultimate` and `last` are when the slots' readers before this run finish.
inline StreamEnd stream_double(const Run& run, std::int64_t load, std::int64_t ready,
                               std::int64_t penultimate, std::int64_t last) {
  DoubleStream stream(load, last, penultimate, run.latency);
  const StageTimes& t = run.times;
  if (t.load_edge == t.load_full && t.matmul_edge == t.matmul_full) {
    stream.first(t.load_full, t.matmul_full, ready);
    const std::int64_t rest = run.heads * run.sub_tiles - 1;
    if (rest > 0) {
      stream.next(t.load_full, t.matmul_full);
      stream.run(rest - 1, t.load_full, t.matmul_full);
    }
  } else if (run.sub_tiles == 1) {
    stream.first(t.load_edge, t.matmul_edge, ready);
    if (run.heads > 1) {
      stream.next(t.load_edge, t.matmul_edge);
      stream.run(run.heads - 2, t.load_edge, t.matmul_edge);
    }
  } else {
    stream.first(t.load_full, t.matmul_full, ready);
    if (run.sub_tiles > 2) {
      stream.next(t.load_full, t.matmul_full);
      stream.run(run.sub_tiles - 3, t.load_full, t.matmul_full);
    }
    stream.next(t.load_edge, t.matmul_edge);
    stream.heads(run, run.heads - 1);
  }
  return {stream.load(), stream.last(), stream.penultimate()};
}

}  // namespace tilewright
