#include "search/front.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "common/error.h"
#include "common/text.h"
#include "search/strategy.h"

namespace tilewright {
namespace {

constexpr std::string_view kPrefix = "pareto:";

/// Of points with equal values.
std::strong_ordering rank(const Figures& a, const Figures& b) {
  // The objective is no part of it.
  const RankKey left{{}, a.cycles, a.energy_fj, a.l1_peak_bytes};
  const RankKey right{{}, b.cycles, b.energy_fj, b.l1_peak_bytes};
  return left <=> right;
}

bool ranks_before(const FrontPoint& a, const FrontPoint& b) {
  if (const auto by = rank(a.candidate.figures, b.candidate.figures); by != 0) {
    return by < 0;
  }
  if (a.candidate.tiling != b.candidate.tiling) {
    return a.candidate.tiling < b.candidate.tiling;
  }
  return a.l0_objective < b.l0_objective;
}

FrontAxis axis_of(std::string_view name) {
  std::vector<std::string> names;
  for (const FrontAxisName& known : all_front_axes()) {
    if (known.name == name) {
      return known.axis;
    }
    names.emplace_back(known.name);
  }
  throw InputError(fmt::format("objective 'pareto': unknown axis '{}'{}", printable(name),
                               suggestion(name, names)));
}

}  // namespace

std::span<const FrontAxisName> all_front_axes() {
  static constexpr std::array<FrontAxisName, kFrontAxes> kTable{{
      {FrontAxis::kLatency, "latency"},
      {FrontAxis::kEnergy, "energy"},
      {FrontAxis::kEdp, "edp"},
      {FrontAxis::kTraffic, "traffic"},
      {FrontAxis::kL1, "l1"},
  }};
  return kTable;
}

bool is_front(std::string_view objective) {
  return objective.substr(0, kPrefix.size()) == kPrefix || objective == "pareto";
}

FrontAxes FrontAxes::parse(std::string_view objective) {
  FrontAxes axes;
  std::string_view rest = objective.substr(std::min(kPrefix.size(), objective.size()));
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    bool& has = axes.has_[static_cast<std::size_t>(axis_of(rest.substr(0, comma)))];
    if (has) {
      throw InputError(fmt::format("objective '{}': axis '{}' is given twice", printable(objective),
                                   rest.substr(0, comma)));
    }
    has = true;
    if (comma + 1 == rest.size()) {
      throw InputError(fmt::format("objective '{}': ends with a comma", printable(objective)));
    }
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  if (std::count(axes.has_.begin(), axes.has_.end(), true) < 2) {
    throw InputError(fmt::format(
        "objective '{}': a front needs two or more of latency, energy, edp, traffic and l1, "
        "e.g. pareto:latency,energy,l1",
        printable(objective)));
  }
  return axes;
}

FrontValues FrontAxes::values(const Figures& figures) const {
  const std::array<Wide, kFrontAxes> all{
      objective_value(Objective::kLatency, figures), objective_value(Objective::kEnergy, figures),
      objective_value(Objective::kEdp, figures), objective_value(Objective::kTraffic, figures),
      Wide::product(static_cast<std::uint64_t>(figures.l1_peak_bytes), 1)};
  FrontValues values{};
  for (std::size_t i = 0; i < kFrontAxes; ++i) {
    values[i] = has_[i] ? all[i] : Wide{};
  }
  return values;
}

std::span<const Objective> FrontAxes::l0_objectives() const {
  static constexpr std::array<Objective, 3> kAll{Objective::kLatency, Objective::kEnergy,
                                                 Objective::kEdp};
  // L0 tiles change neither traffic nor peak L1.
  const bool one = !has(FrontAxis::kEnergy) && !has(FrontAxis::kEdp);
  return std::span(kAll).first(one ? 1 : kAll.size());
}

bool covers(const FrontValues& a, const FrontValues& b) {
  for (std::size_t i = 0; i < kFrontAxes; ++i) {
    if (a[i] > b[i]) {
      return false;
    }
  }
  return true;
}

void Front::offer(const FrontPoint& point) {
  const auto lower = std::lower_bound(
      points_.begin(), points_.end(), point.values,
      [](const FrontPoint& a, const FrontValues& values) { return a.values < values; });
  if (lower != points_.end() && lower->values == point.values) {
    if (ranks_before(point, *lower)) {
      *lower = point;
    }
    return;
  }
  const auto covering = [&](const FrontPoint& other) { return covers(other.values, point.values); };
  if (std::any_of(points_.begin(), lower, covering)) {
    return;
  }
  const auto at = points_.insert(lower, point);
  points_.erase(std::remove_if(at + 1, points_.end(),
                               [values = point.values](const FrontPoint& other) {
                                 return covers(values, other.values);
                               }),
                points_.end());
}

void Front::offer(const Front& other) {
  for (const FrontPoint& point : other.points_) {
    offer(point);
  }
}

Standing Front::standing(const FrontValues& values, const Figures& least, const Tiling& low) const {
  for (const FrontPoint& point : points_) {
    if (point.values[0] > values[0]) {
      return Standing::kOpen;  // so are all that follow
    }
    if (!covers(point.values, values)) {
      continue;
    }
    if (point.values != values) {
      return Standing::kBehind;
    }
    if (const auto by = rank(least, point.candidate.figures); by != 0) {
      return by > 0 ? Standing::kBehind : Standing::kOpen;
    }
    Tiling lowest = low;
    lowest.l0_qk = point.candidate.tiling.l0_qk;
    lowest.l0_pv = point.candidate.tiling.l0_pv;
    return lowest > point.candidate.tiling ? Standing::kTied : Standing::kOpen;
  }
  return Standing::kOpen;
}

void offer_candidate(Front& front, const FrontAxes& axes, Evaluator& evaluator,
                     const Tiling& tiling) {
  for (const Objective objective : axes.l0_objectives()) {
    if (const auto candidate = try_candidate(evaluator, tiling, objective)) {
      front.offer({axes.values(candidate->figures), *candidate, objective});
    }
  }
}

std::optional<std::size_t> knee_of(const FrontAxes& axes, std::span<const FrontPoint> points) {
  if (points.empty()) {
    return std::nullopt;
  }
  // With every axis from 0 to 1 the extremes span the plane of sum 1: the least sum is farthest.
  std::vector<double> sums(points.size(), 0.0);
  for (const FrontAxisName& axis : all_front_axes()) {
    if (!axes.has(axis.axis)) {
      continue;
    }
    std::vector<double> logs;
    for (const FrontPoint& point : points) {
      logs.push_back(std::log(point.values[static_cast<std::size_t>(axis.axis)].to_double()));
    }
    const auto [least, most] = std::minmax_element(logs.begin(), logs.end());
    const double range = *most - *least;
    for (std::size_t i = 0; i < sums.size() && range > 0; ++i) {
      sums[i] += (logs[i] - *least) / range;
    }
  }
  return static_cast<std::size_t>(std::min_element(sums.begin(), sums.end()) - sums.begin());
}

double front_gap(std::span<const FrontPoint> points, std::span<const FrontValues> bounds) {
  double gap = 0;
  for (const FrontValues& bound : bounds) {
    double nearest = 1;
    for (const FrontPoint& point : points) {
      double worst = 0;
      for (std::size_t i = 0; i < kFrontAxes && worst < nearest; ++i) {
        const double value = point.values[i].to_double();
        worst = value > 0 ? std::max(worst, 1 - bound[i].to_double() / value) : worst;
      }
      nearest = std::min(nearest, worst);
    }
    gap = std::max(gap, nearest);
  }
  return gap;
}

}  // namespace tilewright
