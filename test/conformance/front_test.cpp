// Fronts: the bounded search finds all of them, and they are what they claim.
#include <catch2/catch.hpp>

#include <array>
#include <cstdint>
#include <string>

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
    const FrontAxes axes = FrontAxes::parse(drawn.options.objective);
    const auto values = [&](const FrontEntry& entry) {
      return axes.values({entry.cost.cycles, entry.cost.energy_fj,
                          entry.cost.dram_read_bytes + entry.cost.dram_write_bytes,
                          entry.cost.l1_peak_bytes});
    };
    // Every point of the whole front is within the gap of one that was found.
    for (const FrontEntry& entry : whole.front) {
      std::vector<FrontPoint> found;
      for (const FrontEntry& point : limited.front) {
        found.push_back({values(point), {}, Objective::kLatency});
      }
      const std::vector<FrontValues> sought{values(entry)};
      REQUIRE(front_gap(found, sought) <= limited.gap + 1e-12);
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
