// The closed forms of a run of sub-tiles equal the recurrence they solve, sub-tile by sub-tile.
#include "costmodel/stream.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>

#include "search/random.h"
#include "test/support/counts.h"

namespace tilewright::test {
namespace {

struct Start {
  std::int64_t load = 0;
  std::int64_t ready = 0;
  std::int64_t penultimate = 0;
  std::int64_t last = 0;
};

/// load_t = max(load_{t-1}, release_{t-slots}) + L_t, end_t = max(end_{t-1}, load_t + latency) +
/// C_t.
StreamEnd plain(const Run& run, const Start& start, std::int64_t slots) {
  StreamEnd end{start.load, start.ready, start.penultimate};
  std::int64_t before = start.penultimate;
  std::int64_t last = start.last;
  for (std::int64_t n = 0; n < run.heads * run.sub_tiles; ++n) {
    const bool edge = n % run.sub_tiles == run.sub_tiles - 1;
    const std::int64_t slot = slots == 0 ? 0 : (slots == 1 ? last : before);
    end.load = std::max(end.load, slot) + (edge ? run.times.load_edge : run.times.load_full);
    end.matmul = std::max(end.matmul, end.load + run.latency) +
                 (edge ? run.times.matmul_edge : run.times.matmul_full);
    before = last;
    last = end.matmul;
  }
  end.penultimate = before;
  return end;
}

Run random_run(Random& random) {
  Run run;
  const std::int64_t base = random.log_between(1, 3000);
  const auto near = [&] {
    return random.chance(50) ? base + random.between(0, 3) : random.log_between(1, 3000);
  };
  run.times = {near(), near(), near(), near()};
  run.times.matmul_edge = std::min(run.times.matmul_edge, run.times.matmul_full);
  run.times.load_edge = std::min(run.times.load_edge, run.times.load_full);
  run.heads = random.log_between(1, 20);
  run.sub_tiles = random.log_between(1, 60);
  run.latency = random.chance(30) ? 0 : random.log_between(1, 5000);
  return run;
}

/// A start as the pipeline has it: slots' readers ended before the matrix queue is free.
Start random_start(Random& random) {
  Start start;
  start.penultimate = random.log_between(1, 5000) - 1;
  start.last = start.penultimate + random.log_between(1, 5000) - 1;
  start.ready = start.last + random.log_between(1, 5000) - 1;
  start.load = random.log_between(1, 15'000) - 1;
  return start;
}

template <typename Check>
void for_random_runs(const Check& check) {
  for (std::int64_t i = 0; i < counted(50'000); ++i) {
    Random random(static_cast<std::uint64_t>(i));
    const Run run = random_run(random);
    const Start start = random_start(random);
    INFO("seed " << i);
    check(run, start);
  }
}

TEST_CASE("stream_free is the recurrence with a slot for every sub-tile") {
  for_random_runs([](const Run& run, const Start& start) {
    const StreamEnd expected = plain(run, start, 0);
    const StreamEnd found = stream_free(run, start.load, start.ready);
    REQUIRE(found.load == expected.load);
    REQUIRE(found.matmul == expected.matmul);
  });
}

TEST_CASE("stream_single is the recurrence with one slot") {
  for_random_runs([](const Run& run, const Start& start) {
    const StreamEnd expected = plain(run, start, 1);
    const StreamEnd found = stream_single(run, std::max(start.load, start.last), start.ready);
    REQUIRE(found.load == expected.load);
    REQUIRE(found.matmul == expected.matmul);
  });
}

TEST_CASE("stream_double is the recurrence with two slots") {
  for_random_runs([](const Run& run, const Start& start) {
    const StreamEnd expected = plain(run, start, 2);
    const StreamEnd found =
        stream_double(run, start.load, start.ready, start.penultimate, start.last);
    REQUIRE(found.load == expected.load);
    REQUIRE(found.matmul == expected.matmul);
    REQUIRE(found.penultimate == expected.penultimate);
  });
}

}  // namespace
}  // namespace tilewright::test
