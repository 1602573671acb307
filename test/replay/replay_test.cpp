// Random candidates of every schedule, executed on real numbers in an L1 of exactly their
// footprint.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>

#include "test/support/counts.h"
#include "test/support/replay_case.h"

namespace tilewright::test {
namespace {

constexpr std::uint64_t kSeed = ReplayCase::kSeed;
constexpr std::int64_t kCases = 40;  ///< of every variant in the ordinary run
constexpr std::int64_t kFamilyCases = 30;
constexpr std::int64_t kLongCases = 200;
constexpr double kRelativeError = 1e-5;

/// Calls check(case) for `cases` of every schedule and variant.
template <typename Check>
void for_all_schedules(std::uint64_t seed, std::int64_t cases, const Check& check) {
  for (const Schedule* schedule : all_schedules()) {
    for (const std::string_view variant : schedule->variants()) {
      for_each_case(seed, counted(cases), *schedule, variant, DrawKind::kRandom, check);
    }
  }
}

void require_good(const OracleCase& drawn) {
  const ReplayReport report = ReplayCase(drawn).run();
  INFO(describe(drawn) << "\n" << faults(report));
  REQUIRE(report.passed());
  REQUIRE(report.error.relative < kRelativeError);
}

bool has_elements_of_one_byte(const Workload& workload) {
  return std::min(workload.bytes.input, workload.bytes.kv) < 2;
}

TEST_CASE("replay: 40 random candidates of every variant give attention, traffic and footprint") {
  for_all_schedules(kSeed, kCases, require_good);
}

TEST_CASE("replay: 200 random candidates of every variant", "[.long]") {
  for_all_schedules(kSeed + 1, kLongCases, require_good);
}

void require_families_good(std::int64_t cases) {
  for (const Family family : kFamilies) {
    for (const Schedule* schedule : all_schedules()) {
      for (const std::string_view variant : schedule->variants()) {
        for_each_case(kSeed + 4, counted(cases), *schedule, variant, DrawKind::kRandom,
                      require_good, family);
      }
    }
  }
}

TEST_CASE("replay: 30 random candidates of every variant and family of layers") {
  require_families_good(kFamilyCases);
}

TEST_CASE("replay: 200 random candidates of every variant and family of layers", "[.long]") {
  require_families_good(kLongCases);
}

TEST_CASE("replay: in half precision random candidates keep the bound of docs/replay.md") {
  std::int64_t halves = 0;
  for_all_schedules(kSeed + 2, kCases, [&](const OracleCase& drawn) {
    if (has_elements_of_one_byte(drawn.workload)) {
      return;
    }
    const ReplayReport report = ReplayCase(drawn).run(ReplayType::kFp16);
    INFO(describe(drawn) << "\n" << faults(report));
    REQUIRE(report.passed());
    // It is not kept by being single precision after all.
    halves += report.error.relative > kRelativeError ? 1 : 0;
  });
  if (counts_are_full()) {
    CHECK(halves > 30);
  }
}

bool shares_keys(const OracleCase& drawn) {
  return drawn.hardware.l1.shared && drawn.hardware.cores > 1 &&
         drawn.tiling.core_split == CoreSplit::kQuery;
}

TEST_CASE("replay: proactive overwrite is replayed, with either operand and cores that share it") {
  std::int64_t keys = 0;
  std::int64_t values = 0;
  std::int64_t shared = 0;
  for_each_case(kSeed + 3, counted(2000), find_schedule("mas"), "two-stream", DrawKind::kRandom,
                [&](const OracleCase& drawn) {
                  if (drawn.tiling.overwrite == Overwrite::kNone) {
                    return;
                  }
                  const ReplayReport report = ReplayCase(drawn).run();
                  INFO(describe(drawn) << "\n" << faults(report));
                  REQUIRE(report.passed());
                  const bool again = report.reloaded_sub_tiles > 0;
                  keys += again && drawn.tiling.overwrite == Overwrite::kKey ? 1 : 0;
                  values += again && drawn.tiling.overwrite == Overwrite::kValue ? 1 : 0;
                  shared += again && shares_keys(drawn) ? 1 : 0;
                });
  if (counts_are_full()) {
    CHECK(keys > 30);
    CHECK(values > 30);
    CHECK(shared > 10);
  }
}

}  // namespace
}  // namespace tilewright::test
