// What of a layer is replayed where all of it would take too long.
#pragma once

#include <cstdint>

#include "replay/replay_report.h"
#include "schedules/rounds.h"
#include "schedules/shape.h"
#include "schedules/workload.h"

namespace tilewright {

/// What one replay may do: a few seconds of arithmetic, half a gigabyte for the graph of the
/// reference, and as much for tensors.
struct ReplayBudget {
  double macs = 1e10;
  double operations = 4e5;
  double tensor_bytes = 5e8;
};

/// A workload that `tiling` cuts as it cuts the whole one, but with fewer groups, or query tiles,
/// of the inner kind: every core keeps its first and last ones, with their sizes, and one or more
/// in the middle.
struct ReplaySample {
  Workload workload;
  ReplayExtent extent;
};

/// The largest of: all of it, fewer groups, fewer groups and query tiles, that is within `budget`;
/// throws InputError if none is.
ReplaySample sample_of(const Workload& workload, const Tiling& tiling, const CoreLayout& layout,
                       std::span<const PhasePlan> phases, const ReplayBudget& budget);

}  // namespace tilewright
