// Candidates in vector registers cost what each costs alone: with two lanes, which every processor
// has, and with as many as this one has.
#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <optional>
#include <vector>

#include "costmodel/side_by_side_forms.h"
#include "schedules/schedule.h"
#include "search/objectives.h"
#include "search/strategy.h"
#include "test/support/counts.h"
#include "test/support/random_case.h"
#include "test/support/random_space.h"

namespace tilewright::test {
namespace {

constexpr std::uint64_t kSeed = 61001;
using Costs = std::vector<std::optional<Candidate>>;

/// Candidates that were found side by side since it was last asked.
std::int64_t& found_together() {
  static std::int64_t count = 0;
  return count;
}

SideBySide two_lanes() {
  SideBySide forms = side_by_side::forms<Lanes>();
  forms.evaluate = [](Evaluator& evaluator, Objective objective, SideBySide::Found& found) {
    const std::uint32_t known = SideBySideOf<Lanes>::evaluate(evaluator, objective, found);
    found_together() += std::popcount(known & ((1U << found.count) - 1));
    return known;
  };
  return forms;
}

Costs costs_of(const Problem& problem, const SideBySide& forms, const std::vector<Tiling>& tilings,
               Objective objective) {
  Evaluator evaluator(problem, forms);
  Costs costs(tilings.size());
  std::vector<int> seen(tilings.size(), 0);
  evaluator.evaluate_each(tilings, objective,
                          [&](std::size_t index, const std::optional<Candidate>& found) {
                            ++seen[index];
                            costs[index] = found;
                          });
  REQUIRE(std::count(seen.begin(), seen.end(), 1) == static_cast<std::ptrdiff_t>(seen.size()));
  return costs;
}

void require_same(const Costs& found, const Costs& expected, const std::vector<Tiling>& tilings) {
  for (std::size_t i = 0; i < tilings.size(); ++i) {
    const Tiling& t = tilings[i];
    INFO(t.heads << " heads, " << t.q_rows << " x " << t.kv_cols << ", resident " << t.kv_resident
                 << ", buffers " << t.buffers << ", look-ahead " << t.lookahead << ", overwrite "
                 << static_cast<int>(t.overwrite) << ", split " << static_cast<int>(t.core_split));
    REQUIRE(found[i].has_value() == expected[i].has_value());
    if (found[i]) {
      REQUIRE(found[i]->figures == expected[i]->figures);
      REQUIRE(found[i]->tiling == expected[i]->tiling);
    }
  }
}

void check(const Problem& problem, const std::vector<Tiling>& tilings, Objective objective) {
  const Costs alone = costs_of(problem, {}, tilings, objective);
  require_same(costs_of(problem, two_lanes(), tilings, objective), alone, tilings);
  require_same(costs_of(problem, SideBySide::of_processor(), tilings, objective), alone, tilings);
}

/// Legal tilings of all modes, drawn log-uniformly, of which some come twice.
std::vector<Tiling> draw_tilings(Random& random, Problem& problem, std::size_t count) {
  const DesignSpace space = make_space(problem, "", TileSizes::kAll, {});
  std::vector<Tiling> tilings;
  for (std::size_t draws = 0; tilings.size() < count && draws < 10 * count; ++draws) {
    std::array<std::int64_t, kAxes> value{};
    for (std::size_t axis = 0; axis < kAxes; ++axis) {
      value[axis] = random.log_between(1, space.axes[axis].length());
    }
    const Tiling tiling = tiling_of(pick(random, space.modes), value[0], value[1], value[2]);
    if (is_legal(problem.shape, tiling)) {
      tilings.push_back(tiling);
    }
  }
  return tilings;
}

TEST_CASE("side by side, candidates of small spaces cost what each costs alone") {
  found_together() = 0;
  for (std::int64_t i = 0; i < counted(1500); ++i) {
    const SpaceCase drawn = random_space(kSeed + static_cast<std::uint64_t>(i));
    INFO(describe(drawn));
    Problem problem = make_problem(drawn.hardware, drawn.workload, find_schedule(drawn.schedule),
                                   drawn.options.variant);
    if (L0Tiles(drawn.hardware, problem.shape).misfit()) {
      continue;
    }
    Random random(kSeed + static_cast<std::uint64_t>(i));
    check(problem, draw_tilings(random, problem, 200), find_objective(drawn.options.objective));
  }
  CHECK(found_together() > 0);
}

TEST_CASE("side by side, candidates of layers of every kind cost what each costs alone") {
  for (const Schedule* schedule : all_schedules()) {
    found_together() = 0;
    for (std::int64_t i = 0; i < counted(150); ++i) {
      Random random(kSeed + 10'000 + static_cast<std::uint64_t>(i));
      const Hardware hardware = random_hardware(random);
      Workload workload = random_workload(random);
      make_family(random, kFamilies[static_cast<std::size_t>(i) % kFamilies.size()], workload);
      // Long enough for all kinds of runs of rounds.
      workload.q_len = random.log_between(1, 3000);
      workload.kv_len = random.log_between(1, 3000);
      keep_valid(workload);
      keep_runnable(*schedule, "", workload);
      if (pass_millicycles(hardware.matrix, workload.bytes.input) == 0) {
        continue;
      }
      INFO("seed " << kSeed + 10'000 + static_cast<std::uint64_t>(i) << ", " << schedule->name());
      Problem problem = make_problem(hardware, workload, *schedule, "");
      if (L0Tiles(hardware, problem.shape).misfit()) {
        continue;
      }
      check(problem, draw_tilings(random, problem, 300),
            i % 2 == 0 ? Objective::kLatency : Objective::kEnergy);
    }
    INFO(schedule->name());
    CHECK(found_together() > 0);
  }
}

}  // namespace
}  // namespace tilewright::test
