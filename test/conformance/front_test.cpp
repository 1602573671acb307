// Fronts: the bounded search finds all of them, and they are what they claim.
#include <catch2/catch.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "search/front.h"
#include "search/objectives.h"
#include "search/strategy.h"
#include "test/support/counts.h"
#include "test/support/random_space.h"

namespace tilewright::test {
namespace {

constexpr std::uint64_t kSeed = 17001;
constexpr std::array<const char*, 6> kObjectives{
    "pareto:latency,energy,l1", "pareto:latency,l1", "pareto:energy,l1",
    "pareto:latency,energy",    "pareto:edp,l1",     "pareto:latency,energy,traffic,l1"};

SpaceCase drawn_case(std::uint64_t seed) {
  SpaceCase drawn = random_space(seed);
  drawn.options.objective = kObjectives[seed % kObjectives.size()];
  return drawn;
}

Result run(const SpaceCase& drawn, const std::string& strategy, std::int64_t max_evals = 0) {
  TuneOptions options = drawn.options;
  options.strategy = strategy;
  options.max_evals = max_evals;
  return tune(drawn.hardware, drawn.workload, drawn.schedule, options);
}

void require_same_front(const Result& a, const Result& b) {
  REQUIRE(a.front.size() == b.front.size());
  for (std::size_t i = 0; i < a.front.size(); ++i) {
    REQUIRE(a.front[i].tiling == b.front[i].tiling);
    REQUIRE(a.front[i].cost == b.front[i].cost);
    REQUIRE(a.front[i].l0_objective == b.front[i].l0_objective);
    REQUIRE(a.front[i].knee == b.front[i].knee);
  }
  REQUIRE(a.tiling == b.tiling);
  REQUIRE(a.shortfall.has_value() == b.shortfall.has_value());
}

constexpr double kRounding = 1e-12;

/// How far below the front of `found` the farthest of `sought` lies: 0 if it lacks nothing.
double missed_by(const Result& found, const std::vector<FrontEntry>& sought) {
  const FrontAxes axes = FrontAxes::parse(found.objective);
  const auto values = [&](const FrontEntry& entry) {
    return axes.values({entry.cost.cycles, entry.cost.energy_fj,
                        entry.cost.dram_read_bytes + entry.cost.dram_write_bytes,
                        entry.cost.l1_peak_bytes});
  };
  std::vector<FrontPoint> points;
  for (const FrontEntry& entry : found.front) {
    points.push_back({values(entry), {}, Objective::kLatency});
  }
  std::vector<FrontValues> bounds;
  for (const FrontEntry& entry : sought) {
    bounds.push_back(values(entry));
  }
  return front_gap(points, bounds);
}

void check_course(const Result& result) {
  REQUIRE_FALSE(result.front_course.empty());
  FrontMoment before;
  for (const FrontMoment& moment : result.front_course) {
    REQUIRE(moment.evaluated >= before.evaluated);
    REQUIRE(moment.seconds >= before.seconds);
    REQUIRE(moment.gap >= 0);
    REQUIRE(moment.gap <= 1);
    before = moment;
  }
  REQUIRE(before.evaluated == result.search.evaluated);
  REQUIRE(before.seconds == result.search.seconds);
  REQUIRE(before.points == result.front.size());
  REQUIRE(before.gap == result.gap);
  REQUIRE(result.convergence.empty());
}

TEST_CASE("pruned finds the front that exhaustive finds, on small random spaces") {
  std::int64_t points = 0;
  const std::int64_t cases = counted(2000);
  for (std::int64_t i = 0; i < cases; ++i) {
    const SpaceCase drawn = drawn_case(kSeed + static_cast<std::uint64_t>(i));
    INFO(describe(drawn) << " " << drawn.options.objective);
    const Result pruned = run(drawn, "pruned");
    const Result exhaustive = run(drawn, "exhaustive");
    require_same_front(pruned, exhaustive);
    REQUIRE(pruned.proven);
    REQUIRE(exhaustive.proven);
    REQUIRE(pruned.gap == 0);
    REQUIRE(pruned.search.evaluated + pruned.search.pruned() == pruned.search.space);
    points += static_cast<std::int64_t>(pruned.front.size());
  }
  if (counts_are_full()) {
    CHECK(points > 3 * cases);
  }
}

TEST_CASE("the least of a front on each axis is the optimum of that objective") {
  for (std::int64_t i = 0; i < counted(100); ++i) {
    SpaceCase drawn = drawn_case(kSeed + 10'000 + static_cast<std::uint64_t>(i));
    drawn.options.objective = "pareto:latency,energy,traffic,l1";
    INFO(describe(drawn));
    const Result front = run(drawn, "pruned");
    for (const char* objective : {"latency", "energy", "traffic"}) {
      drawn.options.objective = objective;
      const Result best = run(drawn, "pruned");
      REQUIRE(best.tiling.has_value() == !front.front.empty());
      if (!best.tiling) {
        continue;
      }
      const auto figure = [&](const Cost& cost) {
        const std::string name = objective;
        return name == "latency"
                   ? Int128{cost.cycles}
                   : (name == "energy" ? cost.energy_fj
                                       : Int128{cost.dram_read_bytes + cost.dram_write_bytes});
      };
      Int128 least = figure(front.front.front().cost);
      for (const FrontEntry& entry : front.front) {
        least = std::min(least, figure(entry.cost));
      }
      REQUIRE(least == figure(best.cost));
    }
  }
}

TEST_CASE("a front is the same for any number of threads, and limits give a true gap") {
  for (std::int64_t i = 0; i < counted(60); ++i) {
    SpaceCase drawn = drawn_case(kSeed + 20'000 + static_cast<std::uint64_t>(i));
    INFO(describe(drawn) << " " << drawn.options.objective);
    drawn.options.threads = 1;
    const Result whole = run(drawn, "pruned");
    const Result limited = run(drawn, "pruned", 5);
    drawn.options.threads = 3;
    require_same_front(run(drawn, "pruned"), whole);
    require_same_front(run(drawn, "pruned", 5), limited);
    REQUIRE(limited.search.evaluated <= 5);
    REQUIRE(missed_by(limited, whole.front) <= limited.gap + kRounding);
  }
}

TEST_CASE("the record of a front has a true gap at every moment and ends with the result") {
  for (std::int64_t i = 0; i < counted(60); ++i) {
    SpaceCase drawn = drawn_case(kSeed + 40'000 + static_cast<std::uint64_t>(i));
    INFO(describe(drawn) << " " << drawn.options.objective);
    drawn.options.record_front = true;
    // Limits on evaluations make the search look at one box after the other.
    constexpr std::int64_t kNoLimit = std::int64_t{1} << 40;
    const Result whole = run(drawn, "pruned", kNoLimit);
    check_course(whole);
    for (const FrontMoment& moment : whole.front_course) {
      if (moment.evaluated == 0) {
        REQUIRE(moment.points == 0);
        continue;
      }
      const Result then = run(drawn, "pruned", static_cast<std::int64_t>(moment.evaluated));
      REQUIRE(then.front.size() == moment.points);
      REQUIRE(missed_by(then, whole.front) <= moment.gap + kRounding);
    }
    drawn.options.threads = 1;
    const Result alone = run(drawn, "pruned");
    drawn.options.threads = 3;
    const Result together = run(drawn, "pruned");
    check_course(together);
    REQUIRE(alone.front_course.size() == together.front_course.size());
    for (std::size_t m = 0; m < alone.front_course.size(); ++m) {
      REQUIRE(alone.front_course[m].evaluated == together.front_course[m].evaluated);
      REQUIRE(alone.front_course[m].points == together.front_course[m].points);
      REQUIRE(alone.front_course[m].gap == together.front_course[m].gap);
    }
    check_course(run(drawn, "exhaustive"));
    drawn.options.record_front = false;
    REQUIRE(run(drawn, "pruned").front_course.empty());
  }
}

TEST_CASE("a start changes no front that is proven") {
  for (std::int64_t i = 0; i < counted(200); ++i) {
    SpaceCase drawn = drawn_case(kSeed + 50'000 + static_cast<std::uint64_t>(i));
    INFO(describe(drawn) << " " << drawn.options.objective);
    Random random(drawn.seed);
    const Result cold = run(drawn, "pruned");
    std::vector<Tiling> starts{random_start(random)};
    if (!cold.front.empty()) {
      starts.push_back(cold.front.front().tiling);
      starts.push_back(*cold.tiling);
    }
    for (const Tiling& start : starts) {
      drawn.options.start = start;
      for (const char* strategy : {"pruned", "exhaustive"}) {
        INFO(strategy);
        const Result warm = run(drawn, strategy);
        require_same_front(warm, cold);
        REQUIRE(warm.proven);
        REQUIRE(warm.search.evaluated + warm.search.pruned() == warm.search.space);
        const bool known = &start != starts.data();
        REQUIRE((warm.start == StartUse::kAsGiven || !known));
      }
    }
  }
}

TEST_CASE("a front is nowhere behind its start, however early it is stopped") {
  for (std::int64_t i = 0; i < counted(60); ++i) {
    SpaceCase drawn = drawn_case(kSeed + 60'000 + static_cast<std::uint64_t>(i));
    INFO(describe(drawn) << " " << drawn.options.objective);
    const Result cold = run(drawn, "pruned");
    for (const FrontEntry& entry : cold.front) {
      drawn.options.start = entry.tiling;
      for (const char* strategy : {"pruned", "exhaustive"}) {
        const Result stopped = run(drawn, strategy, 1);
        REQUIRE(missed_by(stopped, std::vector{entry}) == 0);
        REQUIRE(stopped.search.evaluated <= 1);
      }
    }
  }
}

TEST_CASE("every point of a front costs what its tiling costs with its L0 tiles") {
  for (std::int64_t i = 0; i < counted(60); ++i) {
    SpaceCase drawn = drawn_case(kSeed + 30'000 + static_cast<std::uint64_t>(i));
    INFO(describe(drawn) << " " << drawn.options.objective);
    const Result front = run(drawn, "pruned");
    for (const FrontEntry& entry : front.front) {
      drawn.options.objective = entry.l0_objective;
      drawn.options.pins = factors_of(entry.tiling);
      Result alone = run(drawn, "exhaustive");
      REQUIRE(alone.tiling == entry.tiling);
      alone.cost.overlap_cycles = entry.knee ? alone.cost.overlap_cycles : 0;
      REQUIRE(alone.cost == entry.cost);
    }
  }
}

}  // namespace
}  // namespace tilewright::test
