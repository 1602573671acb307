// The results of a batch in one SQLite file; docs/batch.md has its schema for other programs.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

#include "batch/cases.h"
#include "search/result.h"

namespace tilewright {

enum class CaseStatus : std::uint8_t {
  kSolved,      ///< has a tiling
  kInfeasible,  ///< nothing fits the machine, or nothing was found within the limits
  kRefused,     ///< the schedule cannot run the workload
  kFailed       ///< the profile or the workload cannot be used
};

std::string_view status_name(CaseStatus status);

/// What became of a case: everything that tables need, and what the search took.
struct Outcome {
  CaseStatus status = CaseStatus::kSolved;
  std::string message;  ///< why there is no tiling
  bool proven = false;
  double gap = 0;
  Tiling tiling;
  Cost cost;
  Int128 evaluated = 0;
  double seconds = 0;
};

/// A case with its names and its outcome, if it has one yet.
struct StoredCase {
  std::string hw;
  std::string workload;
  std::string objective;
  std::string schedule;
  std::string variant;
  std::int64_t clock_hz = 0;
  std::int64_t l1_capacity_bytes = 0;
  std::optional<Outcome> outcome;
  std::string tile_sizes;                    ///< of the job
  std::string base;                          ///< of the profile; without sweeps `hw`
  std::map<std::string, std::string> swept;  ///< figures of the profile, by key
};

/// Thread-safe. Every outcome is in the file when put() returns, whatever happens to the process
/// afterwards. Throws FileError (with the reason: disk full, not a store, ...).
class Store {
 public:
  /// Opens DIR/results.sqlite, and makes it if there is none.
  explicit Store(const std::string& folder);
  /// Opens one that is there, for reading; throws InputError if there is none.
  static Store existing(const std::string& folder);
  ~Store();
  Store(Store&&) noexcept;
  Store& operator=(Store&&) = delete;

  /// Version of the model that made the outcomes; empty if there are none.
  std::optional<int> model_version() const;
  /// Forgets all outcomes.
  void clear_outcomes();

  /// Makes the cases of a job those of the store; outcomes stay for what is still the same. Returns
  /// how many cases that the store had by name have other inputs now.
  std::int64_t set_cases(const CaseList& cases);
  /// Name and baseline of the job that was set.
  std::string job_name() const;
  std::string baseline() const;

  std::unordered_set<std::string> keys() const;  ///< of all outcomes
  void put(const std::string& key, const Outcome& outcome);
  std::int64_t outcome_count() const;

  /// Calls visit(case) for every case of the job in the order of tables.
  void for_each(const std::function<void(const StoredCase&)>& visit) const;

  /// The swept figures of a profile, by key; empty if it is not swept.
  struct ProfileFigure {
    std::string hw;
    std::string base;
    std::string key;
    std::string value;
  };
  std::vector<ProfileFigure> swept_figures() const;

 private:
  class Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tilewright
