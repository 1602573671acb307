// Runs the cases of a job that the store has no outcome of.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>

#include "batch/cases.h"
#include "batch/store.h"

namespace tilewright {

struct RunOptions {
  int jobs = 0;  ///< searches at once; 0: as many as there are cores
  const std::atomic<bool>* stop = nullptr;
  /// Called now and then with the searches done and those to do, from one thread at a time.
  std::function<void(std::int64_t done, std::int64_t all)> progress;
};

struct RunSummary {
  std::int64_t cases = 0;
  std::int64_t reused = 0;    ///< distinct searches that the store had
  std::int64_t searches = 0;  ///< distinct searches done now
  bool interrupted = false;
};

/// What is still to be searched, each distinct search once.
std::vector<Case> open_cases(const CaseList& cases, const Store& store);

/// How long all cases would take, from a few that are tried, with what that is based on.
std::string estimate_text(const CaseList& cases);

/// Throws FileError if the store cannot be written; what was finished before is in it.
RunSummary run_cases(const CaseList& cases, Store& store, const RunOptions& options);

/// One case. Never throws for what a case may have wrong: that is its outcome. Empty if `stop`
/// ended it early.
std::optional<Outcome> run_case(const CaseList& cases, const Case& item, int threads,
                                const std::atomic<bool>* stop,
                                const std::optional<Tiling>& start = std::nullopt);

/// Cases one after the other, each started from the answer of its neighbour in a sweep. For one
/// thread.
class CaseRunner {
 public:
  explicit CaseRunner(const CaseList& cases);
  /// As run_case().
  std::optional<Outcome> run(const Case& item, int threads, const std::atomic<bool>* stop);

 private:
  const CaseList& cases_;
  bool starts_;  ///< only where the answer does not depend on it
  Case last_;
  std::optional<Tiling> found_;
};

}  // namespace tilewright
