// What a search found, as plain values: the content of a result file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/math.h"
#include "costmodel/objective.h"
#include "schedules/tiling.h"
#include "search/excluded.h"

namespace tilewright {

/// What limits the makespan: the queue with the most busy cycles on the busiest core, or waiting.
enum class Bottleneck : std::uint8_t { kMatrix, kVector, kLoad, kStore, kDram, kLatency };

/// Cost of one candidate for all cores and all `repeat` layers.
struct Cost {
  std::int64_t cycles = 0;  ///< makespan including the launch overhead
  Int128 energy_fj = 0;
  std::int64_t dram_read_bytes = 0;
  std::int64_t dram_write_bytes = 0;
  std::int64_t l1_access_bytes = 0;     ///< every byte read from or written to L1
  std::int64_t l0_access_bytes = 0;     ///< moved between L1 and L0
  std::int64_t l1_peak_bytes = 0;       ///< of the one shared L1, or of one core's own
  std::int64_t matrix_busy_cycles = 0;  ///< busy cycles are summed over cores
  std::int64_t vector_busy_cycles = 0;
  std::int64_t load_busy_cycles = 0;
  std::int64_t store_busy_cycles = 0;
  std::int64_t overlap_cycles = 0;  ///< matrix and vector unit of a core busy at once, over cores
  double matrix_utilization = 0;    ///< matrix busy cycles / (cycles x cores)
  double vector_utilization = 0;
  Bottleneck bottleneck = Bottleneck::kMatrix;
  auto operator<=>(const Cost&) const = default;
};

struct SearchStatistics {
  Int128 space = 0;  ///< candidates of the design space
  Int128 evaluated = 0;
  Excluded excluded;  ///< without evaluating each
  double seconds = 0;
  /// On the objective, in the unit of the result (cycles, ...); no front's.
  double lower_bound = 0;

  Int128 pruned() const { return excluded.total(); }
};

/// A moment of a search.
struct ConvergencePoint {
  Int128 evaluated = 0;
  double seconds = 0;
  std::optional<double> incumbent;  ///< its objective; empty: nothing that fits was found yet
  double lower_bound = 0;           ///< on the objective
};

/// A moment of a search for a front.
struct FrontMoment {
  Int128 evaluated = 0;
  double seconds = 0;
  std::size_t points = 0;  ///< of the front so far
  double gap = 1;          ///< Result::gap, had the search ended here
};

/// What became of TuneOptions::start.
enum class StartUse : std::uint8_t {
  kNone,
  kAsGiven,
  kAdapted,  ///< moved into the space or made smaller to fit
  kIgnored   ///< nothing near it fits
};

/// Why nothing fits: the candidate with the smallest footprint.
struct Shortfall {
  std::string level;  ///< "L1", "L0 left", ...
  std::int64_t need_bytes = 0;
  std::int64_t have_bytes = 0;
  std::string largest_slot;  ///< operand name
  std::int64_t largest_slot_bytes = 0;
  Tiling tiling;
};

/// A point of a front.
struct FrontEntry {
  Tiling tiling;
  Cost cost;  ///< but for the knee without overlap_cycles, which would take most of the time
  std::string l0_objective;  ///< the L0 tiles are the best for it
  bool knee = false;         ///< farthest below the line between the extremes, on log axes
};

struct Result {
  std::string hw;
  std::string workload;
  std::string schedule;
  std::string variant;
  std::string objective;
  std::string strategy;
  std::uint64_t seed = 0;
  std::string tile_sizes;                   ///< all, divisors or pow2
  std::map<std::string, std::string> pins;  ///< factors that were held, by name
  bool interrupted = false;
  bool proven = false;
  double gap = 0;                ///< (incumbent - lower bound) / incumbent; front_gap() of a front
  std::optional<Tiling> tiling;  ///< empty: nothing fits (see shortfall), or nothing found yet
  Cost cost;
  /// Objective pareto:...: all its points, by ascending values; `tiling` and `cost` are the knee's.
  std::vector<FrontEntry> front;
  /// The objective that the L0 tiles of `tiling` are the best for: `objective`, or the knee's.
  std::string l0_objective;
  std::int64_t clock_hz = 0;
  std::optional<Shortfall> shortfall;
  std::optional<std::int64_t> reference_cycles;
  SearchStatistics search;
  StartUse start = StartUse::kNone;
  /// Every improvement of the incumbent, every large one of the bound, and the end; no front's.
  std::vector<ConvergencePoint> convergence;
  /// Of a front, with TuneOptions::record_front: ever fewer moments, and the end.
  std::vector<FrontMoment> front_course;
};

}  // namespace tilewright
