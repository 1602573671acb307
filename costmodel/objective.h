// What a search minimises, and the total order of candidates.
#pragma once

#include <compare>
#include <cstdint>

#include "common/math.h"
#include "schedules/tiling.h"

namespace tilewright {

enum class Objective : std::uint8_t { kLatency, kEnergy, kEdp, kTraffic };

/// The figures candidates are ranked by, for all layers.
struct Figures {
  std::int64_t cycles = 0;
  Int128 energy_fj = 0;
  std::int64_t traffic_bytes = 0;  ///< DRAM, both ways
  std::int64_t l1_peak_bytes = 0;
  bool operator==(const Figures&) const = default;
};

/// The larger of two lower bounds, figure by figure.
Figures larger(const Figures& a, const Figures& b);

/// Unsigned 192-bit product, enough for energy x delay.
struct Wide {
  UInt128 high = 0;
  std::uint64_t low = 0;
  auto operator<=>(const Wide&) const = default;
  static Wide product(UInt128 value, std::uint64_t factor);
  double to_double() const;
};

Wide objective_value(Objective objective, const Figures& figures);

/// (objective, cycles, energy, peak L1): compared before the factors. A lower bound of each of the
/// four gives a key that no candidate's key is below.
struct RankKey {
  Wide objective;
  std::int64_t cycles = 0;
  Int128 energy_fj = 0;
  std::int64_t l1_peak_bytes = 0;
  std::strong_ordering operator<=>(const RankKey& other) const;
  bool operator==(const RankKey&) const = default;
};

RankKey rank_key(Objective objective, const Figures& figures);

/// A candidate with its L0 tiles filled in.
struct Candidate {
  Tiling tiling;
  Figures figures;
};

/// The order that all strategies break ties by: the key, then the factors, ascending.
bool ranks_before(Objective objective, const Candidate& a, const Candidate& b);

}  // namespace tilewright
