#include "test/support/replay_case.h"

#include <fmt/format.h>

#include "schedules/operation_names.h"

namespace tilewright::test {

Hardware ReplayCase::tight(const OracleCase& drawn) {
  Hardware hardware = drawn.hardware;
  const Problem problem =
      make_problem(drawn.hardware, drawn.workload, *drawn.schedule, drawn.variant);
  hardware.l1.capacity_bytes = Evaluator(problem).peak_footprint(drawn.tiling).bytes;
  return hardware;
}

ReplayReport ReplayCase::run(const ReplayPlan& plan, ReplayType type) const {
  ReplayOptions options;
  options.type = type;
  options.seed = kSeed;
  return execute(problem_, tiling_, plan, options);
}

std::string faults(const ReplayReport& report) {
  std::string text;
  for (const Violation& v : report.violations.first) {
    text += fmt::format("{}: {} in {} {}\n", v.operation, v.content, v.slot, v.problem);
  }
  for (const OperandTraffic& t : report.traffic) {
    if (!t.as_predicted()) {
      text += fmt::format("{}: loaded {} of {}, stored {} of {}\n", operand_name(t.operand),
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

}  // namespace tilewright::test
