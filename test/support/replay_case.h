// A random candidate on its machine, but with an L1 of exactly its footprint, ready to be replayed.
#pragma once

#include <string>

#include "replay/replay.h"
#include "test/support/oracle.h"

namespace tilewright::test {

class ReplayCase {
 public:
  explicit ReplayCase(const OracleCase& drawn)
      : hardware_(tight(drawn)),
        problem_(make_problem(hardware_, drawn.workload, *drawn.schedule, drawn.variant)),
        evaluator_(problem_),
        tiling_(drawn.tiling),
        objective_(drawn.objective) {}

  ReplayPlan plan() { return make_replay_plan(evaluator_, tiling_, objective_); }
  ReplayReport run(const ReplayPlan& plan, ReplayType type = ReplayType::kFp32) const;
  ReplayReport run(ReplayType type = ReplayType::kFp32) { return run(plan(), type); }

  static constexpr std::uint64_t kSeed = 20'260'801;

 private:
  static Hardware tight(const OracleCase& drawn);

  Hardware hardware_;
  Problem problem_;
  Evaluator evaluator_;
  Tiling tiling_;
  Objective objective_;
};

/// Everything that is wrong with a report, one line each.
std::string faults(const ReplayReport& report);

}  // namespace tilewright::test
