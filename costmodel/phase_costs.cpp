#include "costmodel/phase_costs.h"

#include <algorithm>

#include "common/math.h"

namespace tilewright {

void Footprint::add(Operand operand, std::int64_t slot_bytes, std::int64_t slots,
                    std::int64_t copies, std::int64_t alignment) {
  if (slot_bytes > 0 && slots > 0) {
    const std::int64_t aligned = alignment == 1 ? slot_bytes : round_up(slot_bytes, alignment);
    kinds[count] = {operand, aligned, slots, copies};
    bytes += kinds[count].bytes();
    ++count;
  }
}

Sizes sizes_of(const Shape& shape, const Tiling& tiling, const CoreLayout& layout) {
  Sizes sizes;
  sizes.tiling = tiling;
  sizes.counts = count_tiles(shape, tiling);
  sizes.busiest = deal_rounds(sizes.counts, tiling, layout, 0);
  sizes.active = active_cores(sizes.counts, tiling.core_split, layout);
  sizes.overwritten = overwritten_sub_tiles(shape, tiling);
  return sizes;
}

namespace {

struct Slots {
  std::int64_t rounds;
  std::int64_t buffered;  ///< slots of an operand that changes every round
  std::int64_t copies;
  std::int64_t kv_copies;
  std::int64_t alignment;
};

/// Slots of K or V. Resident: one holds the operand for all heads of a round.
void add_stream(Footprint& total, const Shape& shape, const Sizes& sizes, MatmulKind kind,
                const Slots& slots) {
  const Tiling& t = sizes.tiling;
  const Operand operand = kind == MatmulKind::kQK ? Operand::kK : Operand::kV;
  const std::int64_t column = stream_col_bytes(shape, kind);
  const bool overwritten =
      t.overwrite == (kind == MatmulKind::kQK ? Overwrite::kKey : Overwrite::kValue);
  if (!t.kv_resident) {
    const std::int64_t loads = slots.rounds * t.heads * sizes.counts.sub_tiles;
    total.add(operand, t.kv_cols * column, std::min(t.buffers, loads), slots.kv_copies,
              slots.alignment);
    return;
  }
  const std::int64_t given = overwritten ? sizes.overwritten : 0;
  const std::int64_t cols = given > 0 ? (sizes.counts.sub_tiles - given) * t.kv_cols : shape.cols;
  total.add(operand, t.heads * cols * column, std::min(t.buffers, sizes.busiest.groups()),
            slots.kv_copies, slots.alignment);
  if (given > 0) {
    // P of each core takes the place of these.
    total.add(Operand::kP, given * t.kv_cols * column, 1, slots.copies, slots.alignment);
  }
}

void add_scores(Footprint& total, const Shape& shape, const Sizes& sizes, const PhasePlan& phase,
                const Slots& slots) {
  const Tiling& t = sizes.tiling;
  const std::int64_t in_flight = std::min(phase.lookahead + 1, slots.rounds);
  std::int64_t score = t.heads * t.q_rows * phase.score_row_bytes;
  if (phase.has_second && phase.prob_row_bytes == 0) {
    score = std::max(score, t.heads * t.q_rows * shape.cols * shape.bytes.input);
  }
  if (sizes.overwritten > 0) {
    // What gave way to P lands here when it is loaded again.
    const std::int64_t column =
        t.overwrite == Overwrite::kKey ? key_col_bytes(shape) : value_col_bytes(shape);
    score = std::max(score, std::min(t.buffers, sizes.overwritten) * t.kv_cols * column);
  }
  total.add(Operand::kS, score, in_flight, slots.copies, slots.alignment);
  if (t.overwrite == Overwrite::kNone) {
    total.add(Operand::kP, t.heads * t.q_rows * phase.prob_row_bytes, in_flight, slots.copies,
              slots.alignment);
  }
}

}  // namespace

Footprint footprint(const Shape& shape, const Sizes& sizes, const CoreLayout& layout,
                    std::int64_t alignment, const PhasePlan& phase) {
  const Tiling& t = sizes.tiling;
  const std::int64_t rounds = sizes.busiest.rounds();
  const std::int64_t copies = layout.l1_shared ? sizes.active : 1;
  const bool together = t.core_split == CoreSplit::kQuery;
  const Slots slots{rounds, std::min(t.buffers, rounds), copies, together ? 1 : copies, alignment};
  const std::int64_t rows = t.heads * t.q_rows;

  Footprint total;
  total.add(phase.input, rows * phase.input_row_bytes, slots.buffered, copies, alignment);
  if (phase.has_first) {
    add_stream(total, shape, sizes, phase.first_kind, slots);
  }
  if (phase.has_second) {
    add_stream(total, shape, sizes, MatmulKind::kPV, slots);
  }
  if (phase.score_row_bytes > 0) {
    add_scores(total, shape, sizes, phase, slots);
  }
  total.add(phase.output, rows * phase.output_slot_row_bytes, slots.buffered, copies, alignment);
  return total;
}

}  // namespace tilewright
