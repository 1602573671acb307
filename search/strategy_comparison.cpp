#include "search/strategy_comparison.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tilewright {
namespace {

constexpr double kNear = 1.01;
constexpr double kNever = std::numeric_limits<double>::infinity();

/// Of an even number, the larger one of the two in the middle. `values` is not empty.
double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

std::optional<double> median_where_reached(std::vector<double> values) {
  const double value = median(std::move(values));
  return value == kNever ? std::nullopt : std::optional<double>(value);
}

template <typename Item, typename Figure>
std::vector<double> figures_of(std::span<const Item> items, const Figure& figure) {
  std::vector<double> values;
  values.reserve(items.size());
  for (const Item& item : items) {
    values.push_back(figure(item));
  }
  return values;
}

StrategySummary summary_of(std::span<const StrategyCase> cases) {
  const auto ratios = figures_of(cases, [](const StrategyCase& c) { return c.ratio(); });
  const auto share = [&](double most) {
    const auto within =
        std::count_if(ratios.begin(), ratios.end(), [most](double r) { return r <= most; });
    return static_cast<double>(within) / static_cast<double>(ratios.size());
  };
  double logs = 0;
  for (const double ratio : ratios) {
    logs += std::log(ratio);
  }
  StrategySummary summary;
  summary.limit = cases.front().limit;
  summary.strategy = cases.front().strategy;
  summary.cases = cases.size();
  summary.optimal = share(1);
  summary.within_1 = share(kNear);
  summary.within_5 = share(1.05);
  summary.mean_ratio = std::exp(logs / static_cast<double>(ratios.size()));
  summary.worst_ratio = *std::max_element(ratios.begin(), ratios.end());
  summary.evaluations_to_near = median_where_reached(figures_of(
      cases, [](const StrategyCase& c) { return c.median.evaluations_to_near.value_or(kNever); }));
  summary.seconds_to_near = median_where_reached(figures_of(
      cases, [](const StrategyCase& c) { return c.median.seconds_to_near.value_or(kNever); }));
  return summary;
}

}  // namespace

StrategyRun strategy_run(const Result& result, double optimum) {
  StrategyRun run;
  for (const ConvergencePoint& point : result.convergence) {
    if (!point.incumbent) {
      continue;
    }
    run.value = *point.incumbent;
    if (!run.evaluations_to_near && run.value <= kNear * optimum) {
      run.evaluations_to_near = static_cast<double>(point.evaluated);
      run.seconds_to_near = point.seconds;
    }
  }
  return run;
}

StrategyRun median_run(std::span<const StrategyRun> runs) {
  StrategyRun middle;
  middle.value = median(figures_of(runs, [](const StrategyRun& run) { return run.value; }));
  middle.evaluations_to_near = median_where_reached(figures_of(
      runs, [](const StrategyRun& run) { return run.evaluations_to_near.value_or(kNever); }));
  middle.seconds_to_near = median_where_reached(figures_of(
      runs, [](const StrategyRun& run) { return run.seconds_to_near.value_or(kNever); }));
  return middle;
}

std::vector<StrategySummary> summaries(std::span<const StrategyCase> cases) {
  std::vector<std::vector<StrategyCase>> groups;
  for (const StrategyCase& item : cases) {
    const auto group = std::find_if(groups.begin(), groups.end(), [&](const auto& known) {
      return known.front().limit == item.limit && known.front().strategy == item.strategy;
    });
    if (group == groups.end()) {
      groups.push_back({item});
    } else {
      group->push_back(item);
    }
  }
  std::vector<StrategySummary> all;
  all.reserve(groups.size());
  for (const std::vector<StrategyCase>& group : groups) {
    all.push_back(summary_of(group));
  }
  return all;
}

}  // namespace tilewright
