// sizes_of() and peak_bytes() for those who need them for a number of their own.
#pragma once

#include <algorithm>
#include <cstdint>

#include "costmodel/phase_costs.h"
#include "schedules/deal_forms.h"
#include "schedules/expand_epochs.h"
#include "schedules/visible.h"

namespace tilewright {

template <typename Number>
SizesOf<Number> sizes_of(const Shape& shape, const TilingOf<Number>& tiling,
                         const CoreLayout& layout) {
  SizesOf<Number> sizes;
  sizes.tiling = tiling;
  sizes.counts = count_tiles(shape, tiling);
  sizes.busiest = deal_rounds(sizes.counts, tiling, layout, 0);
  sizes.active = active_cores(sizes.counts, tiling.core_split, layout);
  sizes.overwritten = overwritten_sub_tiles(shape, tiling);
  if constexpr (kAlone<Number>) {
    if (shape.mask.causal) {
      sizes.visible = visible_sums(shape, tiling, sizes.counts, layout);
    }
  }
  return sizes;
}

/// Calls sink(operand, bytes of a slot, slots, copies) for every kind of slot of a phase.
template <typename Number, typename Sink>
class SlotKinds {
 public:
  SlotKinds(const Shape& shape, const SizesOf<Number>& sizes, const CoreLayout& layout,
            const Sink& sink)
      : shape_(shape),
        sizes_(sizes),
        t_(sizes.tiling),
        sink_(sink),
        layout_(layout),
        rounds_(sizes.busiest.rounds()),
        buffered_(at_most(t_.buffers, rounds_)),
        copies_(layout.l1_shared ? sizes.active : Number(1)),
        kv_copies_(t_.core_split == CoreSplit::kQuery ? Number(1) : copies_),
        cols_(visible_cols()),
        resident_cols_(t_.core_split == CoreSplit::kKeyValue ? own_cols() : Number(shape.cols)) {}

  void visit(const PhasePlan& phase) const {
    const Number rows = t_.heads * t_.q_rows;
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
            at_most(t_.buffers, rounds_ * sizes_.busiest.sub_tiles), copies_);
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
  static Number at_most(std::int64_t slots, const Number& needed) {
    return least(Number(slots), needed);
  }

  /// Of a row of S or P, at most.
  Number visible_cols() const {
    if constexpr (kAlone<Number>) {
      return most_visible_cols(shape_, t_.kv_cols, rows_together());
    } else {
      return shape_.cols;
    }
  }

  Number input_slot_row_bytes(const PhasePlan& phase, const Number& cols) const {
    const std::int64_t bias = phase.bias_in_input() ? phase.bias_row_bytes : 0;
    return row_bytes(shape_, phase.input, phase.input_row_bytes, cols) +
           row_bytes(shape_, Operand::kBias, bias, cols);
  }

  /// Rows whose keys a round covers: those of all cores in lock-step.
  Number rows_together() const { return sizes_.busiest.share * t_.q_rows; }

  /// Of all keys, those that the busiest core has: at least its share.
  Number own_cols() const {
    return largest(Number(ceil_div(shape_.cols, layout_.cores)),
                   cols_of(sizes_.counts, t_, sizes_.busiest));
  }

  /// A row and its parts a round.
  void merge(const PhasePlan& phase) const {
    const Number slots = std::min(t_.buffers, merged_rows(shape_, layout_, 0));
    const Number copies = layout_.l1_shared ? merging_cores(shape_, layout_) : 1;
    sink_(phase.input, sizes_.active * phase.input_row_bytes, slots, copies);
    sink_(phase.output, Number(phase.output_slot_row_bytes), slots, copies);
  }

  /// As many as K needs.
  std::int64_t slots_of(const PhasePlan& phase, MatmulKind kind) const {
    if constexpr (kAlone<Number>) {
      if (kind == MatmulKind::kQK && phase.values_in_keys) {
        TileCounts counts = sizes_.counts;
        counts.q_tiles = std::max(counts.q_tiles, sizes_.most_q_tiles);
        counts.sub_tiles = std::max(counts.sub_tiles, sizes_.most_sub_tiles);
        return key_slots(phase, t_,
                         fewest_steps_of_group(shape_, counts, t_.core_split, layout_, phase));
      }
    }
    return t_.buffers;
  }

  /// Slots of K or V. Resident: one holds the operand for all heads of a round.
  void stream(const PhasePlan& phase, MatmulKind kind) const {
    const Operand operand = kind == MatmulKind::kQK ? Operand::kK : Operand::kV;
    const std::int64_t column = stream_col_bytes(shape_, kind);
    const std::int64_t most = slots_of(phase, kind);
    if (!t_.kv_resident && phase.values_in_keys) {
      sink_(operand, t_.heads * t_.kv_cols * column,
            at_most(most, rounds_ * sizes_.busiest.sub_tiles), kv_copies_);
      return;
    }
    if (!t_.kv_resident) {
      const Number loads = rounds_ * t_.heads * sizes_.busiest.sub_tiles;
      sink_(operand, t_.kv_cols * column, at_most(t_.buffers, loads), kv_copies_);
      return;
    }
    const bool overwritten =
        t_.overwrite == (kind == MatmulKind::kQK ? Overwrite::kKey : Overwrite::kValue);
    if (sizes_.of_box && overwritten) {
      sink_(operand, least_with_probabilities(resident_cols_ * column), Number(1), Number(1));
      return;
    }
    const Number given = overwritten ? sizes_.overwritten : Number(0);
    const Number stay = (sizes_.counts.sub_tiles - given) * t_.kv_cols;
    const Number cols = choose(given > 0, stay, resident_cols_);
    sink_(operand, t_.heads * cols * column, at_most(most, sizes_.busiest.groups()), kv_copies_);
    if (overwritten) {
      // P of each core takes the place of these.
      sink_(Operand::kP, given * t_.kv_cols * column, Number(1), copies_);
    }
  }

  /// Of an operand of `whole` bytes, in all its slots, and of what P takes of it, once a core: P at
  /// least, everything at most, and a linear function between.
  Number least_with_probabilities(const Number& whole) const {
    const Number taken = least(whole, Number(t_.q_rows * cols_ * shape_.bytes.input));
    const Number slots = kv_copies_ * at_most(t_.buffers, sizes_.busiest.groups());
    return least(Number(slots * (whole - taken) + copies_ * taken), Number(copies_ * whole));
  }

  void scores(const PhasePlan& phase) const {
    const Number in_flight = at_most(phase.score_slots(), rounds_);
    const Number rows = t_.heads * t_.q_rows;
    const std::int64_t whole = phase.score_row_bytes;
    Number score = rows * row_bytes(shape_, Operand::kS, whole, cols_);
    if (phase.has_second && phase.prob_row_bytes == 0) {
      score = largest(score, Number(rows * cols_ * shape_.bytes.input));
    }
    if (t_.overwrite != Overwrite::kNone) {
      // What gave way to P lands here when it is loaded again.
      const std::int64_t column =
          t_.overwrite == Overwrite::kKey ? key_col_bytes(shape_) : value_col_bytes(shape_);
      score = largest(score, Number(at_most(t_.buffers, sizes_.overwritten) * t_.kv_cols * column));
    }
    sink_(Operand::kS, score, in_flight, copies_);
    if (t_.overwrite == Overwrite::kNone) {
      sink_(Operand::kP, rows * row_bytes(shape_, Operand::kP, phase.prob_row_bytes, cols_),
            in_flight, copies_);
    }
  }

  /// Scores, then P in their place, and the state of every step in flight of an online softmax.
  void steps(const PhasePlan& phase) const {
    const Number in_flight = at_most(phase.lookahead + 1, rounds_ * sizes_.busiest.sub_tiles);
    const Number rows = t_.heads * t_.q_rows;
    const std::int64_t element = std::max(shape_.bytes.score, shape_.bytes.input);
    sink_(Operand::kS, rows * t_.kv_cols * element, in_flight, copies_);
    sink_(Operand::kState, rows * phase.state_row_bytes, in_flight, copies_);
  }

  /// Slots of K or V for all pairs of a step, or of a group where they stay.
  void stream_in_epochs(const PhasePlan& phase, MatmulKind kind, const Number& cols,
                        const Number& steps) const {
    const Operand operand = kind == MatmulKind::kQK ? Operand::kK : Operand::kV;
    const Number column = t_.heads * stream_col_bytes(shape_, kind);
    sink_(operand, (t_.kv_resident ? Number(shape_.cols) : cols) * column,
          at_most(slots_of(phase, kind), t_.kv_resident ? sizes_.busiest.groups() : steps),
          kv_copies_);
  }

  /// Slots of one operator alone.
  void operator_epochs(const PhasePlan& phase) const {
    const Number rows = t_.heads * t_.q_rows;
    const Number steps = phase.has_first ? Number(rounds_ * sizes_.counts.sub_tiles) : rounds_;
    const auto slots = [&](Operand operand, std::int64_t full) {
      const bool scores = operand == Operand::kS || operand == Operand::kP;
      const bool tiles = scores && phase.has_first;
      const Number cols = tiles ? t_.kv_cols : Number(shape_.cols);
      sink_(operand, rows * row_bytes(shape_, operand, full, cols),
            at_most(t_.buffers, tiles ? steps : rounds_), copies_);
    };
    slots(phase.input, phase.input_row_bytes + phase.bias_row_bytes);
    if (phase.has_first) {
      stream_in_epochs(phase, phase.first_kind, t_.kv_cols, steps);
    }
    slots(phase.output, phase.output_slot_row_bytes);
  }

  /// Slots for all stages at once. What the array holds takes none.
  void epochs(const PhasePlan& phase) const {
    const Number rows = t_.heads * t_.q_rows;
    const Number steps_of_round = phase.online ? sizes_.counts.sub_tiles : Number(1);
    const Number steps = rounds_ * steps_of_round;
    const Number cols = phase.online ? t_.kv_cols : cols_;
    sink_(Operand::kQ, rows * phase.input_row_bytes, buffered_, copies_);
    sink_(Operand::kBias, rows * cols * shape_.bias_bytes, at_most(kEpochBiasSlots, steps),
          copies_);
    stream_in_epochs(phase, MatmulKind::kQK, cols, steps);
    if (phase.loads_values()) {
      stream_in_epochs(phase, MatmulKind::kPV, cols, steps);
    }
    if (!phase.on_array) {
      const std::int64_t element = std::max(shape_.bytes.score, shape_.bytes.input);
      sink_(Operand::kS, rows * cols * element, at_most(epoch_score_slots(phase), steps), copies_);
    }
    sink_(Operand::kState, rows * phase.state_row_bytes, at_most(kEpochStateSlots, steps), copies_);
    const Number most_steps =
        shape_.mask.causal ? Number(1) : largest(steps_of_round, Number(sizes_.most_sub_tiles));
    sink_(Operand::kO, rows * phase.output_slot_row_bytes,
          least(epoch_output_slots(phase, most_steps), rounds_), copies_);
  }

  const Shape& shape_;
  const SizesOf<Number>& sizes_;
  const TilingOf<Number>& t_;
  const Sink& sink_;
  const CoreLayout& layout_;
  const Number rounds_;
  const Number buffered_;  ///< slots of an operand that changes every round
  const Number copies_;
  const Number kv_copies_;
  const Number cols_;           ///< of a row of S or P, at most
  const Number resident_cols_;  ///< of K and V where they stay
};

template <typename Number>
Number peak_bytes(const Shape& shape, const SizesOf<Number>& sizes, const CoreLayout& layout,
                  const Divisor& alignment, std::span<const PhasePlan> phases) {
  Number bytes = 0;
  const auto add = [&bytes, &alignment](Operand, const Number& slot, const Number& slots,
                                        const Number& copies) {
    bytes += alignment.round_up(slot) * slots * copies;
  };
  const SlotKinds kinds(shape, sizes, layout, add);
  Number peak = 0;
  for (const PhasePlan& phase : phases) {
    bytes = 0;
    if (!phase.own_rows) {
      kinds.visit(phase);
    } else if constexpr (kAlone<Number>) {
      bytes = sizes.of_box ? 0 : footprint(shape, sizes, layout, alignment, phase).bytes;
    }
    peak = largest(peak, bytes);
  }
  return peak;
}

}  // namespace tilewright
