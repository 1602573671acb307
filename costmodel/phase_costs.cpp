#include "costmodel/phase_costs.h"

#include <algorithm>

#include "common/math.h"
#include "schedules/expand_epochs.h"
#include "schedules/visible.h"

namespace tilewright {

Sizes sizes_of(const Shape& shape, const Tiling& tiling, const CoreLayout& layout) {
  Sizes sizes;
  sizes.tiling = tiling;
  sizes.counts = count_tiles(shape, tiling);
  sizes.busiest = deal_rounds(sizes.counts, tiling, layout, 0);
  sizes.active = active_cores(sizes.counts, tiling.core_split, layout);
  sizes.overwritten = overwritten_sub_tiles(shape, tiling);
  if (shape.mask.causal) {
    sizes.visible = visible_sums(shape, tiling, sizes.counts, layout);
  }
  return sizes;
}

namespace {

/// Calls sink(operand, bytes of a slot, slots, copies) for every kind of slot of a phase.
template <typename Sink>
class SlotKinds {
 public:
  SlotKinds(const Shape& shape, const Sizes& sizes, const CoreLayout& layout, const Sink& sink)
      : shape_(shape),
        sizes_(sizes),
        t_(sizes.tiling),
        sink_(sink),
        layout_(layout),
        rounds_(sizes.busiest.rounds()),
        buffered_(std::min(t_.buffers, rounds_)),
        copies_(layout.l1_shared ? sizes.active : 1),
        kv_copies_(t_.core_split == CoreSplit::kQuery ? 1 : copies_),
        cols_(most_visible_cols(shape, t_.kv_cols, rows_together())),
        resident_cols_(t_.core_split == CoreSplit::kKeyValue ? own_cols() : shape.cols) {}

  void visit(const PhasePlan& phase) const {
    const std::int64_t rows = t_.heads * t_.q_rows;
    if (phase.epochs && !phase.has_second) {
      operator_epochs(phase);
      return;
    }
    if (phase.epochs) {
      epochs(phase);
      return;
    }
    if (phase.merges) {
      merge(phase);
      return;
    }
    sink_(phase.input, rows * input_slot_row_bytes(phase, cols_), buffered_, copies_);
    if (phase.bias_apart()) {
      sink_(Operand::kBias, rows * t_.kv_cols * shape_.bias_bytes,
            std::min(t_.buffers, rounds_ * sizes_.busiest.sub_tiles), copies_);
    }
    if (phase.has_first) {
      stream(phase, phase.first_kind);
    }
    if (phase.loads_values()) {
      stream(phase, MatmulKind::kPV);
    }
    if (phase.score_row_bytes > 0) {
      scores(phase);
    }
    if (phase.online) {
      steps(phase);
    }
    sink_(phase.output, rows * row_bytes(shape_, phase.output, phase.output_slot_row_bytes, cols_),
          buffered_, copies_);
  }

 private:
  std::int64_t input_slot_row_bytes(const PhasePlan& phase, std::int64_t cols) const {
    const std::int64_t bias = phase.bias_in_input() ? phase.bias_row_bytes : 0;
    return row_bytes(shape_, phase.input, phase.input_row_bytes, cols) +
           row_bytes(shape_, Operand::kBias, bias, cols);
  }

  /// Rows whose keys a round covers: those of all cores in lock-step.
  std::int64_t rows_together() const { return sizes_.busiest.share * t_.q_rows; }

  /// Of all keys, those that the busiest core has: at least its share.
  std::int64_t own_cols() const {
    return std::max(ceil_div(shape_.cols, layout_.cores),
                    cols_of(sizes_.counts, t_, sizes_.busiest));
  }

  /// A row and its parts a round.
  void merge(const PhasePlan& phase) const {
    const std::int64_t slots = std::min(t_.buffers, merged_rows(shape_, layout_, 0));
    const std::int64_t copies = layout_.l1_shared ? merging_cores(shape_, layout_) : 1;
    sink_(phase.input, sizes_.active * phase.input_row_bytes, slots, copies);
    sink_(phase.output, phase.output_slot_row_bytes, slots, copies);
  }

  /// As many as K needs.
  std::int64_t slots_of(const PhasePlan& phase, MatmulKind kind) const {
    if (kind == MatmulKind::kPV || !phase.values_in_keys) {
      return t_.buffers;
    }
    TileCounts counts = sizes_.counts;
    counts.q_tiles = std::max(counts.q_tiles, sizes_.most_q_tiles);
    counts.sub_tiles = std::max(counts.sub_tiles, sizes_.most_sub_tiles);
    return key_slots(phase, t_,
                     fewest_steps_of_group(shape_, counts, t_.core_split, layout_, phase));
  }

  /// Slots of K or V. Resident: one holds the operand for all heads of a round.
  void stream(const PhasePlan& phase, MatmulKind kind) const {
    const Operand operand = kind == MatmulKind::kQK ? Operand::kK : Operand::kV;
    const std::int64_t column = stream_col_bytes(shape_, kind);
    const std::int64_t most = slots_of(phase, kind);
    if (!t_.kv_resident && phase.values_in_keys) {
      sink_(operand, t_.heads * t_.kv_cols * column,
            std::min(most, rounds_ * sizes_.busiest.sub_tiles), kv_copies_);
      return;
    }
    if (!t_.kv_resident) {
      const std::int64_t loads = rounds_ * t_.heads * sizes_.busiest.sub_tiles;
      sink_(operand, t_.kv_cols * column, std::min(t_.buffers, loads), kv_copies_);
      return;
    }
    const bool overwritten =
        t_.overwrite == (kind == MatmulKind::kQK ? Overwrite::kKey : Overwrite::kValue);
    if (sizes_.of_box && overwritten) {
      sink_(operand, least_with_probabilities(resident_cols_ * column), 1, 1);
      return;
    }
    const std::int64_t given = overwritten ? sizes_.overwritten : 0;
    const std::int64_t cols =
        given > 0 ? (sizes_.counts.sub_tiles - given) * t_.kv_cols : resident_cols_;
    sink_(operand, t_.heads * cols * column, std::min(most, sizes_.busiest.groups()), kv_copies_);
    if (given > 0) {
      // P of each core takes the place of these.
      sink_(Operand::kP, given * t_.kv_cols * column, 1, copies_);
    }
  }

  /// Of an operand of `whole` bytes, in all its slots, and of what P takes of it, once a core: P at
  /// least, everything at most, and a linear function between.
  std::int64_t least_with_probabilities(std::int64_t whole) const {
    const std::int64_t least = std::min(whole, t_.q_rows * cols_ * shape_.bytes.input);
    const std::int64_t slots = kv_copies_ * std::min(t_.buffers, sizes_.busiest.groups());
    return std::min(slots * (whole - least) + copies_ * least, copies_ * whole);
  }

  void scores(const PhasePlan& phase) const {
    const std::int64_t in_flight = std::min(phase.score_slots(), rounds_);
    const std::int64_t rows = t_.heads * t_.q_rows;
    const std::int64_t whole = phase.score_row_bytes;
    std::int64_t score = rows * row_bytes(shape_, Operand::kS, whole, cols_);
    if (phase.has_second && phase.prob_row_bytes == 0) {
      score = std::max(score, rows * cols_ * shape_.bytes.input);
    }
    if (sizes_.overwritten > 0) {
      // What gave way to P lands here when it is loaded again.
      const std::int64_t column =
          t_.overwrite == Overwrite::kKey ? key_col_bytes(shape_) : value_col_bytes(shape_);
      score = std::max(score, std::min(t_.buffers, sizes_.overwritten) * t_.kv_cols * column);
    }
    sink_(Operand::kS, score, in_flight, copies_);
    if (t_.overwrite == Overwrite::kNone) {
      sink_(Operand::kP, rows * row_bytes(shape_, Operand::kP, phase.prob_row_bytes, cols_),
            in_flight, copies_);
    }
  }

  /// Scores, then P in their place, and the state of every step in flight of an online softmax.
  void steps(const PhasePlan& phase) const {
    const std::int64_t in_flight =
        std::min(phase.lookahead + 1, rounds_ * sizes_.busiest.sub_tiles);
    const std::int64_t rows = t_.heads * t_.q_rows;
    const std::int64_t element = std::max(shape_.bytes.score, shape_.bytes.input);
    sink_(Operand::kS, rows * t_.kv_cols * element, in_flight, copies_);
    sink_(Operand::kState, rows * phase.state_row_bytes, in_flight, copies_);
  }

  /// Slots of K or V for all pairs of a step, or of a group where they stay.
  void stream_in_epochs(const PhasePlan& phase, MatmulKind kind, std::int64_t cols,
                        std::int64_t steps) const {
    const Operand operand = kind == MatmulKind::kQK ? Operand::kK : Operand::kV;
    const std::int64_t column = t_.heads * stream_col_bytes(shape_, kind);
    sink_(operand, (t_.kv_resident ? shape_.cols : cols) * column,
          std::min(slots_of(phase, kind), t_.kv_resident ? sizes_.busiest.groups() : steps),
          kv_copies_);
  }

  /// Slots of one operator alone.
  void operator_epochs(const PhasePlan& phase) const {
    const std::int64_t rows = t_.heads * t_.q_rows;
    const std::int64_t steps = rounds_ * (phase.has_first ? sizes_.counts.sub_tiles : 1);
    const auto slots = [&](Operand operand, std::int64_t full) {
      const bool scores = operand == Operand::kS || operand == Operand::kP;
      const bool tiles = scores && phase.has_first;
      const std::int64_t cols = tiles ? t_.kv_cols : shape_.cols;
      sink_(operand, rows * row_bytes(shape_, operand, full, cols),
            std::min(t_.buffers, tiles ? steps : rounds_), copies_);
    };
    slots(phase.input, phase.input_row_bytes + phase.bias_row_bytes);
    if (phase.has_first) {
      stream_in_epochs(phase, phase.first_kind, t_.kv_cols, steps);
    }
    slots(phase.output, phase.output_slot_row_bytes);
  }

  /// Slots for all stages at once. What the array holds takes none.
  void epochs(const PhasePlan& phase) const {
    const std::int64_t rows = t_.heads * t_.q_rows;
    const std::int64_t steps_of_round = phase.online ? sizes_.counts.sub_tiles : 1;
    const std::int64_t steps = rounds_ * steps_of_round;
    const std::int64_t cols = phase.online ? t_.kv_cols : cols_;
    sink_(Operand::kQ, rows * phase.input_row_bytes, buffered_, copies_);
    sink_(Operand::kBias, rows * cols * shape_.bias_bytes, std::min(kEpochBiasSlots, steps),
          copies_);
    stream_in_epochs(phase, MatmulKind::kQK, cols, steps);
    if (phase.loads_values()) {
      stream_in_epochs(phase, MatmulKind::kPV, cols, steps);
    }
    if (!phase.on_array) {
      const std::int64_t element = std::max(shape_.bytes.score, shape_.bytes.input);
      sink_(Operand::kS, rows * cols * element, std::min(epoch_score_slots(phase), steps), copies_);
    }
    sink_(Operand::kState, rows * phase.state_row_bytes, std::min(kEpochStateSlots, steps),
          copies_);
    const std::int64_t most_steps =
        shape_.mask.causal ? 1 : std::max(steps_of_round, sizes_.most_sub_tiles);
    sink_(Operand::kO, rows * phase.output_slot_row_bytes,
          std::min(epoch_output_slots(phase, most_steps), rounds_), copies_);
  }

  const Shape& shape_;
  const Sizes& sizes_;
  const Tiling& t_;
  const Sink& sink_;
  const CoreLayout& layout_;
  const std::int64_t rounds_;
  const std::int64_t buffered_;  ///< slots of an operand that changes every round
  const std::int64_t copies_;
  const std::int64_t kv_copies_;
  const std::int64_t cols_;           ///< of a row of S or P, at most
  const std::int64_t resident_cols_;  ///< of K and V where they stay
};

}  // namespace

Footprint footprint(const Shape& shape, const Sizes& sizes, const CoreLayout& layout,
                    const Divisor& alignment, const PhasePlan& phase) {
  Footprint total;
  const auto add = [&](Operand operand, std::int64_t bytes, std::int64_t slots,
                       std::int64_t copies) {
    if (bytes > 0 && slots > 0) {
      total.kinds[total.count] = {operand, alignment.round_up(bytes), slots, copies};
      total.bytes += total.kinds[total.count++].bytes();
    }
  };
  if (phase.own_rows) {
    const PhaseDeal deal = phase_deal(shape, sizes.tiling, layout, phase);
    const Sizes own = sizes_of(shape, deal.tiling, deal.layout);
    SlotKinds(shape, own, deal.layout, add).visit(phase);
  } else {
    SlotKinds(shape, sizes, layout, add).visit(phase);
  }
  return total;
}

std::int64_t stream_bytes(const Shape& shape, const Sizes& sizes, const CoreLayout& layout,
                          MatmulKind kind) {
  const Tiling& t = sizes.tiling;
  if (shape.mask.causal) {
    return (t.kv_resident ? sizes.visible.resident_cols : sizes.visible.streamed_cols) *
           stream_col_bytes(shape, kind);
  }
  const bool queries = t.core_split == CoreSplit::kQuery;
  const bool together = queries && layout.l1_shared;
  const std::int64_t passes =
      together ? ceil_div(sizes.counts.q_tiles, layout.cores) : sizes.counts.q_tiles;
  const std::int64_t copies = queries && !together ? sizes.active : 1;
  std::int64_t resident = t.kv_resident ? shape.cols : 0;
  if (sizes.overwritten > 0 &&
      t.overwrite == (kind == MatmulKind::kQK ? Overwrite::kKey : Overwrite::kValue)) {
    resident = (sizes.counts.sub_tiles - sizes.overwritten) * t.kv_cols;
  }
  const std::int64_t cols = copies * resident + passes * (shape.cols - resident);
  return cols * stream_col_bytes(shape, kind);
}

std::int64_t peak_bytes(const Shape& shape, const Sizes& sizes, const CoreLayout& layout,
                        const Divisor& alignment, std::span<const PhasePlan> phases) {
  std::int64_t bytes = 0;
  const auto add = [&bytes, &alignment](Operand, std::int64_t slot, std::int64_t slots,
                                        std::int64_t copies) {
    bytes += alignment.round_up(slot) * slots * copies;
  };
  const SlotKinds kinds(shape, sizes, layout, add);
  std::int64_t peak = 0;
  for (const PhasePlan& phase : phases) {
    bytes = 0;
    if (phase.own_rows) {
      bytes = sizes.of_box ? 0 : footprint(shape, sizes, layout, alignment, phase).bytes;
    } else {
      kinds.visit(phase);
    }
    peak = std::max(peak, bytes);
  }
  return peak;
}

}  // namespace tilewright
