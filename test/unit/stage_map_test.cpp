// The closed forms of a stage equal the recurrence they solve, sub-tile by sub-tile.
#include "costmodel/stage_map.h"

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
  std::int64_t before = 0;  ///< the older slot's reader is done
  std::int64_t last = 0;    ///< the newer slot's
};

/// The two queues and the slots' readers while sub-tiles are worked on one by one.
class Plain {
 public:
  explicit Plain(const Start& start)
      : load_(start.load), matmul_(start.ready), before_(start.before), last_(start.last) {}

  /// load_t = max(load_{t-1}, release_{t-slots}) + L_t, end_t = max(end_{t-1}, load_t + latency) +
  /// C_t; `slots` 0: enough.
  void take(const SubTiles& tiles, std::int64_t slots) {
    for (std::int64_t n = 0; n < tiles.heads * tiles.sub_tiles; ++n) {
      const bool edge = n % tiles.sub_tiles == tiles.sub_tiles - 1;
      const std::int64_t slot = slots == 0 ? 0 : (slots == 1 ? last_ : before_);
      load_ = std::max(load_, slot) + (edge ? tiles.times.load_edge : tiles.times.load_full);
      matmul_ = std::max(matmul_, load_ + tiles.latency) +
                (edge ? tiles.times.matmul_edge : tiles.times.matmul_full);
      before_ = last_;
      last_ = matmul_;
    }
  }
  void release(std::int64_t time) { before_ = last_ = time; }

  std::int64_t load() const { return load_; }
  std::int64_t matmul() const { return matmul_; }
  std::int64_t before() const { return before_; }

 private:
  std::int64_t load_;
  std::int64_t matmul_;
  std::int64_t before_;
  std::int64_t last_;
};

SubTiles random_tiles(Random& random) {
  SubTiles tiles;
  const std::int64_t base = random.log_between(1, 3000);
  const auto near = [&] {
    return random.chance(50) ? base + random.between(0, 3) : random.log_between(1, 3000);
  };
  tiles.times = {near(), near(), near(), near(), 0};
  tiles.times.matmul_edge = std::min(tiles.times.matmul_edge, tiles.times.matmul_full);
  tiles.times.load_edge = std::min(tiles.times.load_edge, tiles.times.load_full);
  tiles.heads = random.log_between(1, 20);
  tiles.sub_tiles = random.log_between(1, 60);
  tiles.latency = random.chance(30) ? 0 : random.log_between(1, 5000);
  return tiles;
}

Start random_start(Random& random) {
  const auto time = [&] { return random.log_between(1, 15'000) - 1; };
  return {time(), time(), time(), time()};
}

template <typename Check>
void for_random_stages(const Check& check) {
  for (std::int64_t i = 0; i < counted(50'000); ++i) {
    Random random(static_cast<std::uint64_t>(i));
    const SubTiles tiles = random_tiles(random);
    const Start start = random_start(random);
    INFO("seed " << i << ": heads " << tiles.heads << ", sub-tiles " << tiles.sub_tiles
                 << ", matmuls " << tiles.times.matmul_full << " and " << tiles.times.matmul_edge
                 << ", loads " << tiles.times.load_full << " and " << tiles.times.load_edge
                 << ", latency " << tiles.latency << ", load " << start.load << ", ready "
                 << start.ready << ", before " << start.before << ", last " << start.last);
    check(random, tiles, start);
  }
}

TEST_CASE("resident_map() is the recurrence with a slot for every sub-tile") {
  for_random_stages([](Random&, const SubTiles& tiles, const Start& start) {
    Plain expected(start);
    expected.take(tiles, 0);
    const StageEnd found = resident_map(tiles).at({start.ready, start.load, 0});
    REQUIRE(found.load == expected.load());
    REQUIRE(found.matmul == expected.matmul());
  });
}

TEST_CASE("single_map() is the recurrence with one slot") {
  for_random_stages([](Random&, const SubTiles& tiles, const Start& start) {
    Plain expected(start);
    expected.take(tiles, 1);
    const StageEnd found = single_map(tiles).at({start.ready, std::max(start.load, start.last), 0});
    REQUIRE(found.load == expected.load());
    REQUIRE(found.matmul == expected.matmul());
  });
}

TEST_CASE("double_map() is the recurrence with two slots") {
  for_random_stages([](Random&, const SubTiles& tiles, const Start& start) {
    Plain expected(start);
    expected.take(tiles, 2);
    const StageEnd found =
        double_map(tiles, true).at({start.ready, std::max(start.load, start.before), start.last});
    REQUIRE(found.load == expected.load());
    REQUIRE(found.matmul == expected.matmul());
    REQUIRE(found.before == expected.before());
  });
}

TEST_CASE("overwritten_map() is what stays, then what is loaded again from the landing on") {
  for_random_stages([](Random& random, SubTiles tiles, const Start& start) {
    const std::int64_t stay = random.between(0, 20);
    const std::int64_t again = random.between(1, 20);
    const std::int64_t buffers = random.between(1, 2);
    const std::int64_t landing = start.last;
    const bool loads = random.chance(50);
    const std::int64_t stay_load = random.log_between(1, 3000);
    const std::int64_t full = tiles.times.matmul_full;
    Plain expected(start);
    if (loads) {
      expected.take({{full, full, stay_load, stay_load, 0}, 1, stay, tiles.latency}, 0);
    } else {
      const Start later{start.load, start.ready + stay * full, 0, 0};
      expected = Plain(later);
    }
    const std::int64_t stayed = expected.matmul();
    expected.release(landing);
    expected.take({tiles.times, 1, again, tiles.latency}, std::min(buffers, again));
    const StageTimes resident{0, 0, stay_load, stay_load, 0};
    const Overwritten how{stay, loads ? &resident : nullptr, again, buffers, kNever};
    const StageEnd found = overwritten_map(tiles, how).at({start.ready, start.load, landing});
    REQUIRE(found.load == expected.load());
    REQUIRE(found.matmul == expected.matmul());
    REQUIRE(found.before == stayed);
  });
}

}  // namespace
}  // namespace tilewright::test
