// What a replay did and found, as plain values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "replay/element.h"
#include "replay/violation.h"
#include "schedules/plan.h"

namespace tilewright {

/// Bytes of one operand between DRAM and L1.
struct OperandTraffic {
  Operand operand = Operand::kNone;
  std::int64_t loaded = 0;
  std::int64_t loaded_predicted = 0;
  std::int64_t stored = 0;
  std::int64_t stored_predicted = 0;

  bool as_predicted() const { return loaded == loaded_predicted && stored == stored_predicted; }
};

/// What of a layer was replayed: pairs of batch entry and key/value head, query rows of each.
struct ReplayExtent {
  std::int64_t pairs = 0;
  std::int64_t all_pairs = 0;
  std::int64_t rows = 0;
  std::int64_t all_rows = 0;

  bool is_all() const { return pairs == all_pairs && rows == all_rows; }
};

/// Of O against double precision.
struct NumericError {
  double absolute = 0;      ///< largest difference of an element; infinite if one is no number
  double relative = 0;      ///< that, as a part of output_scale
  double output_scale = 0;  ///< largest magnitude of an element of O
  double bound = 0;         ///< that `absolute` must keep

  bool within_bound() const { return absolute <= bound; }
};

/// Of one L1: the shared one, or that of the core that uses most.
struct MemoryUse {
  std::int64_t arenas = 0;
  std::int64_t capacity_bytes = 0;
  std::int64_t peak_bytes = 0;       ///< highest end of a slot
  std::int64_t predicted_bytes = 0;  ///< the footprint

  std::int64_t fragmentation_bytes() const { return peak_bytes - predicted_bytes; }
};

struct ReplayReport {
  std::string hw;
  std::string workload;
  std::string schedule;
  std::string variant;
  ReplayType type = ReplayType::kFp32;
  std::uint64_t seed = 0;
  ReplayExtent extent;
  std::int64_t operations = 0;
  std::int64_t macs = 0;
  std::int64_t reloaded_sub_tiles = 0;  ///< that P had taken the place of
  NumericError error;
  std::vector<OperandTraffic> traffic;  ///< of the operands that move
  MemoryUse memory;
  Violations violations;

  bool traffic_as_predicted() const;
  bool passed() const;
};

}  // namespace tilewright
