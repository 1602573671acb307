// The rounds of a core where a mask makes every query tile see other keys.
#pragma once

#include <cstdint>

#include "costmodel/op_costs.h"
#include "costmodel/pipeline.h"
#include "costmodel/visible_sums.h"
#include "schedules/plan.h"
#include "schedules/visible.h"

namespace tilewright {

/// What sets rounds of the same group apart.
struct MaskedRound {
  std::int64_t rows = 0;
  std::int64_t sub_tiles = 0;
  std::int64_t cols = 0;
  std::int64_t masked_cols = 0;
  std::int64_t due = 0;  ///< the last so many sub-tiles have to be loaded
  bool narrow = false;   ///< the last sub-tile is the narrow one at the end of the keys
  // Online alone: of the sub-tiles, so many in front and then so many that every row sees whole.
  std::int64_t lead = 0;
  std::int64_t whole = 0;
  /// In an online bound: other candidates may have more sub-tiles and so another program. Only the
  /// work on every queue counts.
  bool loose = false;
  bool masks(std::int64_t step) const { return step < lead || step >= lead + whole; }
  bool operator==(const MaskedRound&) const = default;
};

/// What every candidate of a set does at a position, at least. `q_tiles`, `sub_tiles`: of all.
Visible least_visible(const Shape& shape, const Tiling& low, const MaskedBox& high,
                      const TileCounts& counts, const CoreRounds& rounds, std::int64_t position);

class MaskedRounds {
 public:
  /// Referenced objects must outlive this one.
  MaskedRounds(const Shape& shape, const Tiling& tiling, const CoreRounds& rounds,
               const PhasePlan& phase, const TransferCost& transfer, const VectorCost& vector)
      : shape_(shape),
        tiling_(tiling),
        rounds_(rounds),
        phase_(phase),
        transfer_(transfer),
        vector_(vector) {}

  /// The least over a set of candidates: fewest sub-tiles, of the loads of a resident operand those
  /// that all have at the same position, and all columns' worth of matmuls where that is more.
  MaskedRounds(const MaskedRounds& low, const MaskedBox& high, const TileCounts& counts,
               const MatrixUnit& unit)
      : MaskedRounds(low) {
    high_ = &high;
    counts_ = &counts;
    unit_ = &unit;
  }

  MaskedRound at(std::int64_t position) const;

  /// The same; sets `there` to the sub-tiles that it leaves.
  MaskedRound at(std::int64_t position, std::int64_t& there) const;

  /// at(position) if the position before, if any, left the sub-tiles up to `there`, which is set
  /// to what this one leaves.
  MaskedRound next(std::int64_t position, std::int64_t& there) const;

  /// The first position after `position` that is not like it, as `round`, or is the last one. The
  /// one right behind is like it, and neither is the first or the last one.
  std::int64_t alike_until(std::int64_t position, const MaskedRound& round) const;

  /// `base`: the durations of a round that sees all sub-tiles, of full rows or the last ones.
  RoundTimes times(const MaskedRound& round, const RoundTimes& base) const;

 private:
  Visible see(std::int64_t position) const;
  std::int64_t seen_until(std::int64_t position) const;
  std::int64_t left_by(std::int64_t position) const;
  bool knows_loads() const;
  MaskedRound round_of(const Visible& visible, std::int64_t position) const;
  MaskedRound next_exact(std::int64_t position, std::int64_t& there) const;
  MaskedRound next_least(std::int64_t position, std::int64_t& there) const;

  const Shape& shape_;
  const Tiling& tiling_;
  const CoreRounds& rounds_;
  const PhasePlan& phase_;
  const TransferCost& transfer_;
  const VectorCost& vector_;
  const MaskedBox* high_ = nullptr;
  const TileCounts* counts_ = nullptr;
  const MatrixUnit* unit_ = nullptr;
};

}  // namespace tilewright
