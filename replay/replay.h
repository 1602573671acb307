// Executes the schedule of a candidate on real numbers, in an L1 of exactly the machine's size, and
// compares what comes out with what attention and the cost model say.
#pragma once

#include <cstdint>
#include <vector>

#include "hw_profiles/hardware.h"
#include "replay/dram_tensors.h"
#include "replay/program.h"
#include "replay/replay_report.h"
#include "replay/sample.h"
#include "replay/slot_map.h"
#include "search/result.h"

namespace tilewright {

struct ReplayOptions {
  ReplayType type = ReplayType::kFp32;
  std::uint64_t seed = 1;
  ReplayBudget budget;
};

/// Replays one layer of `workload` (or a sample of it, see ReplayReport::extent) under the tiling
/// of `result`, a result of tune() for it. Throws InputError if there is no tiling, if the type
/// does not fit the workload's elements, or if even a sample is too large.
ReplayReport replay(const Hardware& hardware, const Workload& workload, const Result& result,
                    const ReplayOptions& options);

/// A program and where its slots are: all that is executed. Tests break it on purpose.
struct ReplayPlan {
  std::vector<Step> steps;
  std::vector<SlotMap> slots;           ///< by phase
  std::vector<OffsetAllocator> arenas;  ///< L1s, then the arrays that hold scores themselves
  std::size_t l1_count = 0;
};

/// The plan of a candidate that fits.
ReplayPlan make_replay_plan(Evaluator& evaluator, const Tiling& tiling, Objective objective);

/// Executes `plan` on the tensors of `options.seed`. The report lacks names and extent.
ReplayReport execute(const Problem& problem, const Tiling& tiling, const ReplayPlan& plan,
                     const ReplayOptions& options);

}  // namespace tilewright
