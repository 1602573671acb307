// The design space: what it counts, what pins do to it, and where its edge is in L1.
#include "search/space.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>

#include "common/error.h"
#include "hw_profiles/hardware_yaml.h"
#include "schedules/workload_yaml.h"
#include "search/tune.h"
#include "test/support/counts.h"
#include "test/support/random_space.h"

namespace tilewright::test {
namespace {

struct Fixture {
  Hardware hardware = load_hardware("mas-edge");
  Workload workload = load_suite("vit-b-16").workloads.at(0);

  DesignSpace space(const char* schedule, const char* variant, TileSizes sizes,
                    const Pins& pins = {}) const {
    Problem problem = make_problem(hardware, workload, find_schedule(schedule), variant);
    return make_space(problem, variant, sizes, pins);
  }
};

TEST_CASE("a space is the product of its axes and its modes") {
  const Fixture f;
  // 12 heads, 196 query rows, 196 columns; resident or not, buffers, two ways to split.
  CHECK(f.space("flat", "serial", TileSizes::kAll).size() == 12 * 196 * 196 * 2 * 1 * 2);
  CHECK(f.space("flat", "", TileSizes::kAll).size() == 12 * 196 * 196 * 2 * 2 * 2);
  // 6 divisors of 12, 9 of 196.
  CHECK(f.space("flat", "", TileSizes::kDivisors).size() == 6 * 9 * 9 * 8);
  // 1, 2, 4, 8, 12 and 1 .. 128, 196.
  CHECK(f.space("flat", "", TileSizes::kPow2).size() == 5 * 9 * 9 * 8);
}

TEST_CASE("overwrite counts only with resident K/V and a look-ahead of one") {
  const Fixture f;
  const std::int64_t tiles = 12 * 196 * 196;
  // resident x buffers x look-ahead x split, and two overwrites x buffers x split.
  CHECK(f.space("mas", "", TileSizes::kAll).size() == tiles * (2 * 2 * 3 * 2 + 2 * 2 * 2));
}

TEST_CASE("one core leaves nothing to split") {
  Fixture f;
  f.hardware.cores = 1;
  CHECK(f.space("flat", "", TileSizes::kAll).size() == 12 * 196 * 196 * 2 * 2);
}

TEST_CASE("a pin leaves one value, divisor or not") {
  const Fixture f;
  const Pins pins{{"q_rows", "7"}, {"buffers", "2"}};
  const DesignSpace space = f.space("flat", "", TileSizes::kDivisors, pins);
  CHECK(space.size() == 6 * 1 * 9 * 2 * 1 * 2);
  CHECK(space.axes[1].value(0) == 7);
  CHECK_FALSE(space.axes[1].contains(14));
}

TEST_CASE("an axis finds the first value that is not below another") {
  const Axis divisors(12, TileSizes::kDivisors);
  CHECK(divisors.size() == 6);
  CHECK(divisors.value(divisors.first_not_below(5)) == 6);
  CHECK(divisors.first_not_below(13) == divisors.size());
  const Axis all(12, TileSizes::kAll);
  CHECK(all.first_not_below(5) == 4);
  CHECK(all.contains(12));
  CHECK_FALSE(all.contains(13));
  CHECK_FALSE(all.contains(0));
}

TEST_CASE("factors are read as they are written") {
  const Pins pins = parse_factors("q_rows=64,kv_cols=128,l0.qk=16x16x64");
  CHECK(pins.size() == 3);
  CHECK(pins.at("l0.qk") == "16x16x64");
  Tiling tiling;
  tiling.q_rows = 64;
  tiling.kv_resident = true;
  tiling.overwrite = Overwrite::kValue;
  tiling.core_split = CoreSplit::kQuery;
  tiling.l0_pv = {1, 2, 3};
  const Pins factors = factors_of(tiling);
  CHECK(factors.at("q_rows") == "64");
  CHECK(factors.at("kv_resident") == "true");
  CHECK(factors.at("overwrite") == "v");
  CHECK(factors.at("core_split") == "q");
  CHECK(factors.at("l0.pv") == "1x2x3");
  CHECK(factors.count("l0.qk") == 0);
}

TEST_CASE("malformed factors are refused by name") {
  for (const char* text : {"", "q_rows", "q_rows=", "=4", "q_rows=4,", "q_rows=4,q_rows=5"}) {
    INFO(text);
    CHECK_THROWS_AS(parse_factors(text), InputError);
  }
  CHECK_THROWS_WITH(parse_factors("q_row=4"), Catch::Contains("q_rows"));
}

TEST_CASE("pins out of range are refused by name") {
  const Fixture f;
  for (const auto& [name, value] : Pins{{"q_rows", "197"},
                                        {"heads", "0"},
                                        {"kv_cols", "-1"},
                                        {"buffers", "3"},
                                        {"kv_resident", "yes"},
                                        {"lookahead", "1"},
                                        {"core_split", "kv"},
                                        {"l0.qk", "16x16"}}) {
    INFO(name);
    CHECK_THROWS_WITH(f.space("flat", "", TileSizes::kAll, {{name, value}}),
                      Catch::Contains(name) && Catch::Contains(value));
  }
}

TEST_CASE("a candidate fits at the limit of L1 and fails one byte above") {
  std::int64_t checked = 0;
  for (std::int64_t i = 0; i < counted(200); ++i) {
    SpaceCase drawn = random_space(77'000 + static_cast<std::uint64_t>(i));
    drawn.hardware.l1.capacity_bytes = std::int64_t{1} << 40;
    drawn.options.pins.clear();
    INFO(describe(drawn));
    const Result ample = tune(drawn.hardware, drawn.workload, drawn.schedule, drawn.options);
    REQUIRE(ample.tiling);
    drawn.options.pins = factors_of(*ample.tiling);
    drawn.hardware.l1.capacity_bytes = ample.cost.l1_peak_bytes;
    const Result at_limit = tune(drawn.hardware, drawn.workload, drawn.schedule, drawn.options);
    REQUIRE(at_limit.tiling == ample.tiling);
    REQUIRE(at_limit.cost == ample.cost);
    --drawn.hardware.l1.capacity_bytes;
    const Result above = tune(drawn.hardware, drawn.workload, drawn.schedule, drawn.options);
    REQUIRE_FALSE(above.tiling);
    REQUIRE(above.proven);
    REQUIRE(above.shortfall);
    REQUIRE(above.shortfall->level == "L1");
    REQUIRE(above.shortfall->need_bytes == above.shortfall->have_bytes + 1);
    REQUIRE(above.shortfall->largest_slot_bytes > 0);
    ++checked;
  }
  CHECK(checked == counted(200));
}

/// The least footprint of all candidates: larger tiles may need less, because fewer cores take
/// part.
std::int64_t least_footprint(const SpaceCase& drawn) {
  Problem problem = make_problem(drawn.hardware, drawn.workload, find_schedule(drawn.schedule),
                                 drawn.options.variant);
  const DesignSpace space =
      make_space(problem, drawn.options.variant, drawn.options.tile_sizes, {});
  const Evaluator evaluator(problem);
  std::int64_t least = std::numeric_limits<std::int64_t>::max();
  for (const Mode& mode : space.modes) {
    for (std::int64_t h = 0; h < space.axes[0].size(); ++h) {
      for (std::int64_t m = 0; m < space.axes[1].size(); ++m) {
        for (std::int64_t n = 0; n < space.axes[2].size(); ++n) {
          const Tiling tiling = tiling_of(mode, space.axes[0].value(h), space.axes[1].value(m),
                                          space.axes[2].value(n));
          if (is_legal(problem.shape, tiling)) {
            least = std::min(least, evaluator.peak_footprint(tiling).bytes);
          }
        }
      }
    }
  }
  return least;
}

TEST_CASE("where nothing fits, the smallest candidate's shortfall is given") {
  for (std::int64_t i = 0; i < counted(100); ++i) {
    SpaceCase drawn = random_space(88'000 + static_cast<std::uint64_t>(i));
    drawn.options.pins.clear();
    const std::int64_t least = least_footprint(drawn);
    INFO(describe(drawn));
    drawn.hardware.l1.capacity_bytes = least;
    REQUIRE(tune(drawn.hardware, drawn.workload, drawn.schedule, drawn.options).tiling);
    --drawn.hardware.l1.capacity_bytes;
    const Result result = tune(drawn.hardware, drawn.workload, drawn.schedule, drawn.options);
    REQUIRE_FALSE(result.tiling);
    REQUIRE(result.shortfall);
    REQUIRE(result.shortfall->need_bytes == least);
  }
}

}  // namespace
}  // namespace tilewright::test
