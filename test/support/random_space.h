// Small random search spaces: machines on which capacity matters, few enough candidates to try all.
#pragma once

#include <cstdint>
#include <string>

#include "hw_profiles/hardware.h"
#include "schedules/workload.h"
#include "search/random.h"
#include "search/tune.h"

namespace tilewright::test {

struct SpaceCase {
  std::uint64_t seed = 0;
  Hardware hardware;
  Workload workload;
  std::string schedule;
  TuneOptions options;  ///< strategy pruned
};

std::string describe(const SpaceCase& drawn);

/// A random machine, a workload of at most 6 pairs, 24 rows and 24 columns, any schedule, variant,
/// objective and set of tile sizes, sometimes with pins. In one case of four nothing is scarce;
/// else L1 (and sometimes L0) cuts deep into the space, now and then to nothing.
SpaceCase random_space(std::uint64_t seed);

/// A tiling to start from: another machine's, and now and then nothing that a schedule could do.
Tiling random_start(Random& random);

/// Footprints of the smallest and the largest tiles of the case's schedule, over all its modes.
struct FootprintRange {
  std::int64_t least = 0;
  std::int64_t most = 0;
};
FootprintRange footprint_range(const SpaceCase& drawn);

}  // namespace tilewright::test
