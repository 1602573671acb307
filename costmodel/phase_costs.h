// From a phase of a plan to its slots in L1.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "common/math.h"
#include "costmodel/masked_rounds.h"
#include "hw_profiles/hardware.h"
#include "schedules/plan.h"

namespace tilewright {

/// One kind of slot of a phase.
struct SlotKind {
  Operand operand = Operand::kNone;
  std::int64_t slot_bytes = 0;  ///< aligned
  std::int64_t slots = 0;
  std::int64_t copies = 1;  ///< cores whose slots share the L1

  std::int64_t bytes() const { return slot_bytes * slots * copies; }
};

struct Footprint {
  std::array<SlotKind, 8> kinds{};
  std::size_t count = 0;
  std::int64_t bytes = 0;  ///< of the one shared L1, or of one core's own
};

/// Everything about the sizes of a candidate. For a box of candidates with the same tile counts the
/// sizes are each one's least over the box, which bounds every duration and slot from below.
template <typename Number>
struct SizesOf {
  TilingOf<Number> tiling;  ///< heads, q_rows and kv_cols are the full tiles' sizes
  TileCountsOf<Number> counts;
  CoreRoundsOf<Number> busiest;
  Number active = 1;       ///< cores with any work
  Number overwritten = 0;  ///< sub-tiles that give way to P
  /// Of a box: phases with rows of their own, which are not the least together with the others, are
  /// left out of the peak.
  bool of_box = false;
  /// Sub-tiles of a round for the slots of O in epochs, if not as counted: more sub-tiles need
  /// fewer.
  std::int64_t most_sub_tiles = 0;
  std::int64_t most_q_tiles = 0;  ///< the same of query tiles, for the slots of K
  VisibleSums visible;            ///< with a mask only
};
using Sizes = SizesOf<std::int64_t>;

/// Without a mask, if not of one candidate.
template <typename Number>
SizesOf<Number> sizes_of(const Shape& shape, const TilingOf<Number>& tiling,
                         const CoreLayout& layout);
extern template Sizes sizes_of(const Shape& shape, const Tiling& tiling, const CoreLayout& layout);

/// Slots of `phase`: static, as many as the busiest core can use.
Footprint footprint(const Shape& shape, const Sizes& sizes, const CoreLayout& layout,
                    const Divisor& alignment, const PhasePlan& phase);

/// Bytes of all rows of an input or output for one pair and layer; `full`: of a whole row.
template <typename Number>
std::int64_t rows_bytes(const Shape& shape, const SizesOf<Number>& sizes, Operand operand,
                        std::int64_t full) {
  const bool scores = operand == Operand::kS || operand == Operand::kP || operand == Operand::kBias;
  return shape.mask.causal && scores ? full / shape.cols * sizes.visible.scores : shape.rows * full;
}

/// What all cores together load as the input and store as the output of a phase for one pair and
/// layer. In a split of keys and values each goes through all rows and stores a part of every one.
template <typename Number>
Number input_bytes(const Shape& shape, const SizesOf<Number>& sizes, const PhasePlan& phase) {
  const std::int64_t bytes = rows_bytes(shape, sizes, phase.input, phase.input_row_bytes);
  return phase.merges || phase.makes_parts() ? sizes.active * bytes : Number(bytes);
}
template <typename Number>
Number output_bytes(const Shape& shape, const SizesOf<Number>& sizes, const PhasePlan& phase) {
  const std::int64_t bytes = rows_bytes(shape, sizes, phase.output, phase.output_row_bytes);
  return phase.makes_parts() ? sizes.active * bytes : Number(bytes);
}

/// Of a bias that is added to the scores: what all cores together load of it, as above.
template <typename Number>
std::int64_t bias_bytes(const Shape& shape, const SizesOf<Number>& sizes, const PhasePlan& phase) {
  return rows_bytes(shape, sizes, Operand::kBias, phase.bias_row_bytes);
}

/// Bytes of K (V) that all cores load together for one pair and layer.
template <typename Number>
Number stream_bytes(const Shape& shape, const SizesOf<Number>& sizes, const CoreLayout& layout,
                    MatmulKind kind) {
  const TilingOf<Number>& t = sizes.tiling;
  if (shape.mask.causal) {
    return Number(t.kv_resident ? sizes.visible.resident_cols : sizes.visible.streamed_cols) *
           stream_col_bytes(shape, kind);
  }
  const bool queries = t.core_split == CoreSplit::kQuery;
  const bool together = queries && layout.l1_shared;
  const Number passes =
      together ? divided_up(sizes.counts.q_tiles, Number(layout.cores)) : sizes.counts.q_tiles;
  const Number copies = queries && !together ? sizes.active : Number(1);
  Number resident = t.kv_resident ? shape.cols : 0;
  if (t.overwrite == (kind == MatmulKind::kQK ? Overwrite::kKey : Overwrite::kValue)) {
    resident = choose(sizes.overwritten > 0,
                      Number((sizes.counts.sub_tiles - sizes.overwritten) * t.kv_cols), resident);
  }
  const Number cols = copies * resident + passes * (shape.cols - resident);
  return cols * stream_col_bytes(shape, kind);
}

/// The largest footprint over the phases. Without a mask, if not of one candidate.
template <typename Number>
Number peak_bytes(const Shape& shape, const SizesOf<Number>& sizes, const CoreLayout& layout,
                  const Divisor& alignment, std::span<const PhasePlan> phases);
extern template std::int64_t peak_bytes(const Shape& shape, const Sizes& sizes,
                                        const CoreLayout& layout, const Divisor& alignment,
                                        std::span<const PhasePlan> phases);

}  // namespace tilewright
