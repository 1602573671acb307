// The analytic model equals the reference graph, to the cycle, byte and femtojoule.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>

#include "costmodel/evaluator.h"
#include "test/support/counts.h"
#include "test/support/oracle.h"

namespace tilewright::test {
namespace {

constexpr std::uint64_t kSeed = 20'260'701;

/// Fails with the case if the two models differ on it.
void require_equal(const OracleCase& drawn) {
  if (const auto differs = difference(drawn)) {
    FAIL(*differs << "\n" << describe(drawn));
  }
}

/// Checks counted(`full`) cases of one variant of `schedule`.
void expect_equal(const Schedule& schedule, std::string_view variant, std::int64_t full,
                  DrawKind kind) {
  INFO("seed " << kSeed << ", variant " << variant);
  std::int64_t checked = 0;
  for_each_case(kSeed, counted(full), schedule, variant, kind, [&](const OracleCase& drawn) {
    ++checked;
    require_equal(drawn);
  });
  REQUIRE(checked == counted(full));
}

void expect_equal(std::string_view schedule, std::int64_t full, DrawKind kind) {
  for (const std::string_view variant : find_schedule(schedule).variants()) {
    expect_equal(find_schedule(schedule), variant, full, kind);
  }
}

constexpr std::int64_t kCases = 10'000;
constexpr std::int64_t kBalancedCases = 200;
constexpr std::int64_t kDriftingCases = 200;
constexpr std::int64_t kLongDrift = 100;  ///< rounds
constexpr std::uint64_t kMostSeeds = 100;

/// The balanced draws are no empty promise: there are thousands of operations, queues move against
/// each other for hundreds of rounds, and (where one queue can be ahead of another by whole rounds)
/// the makespan's growth changes late.
struct Variety {
  std::int64_t draws = 0;
  std::int64_t drifting = 0;  ///< cases with more than kLongDrift rounds of drift
  std::int64_t late = 0;      ///< of these, the makespan settles after more than kLongDrift rounds
  std::int64_t longest = 0;
  double operations = 0;
};

/// Checks every balanced draw that drifts for long, seed after seed until there are kDriftingCases.
Variety expect_long_transients(const Schedule& schedule, std::string_view variant) {
  Variety variety;
  std::uint64_t seed = kSeed;
  for (; variety.drifting < kDriftingCases && seed < kSeed + kMostSeeds; ++seed) {
    const auto check = [&](const OracleCase& drawn) {
      ++variety.draws;
      const Transient transient = transient_of(drawn);
      if (transient.drifting_rounds <= kLongDrift) {
        return;
      }
      require_equal(drawn);
      ++variety.drifting;
      variety.late += transient.makespan_rounds > kLongDrift ? 1 : 0;
      variety.longest = std::max(variety.longest, transient.drifting_rounds);
      variety.operations = std::max(variety.operations, operations_of(drawn));
    };
    for_each_case(seed, kBalancedCases, schedule, variant, DrawKind::kBalanced, check);
  }
  WARN(schedule.name() << ": seeds " << kSeed << " to " << seed - 1 << ", " << variety.draws
                       << " balanced draws, " << variety.drifting << " drift for more than "
                       << kLongDrift << " rounds, the longest for " << variety.longest
                       << "; the makespan of " << variety.late << " settles as late");
  return variety;
}

/// Every epoch ends in a barrier.
bool works_in_epochs(const Schedule& schedule, std::string_view variant) {
  return schedule.plan(Shape{}, {}, variant).phases().front().epochs;
}

/// Checks kBalancedCases balanced draws of every variant, then kDriftingCases that drift for long,
/// the longest for `longest` rounds at least; the makespan of `late` of them settles late.
void expect_balanced_equal(std::string_view name, std::int64_t longest, std::int64_t late) {
  expect_equal(name, kBalancedCases, DrawKind::kBalanced);
  if (!counts_are_full()) {
    return;
  }
  const Schedule& schedule = find_schedule(name);
  for (const std::string_view variant : schedule.variants()) {
    // Serial operations wait for the one before them in program order: equal rounds follow each
    // other at equal distances from the second on, and nothing can drift.
    if (is_serial(variant) || works_in_epochs(schedule, variant)) {
      continue;
    }
    const Variety variety = expect_long_transients(schedule, variant);
    CHECK(variety.drifting >= kDriftingCases);
    CHECK(variety.longest >= longest);
    CHECK(variety.late >= late);
    CHECK(variety.operations > 10'000);
  }
}

/// 300 of each variant and family in the ordinary tests, 5,000 in the long run.
void expect_families_equal(std::string_view schedule, std::int64_t full) {
  for (const Family family : kFamilies) {
    for (const std::string_view variant : find_schedule(schedule).variants()) {
      INFO("family " << static_cast<int>(family));
      for_each_case(kSeed + 1, counted(full), find_schedule(schedule), variant, DrawKind::kRandom,
                    require_equal, family);
    }
  }
}

constexpr std::int64_t kFamilyCases = 300;
constexpr std::int64_t kLongFamilyCases = 5000;

TEST_CASE("layerwise: every family of layers equals the reference") {
  expect_families_equal("layerwise", kFamilyCases);
}
TEST_CASE("softpipe: every family of layers equals the reference") {
  expect_families_equal("softpipe", kFamilyCases);
}
TEST_CASE("flat: every family of layers equals the reference") {
  expect_families_equal("flat", kFamilyCases);
}
TEST_CASE("mas: every family of layers equals the reference") {
  expect_families_equal("mas", kFamilyCases);
}
TEST_CASE("flash2: every family of layers equals the reference") {
  expect_families_equal("flash2", kFamilyCases);
}
TEST_CASE("flash3: every family of layers equals the reference") {
  expect_families_equal("flash3", kFamilyCases);
}
TEST_CASE("tileflow: every family of layers equals the reference") {
  expect_families_equal("tileflow", kFamilyCases);
}
TEST_CASE("fusemax: every family of layers equals the reference") {
  expect_families_equal("fusemax", kFamilyCases);
}
TEST_CASE("every family of layers equals the reference, at length", "[.long]") {
  for (const Schedule* schedule : all_schedules()) {
    expect_families_equal(schedule->name(), kLongFamilyCases);
  }
}

TEST_CASE("layerwise: 10,000 random candidates equal the reference") {
  expect_equal("layerwise", kCases, DrawKind::kRandom);
}
TEST_CASE("flat: 10,000 random candidates of each variant equal the reference") {
  expect_equal("flat", kCases, DrawKind::kRandom);
}
TEST_CASE("softpipe: 10,000 random candidates equal the reference") {
  expect_equal("softpipe", kCases, DrawKind::kRandom);
}
TEST_CASE("mas: 10,000 random candidates equal the reference") {
  expect_equal("mas", kCases, DrawKind::kRandom);
}
TEST_CASE("tileflow: 10,000 random candidates equal the reference") {
  expect_equal("tileflow", kCases, DrawKind::kRandom);
}
// Nothing drifts where every epoch ends in a barrier: their long programs need not be looked for.
TEST_CASE("tileflow: 200 long candidates equal the reference") {
  expect_equal("tileflow", kBalancedCases, DrawKind::kBalanced);
}
TEST_CASE("fusemax: 10,000 random candidates equal the reference") {
  expect_equal("fusemax", kCases, DrawKind::kRandom);
}
TEST_CASE("fusemax: 200 long candidates equal the reference") {
  expect_equal("fusemax", kBalancedCases, DrawKind::kBalanced);
}
TEST_CASE("flash2: 10,000 random candidates equal the reference") {
  expect_equal("flash2", kCases, DrawKind::kRandom);
}
TEST_CASE("flash3: 10,000 random candidates equal the reference") {
  expect_equal("flash3", kCases, DrawKind::kRandom);
}
TEST_CASE("layerwise: 200 candidates whose queues drift for long equal the reference") {
  expect_balanced_equal("layerwise", 500, 0);
}
TEST_CASE("flat: 200 candidates whose queues drift for long equal the reference") {
  expect_balanced_equal("flat", 1000, 1);
}
TEST_CASE("softpipe: 200 candidates whose queues drift for long equal the reference") {
  expect_balanced_equal("softpipe", 500, 0);
}
TEST_CASE("mas: 200 candidates whose queues drift for long equal the reference") {
  expect_balanced_equal("mas", 1000, 3);
}

TEST_CASE("flash2: 200 candidates whose queues drift for long equal the reference") {
  expect_balanced_equal("flash2", 1000, 1);
}
TEST_CASE("flash3: 200 candidates whose queues drift for long equal the reference") {
  expect_balanced_equal("flash3", 1000, 3);
}

/// Whether the core without the last query tile of a group takes longer than core 0.
bool last_core_is_slower(const OracleCase& drawn) {
  const Problem problem =
      make_problem(drawn.hardware, drawn.workload, *drawn.schedule, drawn.variant);
  Evaluator evaluator(problem);
  const OperationCosts costs = evaluator.operation_costs(drawn.tiling, drawn.objective);
  const TileCounts counts = count_tiles(problem.shape, drawn.tiling);
  const auto makespan = [&](std::int64_t core) {
    const CoreRounds rounds = deal_rounds(counts, drawn.tiling, problem.layout, core);
    const PhasePlan& phase = problem.plans.of(drawn.tiling).phases().front();
    return phase_makespan(evaluator.phase_times(drawn.tiling, costs, phase, rounds));
  };
  return makespan(problem.layout.cores - 1) > makespan(0);
}

TEST_CASE("mas: candidates whose slowest core is not the busiest equal the reference") {
  // A tiny last query tile costs core 0 less than another place of its loads costs the last core.
  // About one draw in 100,000 is such a one.
  for (const std::uint64_t seed :
       {902997717297040286U, 7534812575230932049U, 9148008559235257584U, 3620384125332893852U,
        12308538580785137227U, 18124552301069370118U, 6492002944273436130U}) {
    const auto drawn = draw_case(seed, find_schedule("mas"), "two-stream", DrawKind::kRandom);
    REQUIRE(drawn);
    INFO(describe(*drawn));
    CHECK(last_core_is_slower(*drawn));
    CHECK_FALSE(difference(*drawn));
  }
}

TEST_CASE("flash3: so do those that split keys, where the last core has a sub-tile fewer") {
  for (const std::uint64_t seed :
       {17427392781363467480U, 17492109265381376448U, 6302000536433215368U}) {
    const auto drawn = draw_case(seed, find_schedule("flash3"), "two-stream", DrawKind::kRandom);
    REQUIRE(drawn);
    INFO(describe(*drawn));
    CHECK(drawn->tiling.core_split == CoreSplit::kKeyValue);
    CHECK(last_core_is_slower(*drawn));
    CHECK_FALSE(difference(*drawn));
  }
}

}  // namespace
}  // namespace tilewright::test
