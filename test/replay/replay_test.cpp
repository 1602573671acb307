// Random candidates of every schedule, executed on real numbers in an L1 of exactly their
// footprint.
#include <catch2/catch.hpp>

#include <cstdint>
#include <string>

#include <fmt/format.h>

#include "replay/datum.h"
#include "replay/replay.h"
#include "test/support/counts.h"
#include "test/support/oracle.h"

namespace tilewright::test {
namespace {

constexpr std::uint64_t kSeed = 20'260'801;
constexpr std::int64_t kCases = 40;  ///< of every variant in the ordinary run
constexpr std::int64_t kLongCases = 200;
constexpr double kRelativeError = 1e-5;

/// Everything that is wrong with a report, one line each.
std::string faults(const ReplayReport& report) {
  std::string text;
  for (const Violation& v : report.violations.first) {
    text += fmt::format("{}: {} in {} {}\n", v.operation, v.content, v.slot, v.problem);
  }
  for (const OperandTraffic& t : report.traffic) {
    if (!t.as_predicted()) {
      text += fmt::format("{}: loaded {} of {}, stored {} of {}\n", operand_letter(t.operand),
                          t.loaded, t.loaded_predicted, t.stored, t.stored_predicted);
    }
  }
  if (report.memory.fragmentation_bytes() != 0) {
    text += fmt::format("peak {}, footprint {}\n", report.memory.peak_bytes,
                        report.memory.predicted_bytes);
  }
  if (!report.error.within_bound()) {
    text += fmt::format("error {}, bound {}\n", report.error.absolute, report.error.bound);
  }
  return text;
}

/// The candidate on its machine, but with an L1 of exactly its footprint.
class TightCase {
 public:
  explicit TightCase(const OracleCase& drawn)
      : hardware_(tight(drawn)),
        problem_(make_problem(hardware_, drawn.workload, *drawn.schedule, drawn.variant)),
        evaluator_(problem_),
        tiling_(drawn.tiling),
        objective_(drawn.objective) {}

  ReplayPlan plan() { return make_replay_plan(evaluator_, tiling_, objective_); }
  ReplayReport run(const ReplayPlan& plan, ReplayType type = ReplayType::kFp32) const {
    ReplayOptions options;
    options.type = type;
    options.seed = kSeed;
    return execute(problem_, tiling_, plan, options);
  }
  ReplayReport run(ReplayType type = ReplayType::kFp32) { return run(plan(), type); }

 private:
  static Hardware tight(const OracleCase& drawn) {
    Hardware hardware = drawn.hardware;
    const Problem problem =
        make_problem(drawn.hardware, drawn.workload, *drawn.schedule, drawn.variant);
    hardware.l1.capacity_bytes = Evaluator(problem).peak_footprint(drawn.tiling).bytes;
    return hardware;
  }

  Hardware hardware_;
  Problem problem_;
  Evaluator evaluator_;
  Tiling tiling_;
  Objective objective_;
};

void expect_replays(std::string_view name, std::int64_t cases) {
  const Schedule& schedule = find_schedule(name);
  for (const std::string_view variant : schedule.variants()) {
    for_each_case(kSeed, cases, schedule, variant, DrawKind::kRandom, [](const OracleCase& drawn) {
      const ReplayReport report = TightCase(drawn).run();
      INFO(describe(drawn) << "\n" << faults(report));
      REQUIRE(report.passed());
      REQUIRE(report.error.relative < kRelativeError);
    });
  }
}

TEST_CASE("replay: random candidates of every schedule give attention, traffic and footprint") {
  for (const Schedule* schedule : all_schedules()) {
    expect_replays(schedule->name(), counted(kCases));
  }
}
TEST_CASE("replay: 200 random candidates of every schedule", "[.long]") {
  for (const Schedule* schedule : all_schedules()) {
    expect_replays(schedule->name(), counted(kLongCases));
  }
}

}  // namespace
}  // namespace tilewright::test
