#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "common/error.h"
#include "search/front.h"
#include "search/random.h"

namespace tilewright {
namespace {

FrontPoint point(const FrontAxes& axes, std::int64_t cycles, Int128 energy_fj,
                 std::int64_t peak = 64, std::int64_t q_rows = 1) {
  Candidate candidate;
  candidate.tiling.q_rows = q_rows;
  candidate.figures = {cycles, energy_fj, 0, peak};
  return {axes.values(candidate.figures), candidate, Objective::kLatency};
}

TEST_CASE("a front's objective names two or more different axes") {
  const FrontAxes axes = FrontAxes::parse("pareto:l1,latency");
  CHECK(axes.has(FrontAxis::kL1));
  CHECK(axes.has(FrontAxis::kLatency));
  CHECK_FALSE(axes.has(FrontAxis::kEnergy));
  CHECK(is_front("pareto:l1,latency"));
  CHECK(is_front("pareto"));
  CHECK_FALSE(is_front("latency"));
  CHECK_FALSE(is_front("paretolatency"));
  for (const char* wrong : {"pareto", "pareto:", "pareto:latency", "pareto:latency,latency",
                            "pareto:latency,speed", "pareto:latency,,l1"}) {
    INFO(wrong);
    CHECK_THROWS_AS(FrontAxes::parse(wrong), InputError);
  }
  CHECK_THROWS_WITH(FrontAxes::parse("pareto:latency,energi"),
                    Catch::Contains("'energi'") && Catch::Contains("energy"));
}

TEST_CASE("only axes that were asked for have values") {
  const Figures figures{7, 11, 13, 17};
  const FrontValues values = FrontAxes::parse("pareto:edp,traffic").values(figures);
  CHECK(values[0] == Wide{});
  CHECK(values[1] == Wide{});
  CHECK(values[2].to_double() == 77);
  CHECK(values[3].to_double() == 13);
  CHECK(values[4] == Wide{});
}

TEST_CASE("a front keeps what nothing covers, whatever the order it comes in") {
  const FrontAxes axes = FrontAxes::parse("pareto:latency,energy");
  std::vector<FrontPoint> points{point(axes, 5, 5), point(axes, 9, 1), point(axes, 1, 9),
                                 point(axes, 5, 6), point(axes, 9, 2), point(axes, 6, 5)};
  for (int turn = 0; turn < 6; ++turn) {
    std::rotate(points.begin(), points.begin() + 1, points.end());
    Front front;
    for (const FrontPoint& p : points) front.offer(p);
    REQUIRE(front.points().size() == 3);
    CHECK(front.points()[0].candidate.figures.cycles == 1);
    CHECK(front.points()[1].candidate.figures.energy_fj == 5);
    CHECK(front.points()[2].candidate.figures.cycles == 9);
  }
}

TEST_CASE("of equal points the first by (cycles, energy, peak L1, factors) stays") {
  const FrontAxes axes = FrontAxes::parse("pareto:latency,l1");
  for (const bool reversed : {false, true}) {
    std::vector<FrontPoint> points{point(axes, 5, 7, 64, 2), point(axes, 5, 6, 64, 9),
                                   point(axes, 5, 6, 64, 4)};
    if (reversed) std::reverse(points.begin(), points.end());
    Front front;
    for (const FrontPoint& p : points) front.offer(p);
    REQUIRE(front.points().size() == 1);
    CHECK(front.points()[0].candidate.tiling.q_rows == 4);
  }
}

TEST_CASE("random fronts equal those of comparing all with all") {
  const FrontAxes axes = FrontAxes::parse("pareto:latency,energy,l1");
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    INFO("seed " << seed);
    Random random(seed);
    std::vector<FrontPoint> points;
    Front front;
    for (std::int64_t i = 0; i < random.between(1, 60); ++i) {
      points.push_back(point(axes, random.between(1, 6), random.between(1, 6), random.between(1, 6),
                             random.between(1, 9)));
      front.offer(points.back());
    }
    std::size_t kept = 0;
    for (const FrontPoint& p : points) {
      const bool beaten = std::any_of(points.begin(), points.end(), [&](const FrontPoint& other) {
        return covers(other.values, p.values) && other.values != p.values;
      });
      const bool present =
          std::any_of(front.points().begin(), front.points().end(),
                      [&](const FrontPoint& other) { return other.values == p.values; });
      REQUIRE(present == !beaten);
      // A box that can hold nothing better than `p` is excluded once `p` is covered.
      REQUIRE((!beaten || front.standing(p.values, p.candidate.figures, p.candidate.tiling) !=
                              Standing::kOpen));
      kept += present ? 1 : 0;
    }
    REQUIRE(kept >= front.points().size());
  }
}

TEST_CASE("a box whose bound equals a point stays open if its candidates may rank before it") {
  const FrontAxes axes = FrontAxes::parse("pareto:latency,l1");
  Front front;
  front.offer(point(axes, 5, 10, 64, 4));
  const FrontValues values = front.points()[0].values;
  Tiling low;
  low.q_rows = 9;
  CHECK(front.standing(values, {5, 9, 0, 64}, low) == Standing::kOpen);  // perhaps less energy
  CHECK(front.standing(values, {5, 11, 0, 64}, low) == Standing::kBehind);
  CHECK(front.standing(values, {5, 10, 0, 64}, low) == Standing::kTied);  // later factors
  low.q_rows = 1;
  CHECK(front.standing(values, {5, 10, 0, 64}, low) == Standing::kOpen);
}

TEST_CASE("the knee is farthest below the line between the extremes, on log axes") {
  const FrontAxes axes = FrontAxes::parse("pareto:latency,energy");
  // On log axes 1..100 the line runs from (0, 1) to (1, 0); (2, 5) lies farther below than (30, 2).
  Front front;
  for (const FrontPoint& p : {point(axes, 1, 100), point(axes, 2, 5), point(axes, 30, 2),
                              point(axes, 100, 1), point(axes, 50, 1)}) {
    front.offer(p);
  }
  const auto knee = knee_of(axes, front.points());
  REQUIRE(knee);
  CHECK(front.points()[*knee].candidate.figures.cycles == 2);
  CHECK_FALSE(knee_of(axes, {}));
  Front one;
  one.offer(point(axes, 3, 3));
  CHECK(knee_of(axes, one.points()) == 0U);
}

TEST_CASE("the gap of a front says how far below it an open box may lie") {
  const FrontAxes axes = FrontAxes::parse("pareto:latency,energy");
  Front front;
  front.offer(point(axes, 100, 200));
  front.offer(point(axes, 200, 100));
  const auto values = [&](std::int64_t cycles, Int128 energy) {
    return axes.values({cycles, energy, 0, 0});
  };
  const std::vector<FrontValues> covered{values(100, 200)};
  CHECK(front_gap(front.points(), covered) == 0);
  const std::vector<FrontValues> open{values(90, 190), values(150, 60)};
  CHECK(front_gap(front.points(), open) == Approx(0.4));
  CHECK(front_gap({}, open) == 1);
  CHECK(front_gap(front.points(), {}) == 0);
}

}  // namespace
}  // namespace tilewright
