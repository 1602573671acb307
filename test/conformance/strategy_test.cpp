// What every strategy promises: exact ones equal brute force, all keep to their budget.
#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "hw_profiles/hardware_yaml.h"
#include "schedules/schedule.h"
#include "schedules/workload_yaml.h"
#include "search/objectives.h"
#include "search/strategy.h"
#include "test/support/counts.h"
#include "test/support/random_case.h"
#include "test/support/random_space.h"

namespace tilewright::test {
namespace {

constexpr std::uint64_t kSeed = 11001;

Result run(const SpaceCase& drawn, const std::string& strategy) {
  TuneOptions options = drawn.options;
  options.strategy = strategy;
  return tune(drawn.hardware, drawn.workload, drawn.schedule, options);
}

void require_same_answer(const Result& a, const Result& b) {
  REQUIRE(a.tiling == b.tiling);
  REQUIRE(a.cost == b.cost);
  REQUIRE(a.search.space == b.search.space);
  REQUIRE(a.shortfall.has_value() == b.shortfall.has_value());
}

/// True if the case has an answer.
bool check_exact(const SpaceCase& drawn) {
  INFO(describe(drawn));
  const Result exhaustive = run(drawn, "exhaustive");
  const Result pruned = run(drawn, "pruned");
  require_same_answer(pruned, exhaustive);
  REQUIRE(exhaustive.proven);
  REQUIRE(pruned.proven);
  REQUIRE(pruned.search.evaluated + pruned.search.pruned() == pruned.search.space);
  REQUIRE(exhaustive.search.evaluated + exhaustive.search.pruned() == exhaustive.search.space);
  REQUIRE(pruned.gap == 0.0);
  return pruned.tiling.has_value();
}

TEST_CASE("pruned returns what exhaustive returns, on small random spaces for every objective") {
  std::int64_t answered = 0;
  std::map<std::string, std::int64_t> programs;
  const std::int64_t cases = counted(2000);
  for (std::int64_t i = 0; i < cases; ++i) {
    SpaceCase drawn = random_space(kSeed + static_cast<std::uint64_t>(i));
    for (const ObjectiveName& objective : all_objectives()) {
      drawn.options.objective = objective.name;
      answered += check_exact(drawn) ? 1 : 0;
    }
    ++programs[drawn.schedule + " " + drawn.options.variant];
  }
  if (counts_are_full()) {
    const auto searches = cases * static_cast<std::int64_t>(all_objectives().size());
    CHECK(answered > searches * 8 / 10);
    CHECK(answered < searches);
    for (const Schedule* schedule : all_schedules()) {
      for (const std::string_view variant : schedule->variants()) {
        CHECK(programs[std::string(schedule->name()) + " " + std::string(variant)] > 50);
      }
    }
  }
}

TEST_CASE("pruned returns what exhaustive returns, of V in K under a mask") {
  constexpr std::array<const char*, 4> kSchedules{"flash2", "flash3", "tileflow", "fusemax"};
  std::int64_t answered = 0;
  for (std::int64_t i = 0; i < counted(400); ++i) {
    SpaceCase drawn = random_space(kSeed + 70'000 + static_cast<std::uint64_t>(i));
    Random random(static_cast<std::uint64_t>(i));
    drawn.schedule = kSchedules[static_cast<std::size_t>(random.between(0, 3))];
    drawn.options.variant.clear();
    drawn.options.pins.clear();
    drawn.options.tile_sizes = TileSizes::kPow2;
    Workload& w = drawn.workload;
    w.v_in_k = true;
    w.v_dim = std::min(w.v_dim, w.qk_dim);
    w.bias_bytes = 0;
    w.mask = Mask::kCausal;
    w.kv_len = std::max(w.kv_len, w.q_len);
    w.window = random.chance(50) ? random.between(1, w.kv_len) : 0;
    if (!refusal(find_schedule(drawn.schedule), w, "")) {
      answered += check_exact(drawn) ? 1 : 0;
    }
  }
  if (counts_are_full()) {
    CHECK(answered > 200);
  }
}

TEST_CASE("a slot of K in V's place holds all pairs of a step, whose latency passes once") {
  SpaceCase drawn;
  drawn.hardware = load_hardware("mas-edge");
  drawn.schedule = "flash2";
  drawn.options.objective = "latency";
  Workload& w = drawn.workload;
  w.name = "latent";
  w.heads = 6;
  w.kv_heads = 2;
  w.q_len = 11;
  w.kv_len = 16;
  w.qk_dim = 8;
  w.v_dim = 3;
  w.v_in_k = true;
  w.mask = Mask::kCausal;
  w.window = 3;
  drawn.options.pins = {{"heads", "2"},
                        {"q_rows", "2"},
                        {"kv_resident", "false"},
                        {"buffers", "1"},
                        {"core_split", "heads"}};
  for (const std::int64_t latency : {0, 100, 5000}) {
    drawn.hardware.dram.latency_cycles = latency;
    CHECK(check_exact(drawn));
  }
}

TEST_CASE("the optimum ranks first by (objective, cycles, energy, peak L1, factors)") {
  for (std::int64_t i = 0; i < counted(150); ++i) {
    const SpaceCase drawn = random_space(kSeed + 50'000 + static_cast<std::uint64_t>(i));
    INFO(describe(drawn));
    const Result best = run(drawn, "pruned");
    Problem problem = make_problem(drawn.hardware, drawn.workload, find_schedule(drawn.schedule),
                                   drawn.options.variant);
    const DesignSpace space =
        make_space(problem, drawn.options.variant, drawn.options.tile_sizes, drawn.options.pins);
    const Objective objective = find_objective(drawn.options.objective);
    if (!best.tiling) {
      continue;
    }
    Evaluator evaluator(problem);
    const auto chosen = evaluator.evaluate(*best.tiling, objective);
    REQUIRE(chosen);
    Random random(static_cast<std::uint64_t>(i));
    for (int n = 0; n < 300; ++n) {
      std::array<std::int64_t, kAxes> value{};
      for (std::size_t axis = 0; axis < kAxes; ++axis) {
        value[axis] = space.axes[axis].value(random.between(0, space.axes[axis].size() - 1));
      }
      const Tiling tiling = tiling_of(pick(random, space.modes), value[0], value[1], value[2]);
      const auto other = try_candidate(evaluator, tiling, objective);
      REQUIRE((!other || !ranks_before(objective, *other, *chosen)));
    }
  }
}

TEST_CASE("candidates evaluated together cost what each costs alone") {
  for (std::int64_t i = 0; i < counted(100); ++i) {
    const SpaceCase drawn = random_space(kSeed + 70'000 + static_cast<std::uint64_t>(i));
    INFO(describe(drawn));
    Problem problem = make_problem(drawn.hardware, drawn.workload, find_schedule(drawn.schedule),
                                   drawn.options.variant);
    if (L0Tiles(drawn.hardware, problem.shape).misfit()) {
      continue;
    }
    const DesignSpace space =
        make_space(problem, drawn.options.variant, drawn.options.tile_sizes, drawn.options.pins);
    Random random(static_cast<std::uint64_t>(i));
    std::vector<Tiling> tilings;
    while (tilings.size() < static_cast<std::size_t>(i % 20)) {
      std::array<std::int64_t, kAxes> value{};
      for (std::size_t axis = 0; axis < kAxes; ++axis) {
        value[axis] = space.axes[axis].value(random.between(0, space.axes[axis].size() - 1));
      }
      const Tiling tiling = tiling_of(pick(random, space.modes), value[0], value[1], value[2]);
      if (is_legal(problem.shape, tiling)) {
        tilings.push_back(tiling);
      } else if (tilings.empty()) {
        break;  // perhaps none is legal
      }
    }
    const Objective objective = find_objective(drawn.options.objective);
    Evaluator together(problem);
    Evaluator alone(problem);
    std::vector<int> seen(tilings.size(), 0);
    together.evaluate_each(
        tilings, objective, [&](std::size_t index, const std::optional<Candidate>& found) {
          ++seen[index];
          const auto expected = alone.evaluate(tilings[index], objective);
          REQUIRE(found.has_value() == expected.has_value());
          REQUIRE((!found ||
                   (found->figures == expected->figures && found->tiling == expected->tiling)));
        });
    REQUIRE(std::count(seen.begin(), seen.end(), 1) == static_cast<std::ptrdiff_t>(tilings.size()));
  }
}

TEST_CASE("pruned returns what exhaustive returns on all divisors spaces of mas12 on mas-edge") {
  const Suite suite = load_suite("mas12");
  REQUIRE(suite.workloads.size() == 12);
  SpaceCase drawn;
  drawn.hardware = load_hardware("mas-edge");
  drawn.options.tile_sizes = TileSizes::kDivisors;
  const auto networks = static_cast<std::size_t>(counted(12));
  for (std::size_t n = 0; n < networks; ++n) {
    drawn.workload = suite.workloads[n];
    for (const Schedule* schedule : all_schedules()) {
      for (const std::string_view variant : schedule->variants()) {
        drawn.schedule = schedule->name();
        drawn.options.variant = variant;
        INFO(drawn.workload.name);
        REQUIRE(check_exact(drawn));
      }
    }
  }
}

TEST_CASE("every strategy gives the same answer on 1, 2 and 8 threads") {
  for (std::int64_t i = 0; i < counted(40); ++i) {
    SpaceCase drawn = random_space(kSeed + 70'000 + static_cast<std::uint64_t>(i));
    drawn.options.seed = static_cast<std::uint64_t>(i);
    for (const Strategy* strategy : all_strategies()) {
      INFO(describe(drawn) << " " << strategy->name());
      drawn.options.max_evals = strategy->is_exact() ? 0 : 3000;
      drawn.options.threads = 1;
      const Result alone = run(drawn, std::string(strategy->name()));
      for (const int threads : {2, 8}) {
        drawn.options.threads = threads;
        const Result together = run(drawn, std::string(strategy->name()));
        require_same_answer(together, alone);
        REQUIRE(together.search.evaluated == alone.search.evaluated);
        REQUIRE(together.search.pruned() == alone.search.pruned());
      }
    }
  }
}

TEST_CASE("no strategy ranks before the proven optimum, and each is seeded") {
  for (std::int64_t i = 0; i < counted(100); ++i) {
    SpaceCase drawn = random_space(kSeed + 90'000 + static_cast<std::uint64_t>(i));
    INFO(describe(drawn));
    const Result best = run(drawn, "pruned");
    drawn.options.max_evals = 1000;
    for (const Strategy* strategy : all_strategies()) {
      if (strategy->is_exact()) {
        continue;
      }
      const std::string name(strategy->name());
      INFO(name);
      const Result found = run(drawn, name);
      REQUIRE_FALSE(found.proven);
      require_same_answer(run(drawn, name), found);
      if (!found.tiling) {
        continue;
      }
      REQUIRE(best.tiling);
      const Objective objective = find_objective(drawn.options.objective);
      const Problem problem = make_problem(drawn.hardware, drawn.workload,
                                           find_schedule(drawn.schedule), drawn.options.variant);
      Evaluator evaluator(problem);
      const auto a = evaluator.evaluate(*found.tiling, objective);
      const auto b = evaluator.evaluate(*best.tiling, objective);
      REQUIRE_FALSE(ranks_before(objective, *a, *b));
    }
  }
}

TEST_CASE("genetic and mcts come within 1 % of the proven optimum at 20,000 evaluations") {
  // One schedule of every kind; the whole suite is bench-search's.
  const Suite suite = load_suite("mas12");
  SpaceCase drawn;
  drawn.hardware = load_hardware("mas-edge");
  for (const char* schedule : {"flat", "mas", "flash3", "fusemax"}) {
    drawn.schedule = schedule;
    drawn.workload = suite.workloads[static_cast<std::size_t>(counted(1)) % suite.workloads.size()];
    INFO(drawn.workload.name << " " << schedule);
    const Result best = run(drawn, "pruned");
    for (const char* strategy : {"genetic", "mcts"}) {
      INFO(strategy);
      const Result found = run(drawn, strategy);
      CHECK(found.search.evaluated == 20'000);
      CHECK(static_cast<double>(found.cost.cycles) <= 1.01 * static_cast<double>(best.cost.cycles));
    }
  }
}

}  // namespace
}  // namespace tilewright::test
