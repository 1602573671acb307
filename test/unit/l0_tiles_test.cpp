// The L0 tier: its Pareto sets equal brute force, its choice is the best for the objective, and it
// matters.
#include "costmodel/l0_tiles.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "costmodel/evaluator.h"
#include "hw_profiles/hardware_yaml.h"
#include "search/tune.h"
#include "test/support/counts.h"
#include "test/support/random_case.h"

namespace tilewright::test {
namespace {

constexpr std::array kObjectives{Objective::kLatency, Objective::kEnergy, Objective::kEdp,
                                 Objective::kTraffic};

/// Every L0 tile that fits, one of each (cycles, L1 bytes).
std::vector<TileCost> all_tiles(const L0Tiles& tiles, const MatmulTile& matmul) {
  std::map<std::pair<std::int64_t, std::int64_t>, TileCost> all;
  for (std::int64_t m = 1; m <= matmul.m; ++m) {
    for (std::int64_t n = 1; n <= matmul.n; ++n) {
      for (std::int64_t k = 1; k <= matmul.k; ++k) {
        if (const auto cost = tiles.cost(matmul, {m, n, k})) {
          all.emplace(std::pair(cost->cycles, cost->l1_bytes), *cost);
        }
      }
    }
  }
  std::vector<TileCost> costs;
  for (const auto& [figures, cost] : all) {
    costs.push_back(cost);
  }
  return costs;
}

using Point = std::pair<std::int64_t, std::int64_t>;  // cycles, L1 bytes

std::set<Point> undominated(const std::vector<TileCost>& all) {
  std::set<Point> points;
  for (const TileCost& a : all) {
    const bool beaten = std::any_of(all.begin(), all.end(), [&](const TileCost& b) {
      return b.cycles <= a.cycles && b.l1_bytes <= a.l1_bytes &&
             (b.cycles < a.cycles || b.l1_bytes < a.l1_bytes);
    });
    if (!beaten) {
      points.emplace(a.cycles, a.l1_bytes);
    }
  }
  return points;
}

Workload tiny_workload(Random& random) {
  Workload workload = random_workload(random);
  workload.q_len = random.between(1, 8);
  workload.kv_len = random.between(1, 8);
  workload.qk_dim = random.between(1, 12);
  workload.v_dim = random.between(1, 12);
  keep_valid(workload);
  return workload;
}

/// A machine whose L0 holds a few array tiles.
Hardware scarce_l0(Random& random, std::int64_t input_bytes) {
  Hardware hw = random_hardware(random);
  make_l0_scarce(random, input_bytes, hw);
  return hw;
}

TEST_CASE("the Pareto set of L0 tiles equals brute force over all tiles") {
  std::int64_t several = 0;
  for (std::int64_t i = 0; i < counted(1000); ++i) {
    Random random(static_cast<std::uint64_t>(i));
    const Workload workload = tiny_workload(random);
    const Hardware hw = scarce_l0(random, workload.bytes.input);
    const Shape shape = shape_of(workload);
    L0Tiles tiles(hw, shape);
    const MatmulTile matmul =
        matmul_tile(shape, random.chance(50) ? MatmulKind::kQK : MatmulKind::kPV,
                    random.between(1, 14), random.between(1, 14));
    const std::vector<TileCost> pareto = tiles.pareto(matmul);
    std::set<Point> found;
    for (const TileCost& point : pareto) {
      found.emplace(point.cycles, point.l1_bytes);
    }
    INFO("seed " << i);
    REQUIRE(found.size() == pareto.size());
    const auto all = all_tiles(tiles, matmul);
    REQUIRE(found == undominated(all));
    const TileCost least = tiles.least(matmul);
    for (const TileCost& tile : all) {
      REQUIRE(least.cycles <= tile.cycles);
      REQUIRE(least.l1_bytes <= tile.l1_bytes);
    }
    several += pareto.size() > 1 ? 1 : 0;
  }
  CHECK((!counts_are_full() || several > 100));
}

TEST_CASE("evaluate() takes the L0 tiles that brute force over both matmuls finds best") {
  std::int64_t mattered = 0;
  for (std::int64_t i = 0; i < counted(400); ++i) {
    Random random(static_cast<std::uint64_t>(i) + 50'000);
    Workload workload = tiny_workload(random);
    Hardware hw = scarce_l0(random, workload.bytes.input);
    const Schedule& schedule = *pick(random, all_schedules());
    keep_runnable(schedule, schedule.variants().front(), workload);
    const auto tiling =
        random_tiling(random, schedule, "", shape_of(workload), {hw.cores, hw.l1.shared});
    if (!tiling) {
      continue;
    }
    keep_on_array(workload, *tiling, hw);
    Problem problem = make_problem(hw, workload, schedule, "");
    const Objective objective = pick(random, kObjectives);
    INFO("seed " << i << " " << describe(hw, workload, *tiling));
    Evaluator evaluator(problem);
    const auto chosen = evaluator.evaluate(*tiling, objective);
    REQUIRE(chosen);
    L0Tiles tiles(hw, problem.shape);
    const auto options = [&](MatmulKind kind) {
      return all_tiles(tiles, matmul_tile(problem.shape, kind, tiling->q_rows, tiling->kv_cols));
    };
    std::optional<RankKey> best;
    std::set<Wide> values;
    for (const TileCost& qk : options(MatmulKind::kQK)) {
      for (const TileCost& pv : options(MatmulKind::kPV)) {
        problem.pinned_qk = qk.tile;
        problem.pinned_pv = pv.tile;
        const auto pinned = evaluator.evaluate(*tiling, objective);
        REQUIRE(pinned);
        const RankKey key = rank_key(objective, pinned->figures);
        best = best ? std::min(*best, key) : key;
        values.insert(key.objective);
      }
    }
    REQUIRE(best);
    const RankKey key = rank_key(objective, chosen->figures);
    INFO("objective " << static_cast<int>(objective) << ": chosen " << key.objective.to_double()
                      << " in " << key.cycles << " cycles, best " << best->objective.to_double()
                      << " in " << best->cycles << "; energy " << static_cast<double>(key.energy_fj)
                      << " and " << static_cast<double>(best->energy_fj));
    REQUIRE(key.objective == best->objective);
    REQUIRE(key.cycles == best->cycles);
    // For latency and traffic the fastest L0 tile is taken, even where a slower one would hide.
    if (objective == Objective::kEnergy || objective == Objective::kEdp) {
      REQUIRE(key == *best);
    }
    mattered += values.size() > 1 ? 1 : 0;
  }
  CHECK((!counts_are_full() || mattered > 50));
}

/// Two machines that differ in nothing but L0.
struct TwoMachines {
  Hardware roomy = load_hardware("mas-edge");
  Hardware tight = roomy;
  Workload workload;
};

TwoMachines two_machines() {
  TwoMachines two;
  two.tight.l0.left_bytes = 2 * 1024;
  two.tight.l0.right_bytes = 2 * 1024;
  two.tight.l0.accumulator_bytes = 4 * 1024;
  two.workload.name = "one-layer";
  two.workload.heads = 8;
  two.workload.kv_heads = 8;
  two.workload.q_len = 256;
  two.workload.kv_len = 256;
  two.workload.qk_dim = 64;
  two.workload.v_dim = 64;
  return two;
}

TEST_CASE("a smaller L0 changes the best L0 tile and with it the best L1 tiling") {
  const TwoMachines two = two_machines();
  const Result roomy = tune(two.roomy, two.workload, "mas", {});
  const Result tight = tune(two.tight, two.workload, "mas", {});
  REQUIRE(roomy.tiling);
  REQUIRE(tight.tiling);
  CHECK(tight.tiling->l0_qk != roomy.tiling->l0_qk);
  CHECK(tight.tiling->l0_pv != roomy.tiling->l0_pv);
  CHECK(std::pair(tight.tiling->q_rows, tight.tiling->kv_cols) !=
        std::pair(roomy.tiling->q_rows, roomy.tiling->kv_cols));
  CHECK(tight.cost.cycles > roomy.cost.cycles);
  // Each L1 tiling is worse on the other machine: the tiers are chosen together.
  TuneOptions options;
  options.pins = factors_of(*roomy.tiling);
  options.pins.erase("l0.qk");
  options.pins.erase("l0.pv");
  const Result moved = tune(two.tight, two.workload, "mas", options);
  REQUIRE(moved.tiling);
  CHECK(moved.cost.cycles > tight.cost.cycles);
}

}  // namespace
}  // namespace tilewright::test
