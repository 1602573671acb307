// The analytic makespan of a merge (schedules/expand_merge.h). It depends on the number of parts
// and the buffers alone, so that all of a search's are computed once.
#pragma once

#include <cstdint>
#include <vector>

#include "costmodel/online_cost.h"
#include "costmodel/op_costs.h"
#include "schedules/schedule.h"

namespace tilewright {

/// Cycles of the operations of one row.
struct MergeTimes {
  std::int64_t load = 0;
  std::int64_t merge = 0;
  std::int64_t store = 0;
};

/// The queues and slots of a core that merges.
struct MergeMachine {
  bool shared_channel = false;
  std::int64_t buffers = 1;
  std::int64_t latency = 0;
};

/// Cycles until a core has merged `rows` rows, at least one.
std::int64_t merge_makespan(const MergeTimes& times, const MergeMachine& machine,
                            std::int64_t rows);

class MergeCosts {
 public:
  MergeCosts() = default;
  /// `phase`: the one that merges.
  MergeCosts(const Hardware& hardware, const Shape& shape, const CoreLayout& layout,
             const PhasePlan& phase);

  MergeTimes times(std::int64_t parts) const;

  /// The makespan of the busiest core, which is the first one.
  std::int64_t cycles(std::int64_t parts, std::int64_t buffers) const {
    return cycles_[static_cast<std::size_t>((parts - 1) * kMaxBuffers + buffers - 1)];
  }

 private:
  std::vector<MergeTimes> times_;     ///< by parts - 1
  std::vector<std::int64_t> cycles_;  ///< by parts - 1, then buffers - 1
};

}  // namespace tilewright
