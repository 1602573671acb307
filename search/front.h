// Pareto fronts: the candidates that no other one betters in every figure asked for.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "costmodel/evaluator.h"
#include "search/excluded.h"

namespace tilewright {

enum class FrontAxis : std::uint8_t { kLatency, kEnergy, kEdp, kTraffic, kL1 };
inline constexpr std::size_t kFrontAxes = 5;

struct FrontAxisName {
  FrontAxis axis;
  std::string_view name;
};
std::span<const FrontAxisName> all_front_axes();

/// Figures by FrontAxis; 0 on the axes that were not asked for.
using FrontValues = std::array<Wide, kFrontAxes>;

/// Which figures are traded for each other.
class FrontAxes {
 public:
  /// "pareto:latency,energy,l1"; throws InputError naming the axis.
  static FrontAxes parse(std::string_view objective);

  bool has(FrontAxis axis) const { return has_[static_cast<std::size_t>(axis)]; }
  FrontValues values(const Figures& figures) const;
  /// The objectives for which a candidate takes its best L0 tiles, one point for each.
  std::span<const Objective> l0_objectives() const;

 private:
  std::array<bool, kFrontAxes> has_{};
};

/// True for an objective that is a front: "pareto:...".
bool is_front(std::string_view objective);

/// One point. Points of equal values rank by (cycles, energy, peak L1, factors), as everywhere.
struct FrontPoint {
  FrontValues values;
  Candidate candidate;
  Objective l0_objective = Objective::kLatency;  ///< the L0 tiles are the best for it
};

/// `a` is nowhere above `b`.
bool covers(const FrontValues& a, const FrontValues& b);

/// Points of which none covers another, by ascending values.
class Front {
 public:
  /// Takes the point unless another one covers it; of equal ones the first in rank stays.
  void offer(const FrontPoint& point);
  void offer(const Front& other);
  /// Whether any candidate that is nowhere below `values` and `least`, and not before `low` in the
  /// order of factors, could enter.
  Standing standing(const FrontValues& values, const Figures& least, const Tiling& low) const;
  const std::vector<FrontPoint>& points() const { return points_; }

 private:
  std::vector<FrontPoint> points_;
};

/// Offers `front` the points of a candidate if it is legal and fits.
void offer_candidate(Front& front, const FrontAxes& axes, Evaluator& evaluator,
                     const Tiling& tiling);

/// The point farthest below the line (plane) between the extremes of the front, with the logarithms
/// of the figures on the axes; empty for an empty front.
std::optional<std::size_t> knee_of(const FrontAxes& axes, std::span<const FrontPoint> points);

/// How far below the front any point may be that is nowhere below one of `bounds`: the least g such
/// that for every bound some point of the front, times 1 - g, is nowhere above it. 1 without
/// points.
double front_gap(std::span<const FrontPoint> points, std::span<const FrontValues> bounds);

}  // namespace tilewright
