// repeat() of leap.h for candidates side by side.
#pragma once

#include <array>
#include <cstddef>

#include "common/lanes.h"

namespace tilewright {

template <std::size_t N>
[[gnu::always_inline]] inline void assign(const LaneMask& where, const std::array<Lanes, N>& from,
                                          std::array<Lanes, N>& to) {
  for (std::size_t i = 0; i < N; ++i) {
    to[i] = choose(where, from[i], to[i]);
  }
}

/// leap() of leap.h for the lanes `who`, whose last two steps were alike, and their n: takes as
/// many steps as the line goes on, at most n, and returns how many.
template <typename Live, std::size_t N, typename Step>
[[gnu::noinline]] Lanes leap(std::array<Lanes, N>& state,
                             const std::array<Lanes, Live::kCompared>& moves, const Lanes& n,
                             LaneMask who, const Step& step) {
  const std::array<Lanes, N> before = state;
  std::array<Lanes, N> from = state;
  step(from);
  assign(who, from, state);
  const Lanes taken = choose(who, Lanes(1), Lanes(0));
  for (std::size_t i = 0; i < Live::kCompared; ++i) {
    who = who && from[i] - before[i] == moves[i];
  }
  if (!any(who)) {
    return taken;
  }
  const Lanes most = choose(who, n - 1, Lanes(1));
  std::array<Lanes, N> there = from;
  const auto move_to = [&](const Lanes& steps) {
    for (std::size_t i = 0; i < Live::kMoved; ++i) {
      there[i] = from[i] + (from[i] - before[i]) * steps;
    }
  };
  const auto on_line = [&](const Lanes& steps) {
    move_to(steps - 1);
    step(there);
    LaneMask on = who;
    for (std::size_t i = 0; i < Live::kCompared; ++i) {
      on = on && there[i] == from[i] + moves[i] * steps;
    }
    return on;
  };
  Lanes good = choose(on_line(most), most, Lanes(0));
  Lanes bad = most;
  const auto probe = [&](const LaneMask& probing, const Lanes& at) {
    const LaneMask on = on_line(at);
    good = choose(probing && on, at, good);
    bad = choose(probing && !on, at, bad);
  };
  Lanes at = 1;
  for (LaneMask probing = who && good < most; any(probing = probing && at < bad); at += at) {
    probe(probing, at);
  }
  for (LaneMask probing = who && good < most; any(probing = probing && bad - good > 1);) {
    probe(probing, good + ((bad - good) >> 1));
  }
  move_to(choose(good > 0, good - 1, Lanes(0)));
  assign(who, there, state);
  step(there);  // what follows from the last step is not on the line, but made by a step
  assign(who && good > 0, there, state);
  return taken + choose(who, good, Lanes(0));
}

/// repeat() of leap.h, each lane as often as it says. Lanes that are long in coming to an end drop
/// out.
template <typename Live, std::size_t N, typename Step>
[[gnu::always_inline]] inline void repeat(std::array<Lanes, N>& state, Lanes n, const Step& step,
                                          const Accord<Lanes>& accord) {
  constexpr int kPatience = 24;
  using Moves = std::array<Lanes, Live::kCompared>;
  LaneMask busy = accord.together() && n > 0;
  Moves last_moves{};  // of the step before
  last_moves[0] = -1;
  for (int steps = 0; any(busy); ++steps) {
    if (steps == kPatience) [[unlikely]] {
      accord.drop(busy);
      return;
    }
    std::array<Lanes, N> next = state;
    step(next);
    n -= 1;
    Moves moves;
    LaneMask even = busy;
    LaneMask straight = busy;
    for (std::size_t i = 0; i < Live::kCompared; ++i) {
      moves[i] = next[i] - state[i];
      even = even && moves[i] == moves[0];
      straight = straight && moves[i] == last_moves[i];
    }
    const Lanes jump = moves[0] * choose(even, n, Lanes(0));
    for (std::size_t i = 0; i < N; ++i) {
      state[i] = choose(busy, i < Live::kMoved ? next[i] + jump : next[i], state[i]);
    }
    busy = busy && !even && n > 0;
    last_moves = moves;
    straight = straight && busy && n > 1;
    if (any(straight)) [[unlikely]] {
      n -= leap<Live>(state, moves, n, straight, step);
      busy = busy && n > 0;
      last_moves[0] = choose(straight, Lanes(-1), last_moves[0]);
    }
  }
}

template <std::size_t N, typename Step>
[[gnu::always_inline]] inline void repeat_few(std::array<Lanes, N>& state, const Lanes& n,
                                              const Step& step, const Accord<Lanes>&) {
  for (std::int64_t i = 0; any(n > i); ++i) {
    std::array<Lanes, N> next = state;
    step(next);
    for (std::size_t k = 0; k < N; ++k) {
      state[k] = choose(n > i, next[k], state[k]);
    }
  }
}

}  // namespace tilewright
