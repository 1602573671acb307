#include "report/result_set.h"

#include <algorithm>
#include <cmath>

#include "search/objectives.h"

namespace tilewright {

double traffic_bytes(const Cost& cost) {
  return static_cast<double>(cost.dram_read_bytes) + static_cast<double>(cost.dram_write_bytes);
}

std::optional<double> objective_value(const Result& result) {
  if (!result.tiling) return std::nullopt;
  const auto cycles = static_cast<double>(result.cost.cycles);
  const auto energy = static_cast<double>(result.cost.energy_fj);
  if (result.objective == "energy") return energy;
  if (result.objective == "edp") return energy * cycles;
  if (result.objective == "traffic") return traffic_bytes(result.cost);
  return cycles;
}

Wide exact_objective(const Cost& cost, std::string_view objective) {
  const Figures figures{cost.cycles, cost.energy_fj, cost.dram_read_bytes + cost.dram_write_bytes,
                        cost.l1_peak_bytes};
  return objective_value(find_objective(objective), figures);
}

const Result* baseline_of(const ResultSet& set, const Result& result) {
  for (const Result& other : set.results) {
    if (other.schedule == set.baseline && other.workload == result.workload) return &other;
  }
  return nullptr;
}

std::optional<double> ratio_to_baseline(const ResultSet& set, const Result& result) {
  const Result* baseline = baseline_of(set, result);
  if (baseline == nullptr) return std::nullopt;
  const std::optional<double> reference = objective_value(*baseline);
  const std::optional<double> own = objective_value(result);
  if (!reference || !own || *reference <= 0 || *own <= 0) return std::nullopt;
  return *reference / *own;
}

bool is_winner(const ResultSet& set, const Result& result) {
  const std::optional<double> own = objective_value(result);
  if (!own) return false;
  std::size_t rivals = 0;
  for (const Result& other : set.results) {
    if (other.workload != result.workload) continue;
    ++rivals;
    const std::optional<double> value = objective_value(other);
    if (value && *value < *own) return false;
  }
  return rivals > 1;
}

double geometric_mean(std::span<const double> values) {
  if (values.empty()) return 1;
  double sum = 0;
  for (const double value : values) sum += std::log(value);
  return std::exp(sum / static_cast<double>(values.size()));
}

std::vector<MeanRatio> mean_ratios(const ResultSet& set) {
  std::vector<MeanRatio> means;
  std::vector<std::vector<double>> ratios;
  for (const Result& result : set.results) {
    const std::optional<double> ratio = ratio_to_baseline(set, result);
    if (!ratio) continue;
    const auto known = std::find_if(means.begin(), means.end(), [&](const MeanRatio& mean) {
      return mean.schedule == result.schedule;
    });
    const auto index = static_cast<std::size_t>(known - means.begin());
    if (known == means.end()) {
      means.push_back({result.schedule, result.variant, 1, 0});
      ratios.emplace_back();
    }
    ratios[index].push_back(*ratio);
  }
  for (std::size_t i = 0; i < means.size(); ++i) {
    means[i].ratio = geometric_mean(ratios[i]);
    means[i].workloads = ratios[i].size();
  }
  return means;
}

}  // namespace tilewright
