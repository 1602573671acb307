// Repeating a max-plus step many times without taking all the steps, exactly.
#pragma once

#include <array>
#include <cstdint>

namespace tilewright {

/// Applies `step` n times to `state`, an array of times of which the first `live` count. `step` must be
/// a max-plus map: every component a maximum of sums of input components and constants. Such a map f
///  - commutes with adding one number to all components, so that once a step adds the same number
///    everywhere, all later steps do; and
///  - is convex in every component: if it moves two successive states by the same vector d (components
///    may differ) and also moves the state T steps ahead on that line by d, it does so at every
///    step between. The largest such T is found by bisection (the difference to the line is convex and
///    starts at 0, so it never returns to 0).
/// Long transients, where two nearly balanced queues drift apart by a few cycles a round, are crossed
/// by the second rule.
template <std::size_t N, typename Step>
void repeat(std::array<std::int64_t, N>& state, std::size_t live, std::int64_t n,
            const Step& step) {
  using Times = std::array<std::int64_t, N>;
  const auto advance = [live](const Times& from, const Times& by, std::int64_t times) {
    Times to = from;
    for (std::size_t i = 0; i < live; ++i) {
      to[i] += by[i] * times;
    }
    return to;
  };
  Times previous{};
  bool has_previous = false;
  while (n > 0) {
    Times next = state;
    step(next);
    --n;
    Times delta{};
    bool uniform = true;
    bool repeated = has_previous;
    for (std::size_t i = 0; i < live; ++i) {
      delta[i] = next[i] - state[i];
      uniform = uniform && delta[i] == delta[0];
      repeated = repeated && delta[i] == previous[i];
    }
    if (uniform) {
      for (std::size_t i = 0; i < live; ++i) {
        next[i] += delta[0] * n;
      }
      state = next;
      return;
    }
    if (repeated && n > 1) {
      const auto on_line = [&](std::int64_t t) {
        const Times at = advance(next, delta, t - 1);
        Times after = at;
        step(after);
        for (std::size_t i = 0; i < live; ++i) {
          if (after[i] != at[i] + delta[i]) {
            return false;
          }
        }
        return true;
      };
      std::int64_t good = 0;
      std::int64_t bad = n + 1;
      if (on_line(n)) {
        good = n;
      }
      for (std::int64_t probe = 1; good < n && probe < bad; probe *= 2) {
        if (on_line(probe)) {
          good = probe;
        } else {
          bad = probe;
        }
      }
      while (good < n && bad - good > 1) {
        const std::int64_t middle = good + (bad - good) / 2;
        (on_line(middle) ? good : bad) = middle;
      }
      next = advance(next, delta, good);
      n -= good;
      // A jump ends where other constraints take over: what comes next is not on this line.
      has_previous = false;
    } else {
      previous = delta;
      has_previous = true;
    }
    state = next;
  }
}

}  // namespace tilewright
