// Laws between machines: more of a resource never makes the optimum slower, and no optimum beats
// the work and the bytes there are.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>

#include "common/math.h"
#include "search/tune.h"
#include "test/support/counts.h"
#include "test/support/random_space.h"

namespace tilewright::test {
namespace {

constexpr std::uint64_t kSeed = 21'001;

Result latency_optimum(const SpaceCase& drawn) {
  TuneOptions options = drawn.options;
  options.objective = "latency";
  return tune(drawn.hardware, drawn.workload, drawn.schedule, options);
}

/// Two searches of one space; in the second, something is better or more is allowed.
struct Pair {
  SpaceCase before;
  SpaceCase after;
};

/// Checks on `cases` random spaces that the second search never finds a worse best latency, and
/// sometimes a better one. `improve` makes two equal searches differ; false leaves the space out.
void expect_no_slower(std::uint64_t salt, std::int64_t cases,
                      const std::function<bool(Random&, Pair&)>& improve) {
  std::int64_t faster = 0;
  for (std::int64_t i = 0; i < counted(cases); ++i) {
    const SpaceCase drawn = random_space(kSeed + salt * 1'000'000 + static_cast<std::uint64_t>(i));
    INFO(describe(drawn));
    Random random(drawn.seed);
    Pair pair{drawn, drawn};
    if (!improve(random, pair)) {
      continue;
    }
    const Result before = latency_optimum(pair.before);
    if (before.tiling) {
      const Result after = latency_optimum(pair.after);
      REQUIRE(after.tiling);
      REQUIRE(after.cost.cycles <= before.cost.cycles);
      faster += after.cost.cycles < before.cost.cycles ? 1 : 0;
    }
  }
  CHECK((!counts_are_full() || faster > 0));
}

TEST_CASE("more bandwidth never makes the optimum slower") {
  expect_no_slower(1, 400, [](Random& random, Pair& pair) {
    std::int64_t& bandwidth = pair.after.hardware.dram.bandwidth_bytes_per_s;
    bandwidth += bandwidth / random.between(1, 50);
    return true;
  });
}

TEST_CASE("more lanes at the same reduction latency never make the optimum slower") {
  expect_no_slower(2, 400, [](Random& random, Pair& pair) {
    pair.after.hardware.vector.lanes += random.between(1, 64);
    return true;
  });
}

TEST_CASE("more L1 never makes the optimum slower") {
  expect_no_slower(3, 400, [](Random& random, Pair& pair) {
    std::int64_t& capacity = pair.after.hardware.l1.capacity_bytes;
    capacity += random.log_between(1, capacity);
    return true;
  });
}

TEST_CASE("allowing a second buffer never makes the optimum slower") {
  expect_no_slower(4, 200, [](Random&, Pair& pair) {
    pair.before.options.pins["buffers"] = "1";
    pair.after.options.pins.erase("buffers");
    return find_schedule(pair.before.schedule)
               .searched(pair.before.options.variant)
               .buffers.front() == 1;
  });
}

TEST_CASE("allowing more look-ahead never makes the optimum slower") {
  expect_no_slower(5, 400, [](Random&, Pair& pair) {
    pair.before.options.pins["lookahead"] = "1";
    pair.after.options.pins.erase("lookahead");
    return pair.before.schedule == "mas";
  });
}

bool sees(const Workload& w, std::int64_t query, std::int64_t key) {
  const std::int64_t own = query + w.kv_len - w.q_len;
  return w.mask == Mask::kNone || (key <= own && (w.window == 0 || own - key < w.window));
}

/// Of one head: scores that its queries see, and keys that any of them sees.
std::int64_t scores_seen(const Workload& w) {
  std::int64_t count = 0;
  for (std::int64_t query = 0; query < w.q_len; ++query) {
    for (std::int64_t key = 0; key < w.kv_len; ++key) {
      count += sees(w, query, key) ? 1 : 0;
    }
  }
  return count;
}
std::int64_t keys_seen(const Workload& w) {
  std::int64_t count = 0;
  for (std::int64_t key = 0; key < w.kv_len; ++key) {
    bool seen = false;
    for (std::int64_t query = 0; query < w.q_len && !seen; ++query) {
      seen = sees(w, query, key);
    }
    count += seen ? 1 : 0;
  }
  return count;
}

TEST_CASE("no optimum is below the matrix work at peak or the bytes at full bandwidth") {
  std::int64_t near = 0;
  for (std::int64_t i = 0; i < counted(600); ++i) {
    const SpaceCase drawn = random_space(kSeed + 6'000'000 + static_cast<std::uint64_t>(i));
    INFO(describe(drawn));
    const Result best = latency_optimum(drawn);
    if (!best.tiling) {
      continue;
    }
    const Hardware& hw = drawn.hardware;
    const Workload& w = drawn.workload;
    const std::int64_t input = w.bytes.input;
    const Int128 scores = static_cast<Int128>(w.batch) * w.heads * scores_seen(w);
    const Int128 macs = scores * (w.qk_dim + w.v_dim);
    const Int128 queries = static_cast<Int128>(w.batch) * w.heads * w.q_len;
    const Int128 keys = static_cast<Int128>(w.batch) * w.kv_heads * keys_seen(w);
    const std::int64_t key_dims = w.v_in_k ? w.qk_dim : w.qk_dim + w.v_dim;
    Int128 reads =
        queries * w.qk_dim * input + keys * key_dims * w.bytes.kv + scores * w.bias_bytes;
    Int128 writes = queries * w.v_dim * input;
    if (drawn.schedule == "layerwise") {
      reads += scores * w.bytes.score;
      writes += scores * w.bytes.score;
    }
    if (drawn.schedule == "layerwise" || drawn.schedule == "softpipe") {
      reads += scores * input;
      writes += scores * input;
    }
    // A channel each has the whole bandwidth each.
    const Int128 bytes = hw.dram.shared_channel ? reads + writes : std::max(reads, writes);
    const Int128 layers = w.repeat;
    const Int128 cycles = best.cost.cycles - hw.launch_cycles;
    const Int128 peak =
        static_cast<Int128>(hw.cores) * hw.matrix.rows * hw.matrix.cols * hw.matrix.depth * kMilli;
    const std::int64_t pass = hw.matrix.pass_millicycles[input == 1 ? 0 : (input == 2 ? 1 : 2)];
    REQUIRE(cycles * peak >= layers * macs * pass);
    REQUIRE(cycles * hw.dram.bandwidth_bytes_per_s >= layers * bytes * hw.clock_hz);
    REQUIRE(best.cost.dram_read_bytes + best.cost.dram_write_bytes >= layers * (reads + writes));
    near += cycles * hw.dram.bandwidth_bytes_per_s < 2 * layers * bytes * hw.clock_hz ? 1 : 0;
  }
  CHECK((!counts_are_full() || near > 0));
}

}  // namespace
}  // namespace tilewright::test
