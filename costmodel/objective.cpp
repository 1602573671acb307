#include "costmodel/objective.h"

#include <algorithm>

namespace tilewright {

Figures larger(const Figures& a, const Figures& b) {
  return {std::max(a.cycles, b.cycles), std::max(a.energy_fj, b.energy_fj),
          std::max(a.traffic_bytes, b.traffic_bytes), std::max(a.l1_peak_bytes, b.l1_peak_bytes)};
}

Wide Wide::product(UInt128 value, std::uint64_t factor) {
  const UInt128 low = static_cast<UInt128>(static_cast<std::uint64_t>(value)) * factor;
  const UInt128 high = (value >> 64U) * factor;
  return {high + (low >> 64U), static_cast<std::uint64_t>(low)};
}

double Wide::to_double() const {
  constexpr double kTwo64 = 18446744073709551616.0;
  return static_cast<double>(high) * kTwo64 + static_cast<double>(low);
}

Wide objective_value(Objective objective, const Figures& figures) {
  const auto cycles = static_cast<std::uint64_t>(figures.cycles);
  const auto energy = static_cast<UInt128>(figures.energy_fj);
  switch (objective) {
    case Objective::kLatency:
      return Wide::product(cycles, 1);
    case Objective::kEnergy:
      return Wide::product(energy, 1);
    case Objective::kEdp:
      return Wide::product(energy, cycles);
    case Objective::kTraffic:
      return Wide::product(static_cast<std::uint64_t>(figures.traffic_bytes), 1);
  }
  return {};
}

namespace {

template <typename T>
std::strong_ordering order(const T& a, const T& b) {
  return a < b ? std::strong_ordering::less
               : (b < a ? std::strong_ordering::greater : std::strong_ordering::equal);
}

}  // namespace

std::strong_ordering RankKey::operator<=>(const RankKey& other) const {
  if (const auto by = order(objective.high, other.objective.high); by != 0) {
    return by;
  }
  if (const auto by = order(objective.low, other.objective.low); by != 0) {
    return by;
  }
  if (const auto by = order(cycles, other.cycles); by != 0) {
    return by;
  }
  if (const auto by = order(energy_fj, other.energy_fj); by != 0) {
    return by;
  }
  return order(l1_peak_bytes, other.l1_peak_bytes);
}

RankKey rank_key(Objective objective, const Figures& figures) {
  return {objective_value(objective, figures), figures.cycles, figures.energy_fj,
          figures.l1_peak_bytes};
}

bool ranks_before(Objective objective, const Candidate& a, const Candidate& b) {
  const auto by = rank_key(objective, a.figures) <=> rank_key(objective, b.figures);
  return by != 0 ? by < 0 : a.tiling < b.tiling;
}

}  // namespace tilewright
