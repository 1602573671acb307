// The results of one run of the program, and how they compare to each other.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "costmodel/objective.h"
#include "hw_profiles/hardware.h"
#include "search/result.h"

namespace tilewright {

struct ResultSet {
  /// By workload, then by schedule; a workload's results stand next to each other.
  std::vector<Result> results;
  /// A run of several cases: its document is a list even if it was stopped after the first.
  bool list = false;
  bool interrupted = false;
  std::string baseline;  ///< schedule that ratios refer to; empty: not a comparison
  EnergyTable energy;    ///< of the machine; a comparison says what saves it
};

/// Both ways.
double traffic_bytes(const Cost& cost);

/// The figure that was minimised, in objective_unit(); none without a tiling.
std::optional<double> objective_value(const Result& result);

/// The same exactly, of a cost; `objective` by its name.
Wide exact_objective(const Cost& cost, std::string_view objective);

/// The result that `result` is compared to: same workload, baseline schedule. Null if none.
const Result* baseline_of(const ResultSet& set, const Result& result);

/// How many times better than the baseline (> 1: faster, or less energy, ...).
std::optional<double> ratio_to_baseline(const ResultSet& set, const Result& result);

/// True for the best result of its workload, and for all that tie with it, of two or more.
bool is_winner(const ResultSet& set, const Result& result);

/// Of positive values; 1 for none.
double geometric_mean(std::span<const double> values);

struct MeanRatio {
  std::string schedule;
  std::string variant;
  double ratio = 1;
  std::size_t workloads = 0;  ///< in which both this schedule and the baseline fit
};

/// One entry per schedule, in order of appearance, the baseline included; schedules that share no
/// workload with the baseline are left out.
std::vector<MeanRatio> mean_ratios(const ResultSet& set);

}  // namespace tilewright
