// The library's front door: the best tiling of one workload on one machine for one schedule.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hw_profiles/hardware.h"
#include "schedules/workload.h"
#include "search/result.h"
#include "search/space.h"

namespace tilewright {

struct TuneOptions {
  std::string strategy = "pruned";
  std::string objective = "latency";
  std::string variant;  ///< of the schedule; empty: its first one
  TileSizes tile_sizes = TileSizes::kAll;
  /// Factors held at one value, by their names in `tiling:` (l0.qk and l0.pv as "16x16x64").
  Pins pins;
  int threads = 0;  ///< 0: all
  std::uint64_t seed = 1;
  double time_limit_s = 0;  ///< 0: none
  /// 0: none; but 20,000 for a strategy that does not end by itself, unless there is a time limit
  std::int64_t max_evals = 0;
  /// A tiling to begin with, e.g. the optimum of a machine alike. What this search does not allow
  /// is replaced by what is nearest; exact strategies return the same with and without it.
  std::optional<Tiling> start;
  /// Record the course of the search for a front, too (Result::front_course): its gaps take time.
  bool record_front = false;
  /// Set to true (by a signal handler, say) to stop soon with what was found so far.
  const std::atomic<bool>* stop = nullptr;
};

/// Throws InputError for an unknown name, an illegal factor or a refused (schedule, workload).
Result tune(const Hardware& hardware, const Workload& workload, const std::string& schedule,
            const TuneOptions& options);

/// Cycles of the reference graph for the tiling of `result` (all layers and the launch), and its
/// GraphML if `graphml` is given. Throws InputError if the graph would have millions of operations.
std::int64_t reference_cycles(const Hardware& hardware, const Workload& workload,
                              const Result& result, std::string* graphml = nullptr);

struct NamedText {
  std::string name;
  std::string text;  ///< one line for people
};
std::vector<NamedText> schedule_list();
std::vector<NamedText> strategy_list();
std::vector<NamedText> objective_list();

/// Names of the variants of a schedule, default first.
std::vector<std::string> schedule_variants(const std::string& schedule);

/// The variant that a schedule's paper published ("serial" for flat); the default for most.
std::string published_variant(const std::string& schedule);

}  // namespace tilewright
