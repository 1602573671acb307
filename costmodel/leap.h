// Repeating a max-plus step many times without taking all the steps, exactly.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "common/number.h"

namespace tilewright {

/// Which components of a state count: the first `kCompared` determine each other; up to `kMoved`
/// follow from those of the last two steps and move with them.
template <std::size_t kComparedCount, std::size_t kMovedCount = kComparedCount>
struct Extent {
  static constexpr std::size_t kCompared = kComparedCount;
  static constexpr std::size_t kMoved = kMovedCount;
};

/// Takes at most n steps from `state`, to which two steps have led by the same `moves` each: one
/// step and, if that goes on along the line, a jump as far as the line goes. Returns the steps.
template <typename Live, std::size_t N, typename Step>
[[gnu::noinline]] std::int64_t leap(std::array<std::int64_t, N>& state,
                                    const std::array<std::int64_t, Live::kCompared>& moves,
                                    std::int64_t n, const Step& step) {
  const std::array<std::int64_t, N> before = state;
  step(state);
  for (std::size_t i = 0; i < Live::kCompared; ++i) {
    if (state[i] - before[i] != moves[i]) {
      return 1;
    }
  }
  --n;
  const std::array<std::int64_t, N> from = state;
  const auto move_to = [&](std::int64_t steps) {
    for (std::size_t i = 0; i < Live::kMoved; ++i) {
      state[i] = from[i] + (from[i] - before[i]) * steps;
    }
  };
  const auto on_line = [&](std::int64_t steps) {
    move_to(steps - 1);
    step(state);
    for (std::size_t i = 0; i < Live::kCompared; ++i) {
      if (state[i] != from[i] + moves[i] * steps) {
        return false;
      }
    }
    return true;
  };
  std::int64_t good = on_line(n) ? n : 0;
  std::int64_t bad = n;
  for (std::int64_t probe = 1; good < n && probe < bad; probe *= 2) {
    (on_line(probe) ? good : bad) = probe;
  }
  while (good < n && bad - good > 1) {
    const std::int64_t middle = good + (bad - good) / 2;
    (on_line(middle) ? good : bad) = middle;
  }
  move_to(good > 0 ? good - 1 : 0);
  if (good > 0) {
    step(state);  // what follows from the last step is not on the line, but made by a step
  }
  return good + 1;
}

/// The loop of repeat(). `kMayDouble`: after a while without a leap, go on in double steps.
template <typename Live, bool kMayDouble, std::size_t N, typename Step>
[[gnu::always_inline]] inline void repeat_loop(std::array<std::int64_t, N>& state, std::int64_t n,
                                               const Step& step);

/// Neighbouring slots can make a regime of period two: straight only in double steps, which are a
/// max-plus map as well. Leaves at most one step of n, which it returns.
template <typename Live, std::size_t N, typename Step>
[[gnu::noinline]] std::int64_t repeat_double(std::array<std::int64_t, N>& state, std::int64_t n,
                                             const Step& step) {
  const auto twice = [&step](std::array<std::int64_t, N>& times) {
    step(times);
    step(times);
  };
  repeat_loop<Live, false>(state, n / 2, twice);
  return n % 2;
}

template <typename Live, bool kMayDouble, std::size_t N, typename Step>
[[gnu::always_inline]] inline void repeat_loop(std::array<std::int64_t, N>& state, std::int64_t n,
                                               const Step& step) {
  constexpr int kPatience = 12;  // single steps before double ones are tried
  // The loop itself has the step inside; what is rare calls one copy of it.
  const auto out_of_line = [&step](std::array<std::int64_t, N> & times) __attribute__((noinline)) {
    step(times);
  };
  using Moves = std::array<std::int64_t, Live::kCompared>;
  int restless = 0;
  Moves last_moves{};  // of the step before
  last_moves[0] = -1;
  while (n > 0) {
    Moves moves;
    std::copy_n(state.begin(), Live::kCompared, moves.begin());
    step(state);
    --n;
    std::int64_t uneven = 0;
    std::int64_t bent = 0;
    for (std::size_t i = 0; i < Live::kCompared; ++i) {
      moves[i] = state[i] - moves[i];
      uneven |= moves[i] ^ moves[0];
      bent |= moves[i] ^ last_moves[i];
    }
    if (uneven == 0) {
      for (std::size_t i = 0; i < Live::kMoved; ++i) {
        state[i] += moves[0] * n;
      }
      return;
    }
    last_moves = moves;
    if (bent == 0 && n > 1) [[unlikely]] {
      n -= leap<Live>(state, moves, n, out_of_line);
      // A jump ends where other constraints take over: what comes next is not on this line.
      last_moves[0] = -1;
    }
    if constexpr (kMayDouble) {
      if (++restless == kPatience && n > kPatience) [[unlikely]] {
        n = repeat_double<Live>(state, n, out_of_line);
        last_moves[0] = -1;
      }
    }
  }
}

/// Applies `step` n times to `state`, an array of times of which those of `Live` count. `step` must
/// be a max-plus map: every component a maximum of sums of input components and constants. Such a
/// map f
///  - commutes with adding one number to all components, so that once a step adds the same number
///    everywhere, all later steps do; and
///  - is convex in every component: if two successive steps move the state by the same vector d
///    (whose components may differ) and a step moves the state T steps ahead on that line by d, so
///    does every step between. The largest such T is found by bisection (the difference to the line
///    is convex and starts at 0, so it never returns to 0).
/// Long transients, where two nearly balanced queues drift apart by a few cycles a round, are
/// crossed by the second rule.
template <typename Live, std::size_t N, typename Step>
[[gnu::always_inline]] inline void repeat(std::array<std::int64_t, N>& state, std::int64_t n,
                                          const Step& step,
                                          const Accord<std::int64_t>& /*alone*/ = {}) {
  repeat_loop<Live, true>(state, n, step);
}

/// The same for a few steps: without looking for a pattern.
template <std::size_t N, typename Step>
[[gnu::always_inline]] inline void repeat_few(std::array<std::int64_t, N>& state, std::int64_t n,
                                              const Step& step, const Accord<std::int64_t>&) {
  for (std::int64_t i = 0; i < n; ++i) {
    step(state);
  }
}

}  // namespace tilewright
