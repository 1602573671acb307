// The cases of a job: its cross product, with everything loaded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "batch/job.h"
#include "hw_profiles/hardware.h"
#include "schedules/workload.h"
#include "search/tune.h"

namespace tilewright {

/// Raised whenever the same inputs may give another answer: stored results of another version are
/// not mixed with new ones.
inline constexpr int kModelVersion = 1;

struct SweptFigure {
  std::string key;
  std::string value;
  std::size_t number = 0;  ///< of the value in its sweep
};

/// A profile of the job, or why there is none.
struct HardwareInput {
  std::string name;
  std::string base;  ///< without sweeps: the name
  std::vector<SweptFigure> swept;
  Hardware hardware;   ///< without its sources
  std::string inputs;  ///< digest of all that a result depends on
  std::string error;   ///< if it cannot be used
};

/// A workload of the job, or why there is none.
struct WorkloadInput {
  std::string name;
  Workload workload;
  std::string inputs;
  std::string error;
};

/// Indices into CaseList.
struct Case {
  std::size_t hardware = 0;
  std::size_t workload = 0;
  std::size_t objective = 0;
  std::size_t schedule = 0;
};

/// Loads what a job names. One file that cannot be used is an error of its cases alone.
class CaseList {
 public:
  /// Throws InputError where the job itself is wrong: a pattern that fits nothing, a figure that a
  /// profile does not have.
  explicit CaseList(const Job& job);

  const Job& job() const { return job_; }
  const std::vector<HardwareInput>& hardware() const { return hardware_; }
  const std::vector<WorkloadInput>& workloads() const { return workloads_; }
  const std::vector<ScheduleChoice>& schedules() const { return job_.schedules; }
  /// The variant that a schedule runs in: never empty.
  const std::string& variant(const Case& item) const { return variants_[item.schedule]; }

  /// Calls visit(case) for all cases in the order of tables: hardware, workload, objective,
  /// schedule.
  void for_each(const std::function<void(const Case&)>& visit) const;
  /// The same with neighbours of a sweep one after the other: workload, objective, schedule,
  /// hardware.
  void for_each_by_neighbours(const std::function<void(const Case&)>& visit) const;
  std::size_t count() const;

  /// A digest of everything that the result of a case depends on.
  std::string key(const Case& item) const;
  TuneOptions options(const Case& item) const;

 private:
  void load_hardware(const HardwareChoice& choice);
  void add_profiles(const std::string& name, const HardwareChoice& choice);
  void load_workloads(const std::string& pattern);
  void name_workloads();
  bool is_included(const Case& item) const;
  bool fits(const CaseRule& rule, const Case& item) const;

  Job job_;
  std::vector<HardwareInput> hardware_;
  std::set<std::string> names_;  ///< of profiles
  std::vector<WorkloadInput> workloads_;
  std::vector<std::string> variants_;
  std::string search_inputs_;
};

}  // namespace tilewright
