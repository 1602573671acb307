// repeat() equals plain iteration on max-plus maps, long transients and periods included.
#include "costmodel/leap.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "search/random.h"
#include "test/support/counts.h"

namespace tilewright::test {
namespace {

constexpr std::size_t kSize = 5;
constexpr std::int64_t kNone = -1;
using Times = std::array<std::int64_t, kSize>;
using Matrix = std::array<std::array<std::int64_t, kSize>, kSize>;

void apply(const Matrix& matrix, std::size_t live, Times& times) {
  const Times from = times;
  for (std::size_t to = 0; to < live; ++to) {
    std::int64_t latest = 0;
    bool any = false;
    for (std::size_t i = 0; i < live; ++i) {
      if (matrix[to][i] != kNone) {
        latest = any ? std::max(latest, from[i] + matrix[to][i]) : from[i] + matrix[to][i];
        any = true;
      }
    }
    times[to] = any ? latest : from[to];
  }
}

/// Diagonals that are nearly equal make two queues drift apart by a few cycles a step.
Matrix random_matrix(Random& random, std::size_t live) {
  const std::int64_t base = random.log_between(1, 5000);
  Matrix matrix{};
  for (std::size_t to = 0; to < live; ++to) {
    for (std::size_t from = 0; from < live; ++from) {
      matrix[to][from] = random.chance(35) ? random.between(0, base) : kNone;
    }
    if (random.chance(80)) {
      matrix[to][to] = base + random.between(-3, 3) > 0 ? base + random.between(0, 3) : base;
    }
  }
  return matrix;
}

/// repeat() with the first `live` times compared.
template <std::size_t kLive = kSize, typename Step>
void repeat_live(std::size_t live, Times& times, std::int64_t steps, const Step& step) {
  if (live == kLive) {
    repeat<Extent<kLive>>(times, steps, step);
  } else if constexpr (kLive > 1) {
    repeat_live<kLive - 1>(live, times, steps, step);
  }
}

TEST_CASE("repeat() equals stepping, on random max-plus maps") {
  for (std::int64_t i = 0; i < counted(20'000); ++i) {
    Random random(static_cast<std::uint64_t>(i));
    const auto live = static_cast<std::size_t>(random.between(1, kSize));
    const Matrix matrix = random_matrix(random, live);
    Times start{};
    for (std::size_t at = 0; at < live; ++at) {
      start[at] = random.log_between(1, 100'000);
    }
    const std::int64_t steps = random.log_between(1, 2000);
    Times expected = start;
    for (std::int64_t n = 0; n < steps; ++n) {
      apply(matrix, live, expected);
    }
    Times found = start;
    repeat_live(live, found, steps, [&](Times& times) { apply(matrix, live, times); });
    INFO("seed " << i << " steps " << steps);
    REQUIRE(found == expected);
  }
}

TEST_CASE("repeat() of no steps changes nothing") {
  Times times{3, 1, 4, 1, 5};
  repeat<Extent<kSize>>(times, 0, [](Times& t) { t.fill(0); });
  CHECK(times == Times{3, 1, 4, 1, 5});
}

TEST_CASE("repeat() moves times that follow from the last two steps along") {
  // [0], [1]: two queues; [2], [3]: what [0] and [1] were a step ago.
  for (std::int64_t i = 0; i < counted(5'000); ++i) {
    Random random(static_cast<std::uint64_t>(i));
    const std::int64_t a = random.between(1, 300);
    const std::int64_t b = a + random.between(-2, 2);
    const std::int64_t lag = random.between(0, 20);
    const auto step = [&](Times& t) {
      t[2] = t[0];
      t[3] = t[1];
      const std::int64_t end = t[1] + b;
      t[1] = std::max(end, t[0] - lag);
      t[0] = std::max(t[0] + a, end);
    };
    Times expected{random.between(0, 5000), random.between(0, 5000), 0, 0, 0};
    Times found = expected;
    const std::int64_t steps = random.log_between(2, 3000);
    for (std::int64_t n = 0; n < steps; ++n) {
      step(expected);
    }
    repeat<Extent<2, 4>>(found, steps, step);
    INFO("seed " << i << " steps " << steps);
    REQUIRE(found == expected);
  }
}

TEST_CASE("repeat() crosses a lag of a million cycles that closes by one a step in few steps") {
  // Two queues of 100 and 101 cycles; the second starts a million cycles behind and then leads.
  std::int64_t taken = 0;
  const auto step = [&taken](Times& t) {
    ++taken;
    t[1] += 101;
    t[0] = std::max(t[0] + 100, t[1]);
  };
  Times times{1'000'000, 0, 0, 0, 0};
  repeat<Extent<2>>(times, 3'000'000, step);
  CHECK(times[0] == 303'000'000);
  CHECK(times[1] == 303'000'000);
  CHECK(taken < 200);
}

}  // namespace
}  // namespace tilewright::test
