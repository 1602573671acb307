// A batch job: what is to be tuned, as written (schema tilewright/job/v1; docs/batch.md).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "search/space.h"

namespace tilewright {

/// A figure of a profile and the values it takes in turn, as they would stand in the profile.
struct Sweep {
  std::string key;  ///< e.g. "memory.l1.capacity_kib"
  std::vector<std::string> values;
};

/// Bundled profiles or files; with sweeps, one profile for every combination of their values.
struct HardwareChoice {
  std::string pattern;  ///< bundled name, path or glob
  std::vector<Sweep> sweeps;
};

struct ScheduleChoice {
  std::string name;
  std::string variant;  ///< empty: the default one
};

/// Patterns of names with * and ?; an empty one fits all.
struct CaseRule {
  std::string hw;
  std::string workload;
  std::string schedule;
  std::string objective;
};

struct Job {
  std::string name;
  std::string description;
  std::string folder;  ///< of the job file; relative paths start here
  std::vector<HardwareChoice> hardware;
  std::vector<std::string> workloads;  ///< bundled suites or workloads, paths, globs
  std::vector<ScheduleChoice> schedules;
  std::vector<std::string> objectives{"latency"};
  /// A case belongs to the job if one of `include` fits it (or there is none) and none of
  /// `exclude`.
  std::vector<CaseRule> include;
  std::vector<CaseRule> exclude;
  std::string baseline;  ///< a schedule, for speed-ups in the tables
  std::string strategy = "pruned";
  TileSizes tile_sizes = TileSizes::kAll;
  std::uint64_t seed = 1;
  int threads = 0;             ///< searches at once; 0: as many as there are cores
  double time_limit_s = 0;     ///< per case; 0: none
  std::int64_t max_evals = 0;  ///< per case; 0: none
};

/// Parses a job; `file` names it in messages and says where relative paths start. Throws
/// InputError.
Job parse_job(std::string_view text, const std::string& file);

}  // namespace tilewright
