#include "schedules/expand_online.h"

#include <algorithm>
#include <array>

#include "common/math.h"

namespace tilewright {
namespace {

using Pool = SlotUse::Pool;

/// One sub-tile of a round of a core, with its place in the whole workload.
struct OnlineStep {
  std::int64_t index = 0;
  std::int64_t round = 0;
  std::int64_t group = 0;  ///< on this core
  std::int64_t position = 0;
  std::int64_t heads = 0;
  std::int64_t first_pair = 0;
  std::int64_t q_tile = 0;
  std::int64_t sub_tile = 0;
};

/// A core that stands for itself and those in lock-step with it.
class OnlineExpander {
  static constexpr std::int64_t kOwn = -1;  ///< a slot of the core that executes the operation
  using Uses = std::span<const SlotUse>;

 public:
  OnlineExpander(const Shape& shape, const Tiling& tiling, const CoreLayout& layout,
                 const PhasePlan& phase, std::int64_t core, OperationSink& sink)
      : shape_(shape),
        tiling_(tiling),
        layout_(layout),
        phase_(phase),
        core_(core),
        sink_(sink),
        counts_(count_tiles(shape, tiling)),
        rounds_(deal_rounds(counts_, tiling, layout, core)),
        together_(cores_in_step(counts_, tiling.core_split, layout)) {}

  void run() {
    const std::int64_t last = rounds_.rounds() * counts_.sub_tiles;
    const std::int64_t ahead = std::min(phase_.lookahead + 1, last);
    for (std::int64_t s = 0; s < ahead; ++s) {
      front(step_at(s));
      softmax(step_at(s));
    }
    for (std::int64_t s = 0; s < last; ++s) {
      const OnlineStep here = step_at(s);
      const std::int64_t next = s + phase_.lookahead + 1;
      second_matmul(here);
      const bool factor_is_known = phase_.lookahead > 0 || ends_round(here);
      if (factor_is_known) {
        adjust(here);
      }
      if (next < last) {
        front(step_at(next));
      }
      if (ends_round(here)) {
        store(here);
      }
      if (next < last) {
        softmax(step_at(next));
      }
      if (!factor_is_known) {
        adjust(here);
      }
    }
  }

 private:
  OnlineStep step_at(std::int64_t index) const {
    OnlineStep step;
    step.index = index;
    step.round = index / counts_.sub_tiles;
    step.sub_tile = index % counts_.sub_tiles;
    step.group = step.round / rounds_.positions;
    step.position = step.round % rounds_.positions;
    const bool by_heads = tiling_.core_split == CoreSplit::kHeads;
    const std::int64_t group = by_heads ? core_ + step.group * layout_.cores : step.group;
    step.q_tile = by_heads ? step.position : core_ + step.position * layout_.cores;
    step.first_pair = group * tiling_.heads;
    step.heads = std::min(tiling_.heads, shape_.pairs - step.first_pair);
    return step;
  }

  bool ends_round(const OnlineStep& step) const { return step.sub_tile == counts_.sub_tiles - 1; }

  std::int64_t columns(const OnlineStep& step) const {
    return std::min(tiling_.kv_cols, shape_.cols - step.sub_tile * tiling_.kv_cols);
  }

  /// Of the core `rank` places after this one; 0 if it has no tile in this round.
  std::int64_t rows_of(const OnlineStep& step, std::int64_t rank) const {
    const std::int64_t first = (step.q_tile + rank) * tiling_.q_rows;
    return std::clamp<std::int64_t>(shape_.rows - first, 0, tiling_.q_rows);
  }

  Operation operation(Unit unit, Operand operand, const OnlineStep& step, std::int64_t head) const {
    Operation op;
    op.unit = unit;
    op.operand = operand;
    op.round = step.round;
    op.pair = step.first_pair + head;
    op.sub_tile = step.sub_tile;
    return op;
  }

  /// On every core that has rows in this round. `row_bytes`: of what a transfer moves.
  void emit(Operation op, const OnlineStep& step, Uses reads, Uses writes,
            std::int64_t row_bytes = 0) {
    for (std::int64_t rank = 0; rank < together_; ++rank) {
      op.rows = rows_of(step, rank);
      op.payload_bytes = op.timed_bytes = op.rows * row_bytes;
      if (op.rows > 0) {
        emit_on(rank, step, op, reads, writes);
      }
    }
  }

  void emit_on(std::int64_t rank, const OnlineStep& step, Operation op, Uses reads, Uses writes) {
    const auto owned = [&](Uses uses, std::array<SlotUse, 3>& slots) {
      std::transform(uses.begin(), uses.end(), slots.begin(), [&](SlotUse use) {
        use.core = use.core == kOwn ? core_ + rank : use.core;
        return use;
      });
      return Uses(slots).first(uses.size());
    };
    std::array<SlotUse, 3> read_slots;
    std::array<SlotUse, 3> write_slots;
    op.core = core_ + rank;
    op.follows = rank > 0;
    op.q_tile = step.q_tile + rank;
    op.reads = owned(reads, read_slots);
    op.writes = owned(writes, write_slots);
    sink_.take(op);
  }

  SlotUse ring(Pool pool, std::int64_t content, std::int64_t slots) const {
    return {pool, content % slots, content / slots, kOwn};
  }
  SlotUse input_slot(const OnlineStep& step) const {
    return ring(Pool::kInput, step.round, tiling_.buffers);
  }
  SlotUse output_slot(const OnlineStep& step) const {
    return ring(Pool::kOutput, step.round, tiling_.buffers);
  }
  /// S, then P in its place. Contents as in the row-wise form, where the odd ones are others.
  SlotUse score_slot(const OnlineStep& step) const {
    SlotUse slot = ring(Pool::kScore, step.index, phase_.lookahead + 1);
    slot.content *= 2;
    return slot;
  }
  /// The state of the rows after the softmax of a step. The only slot there is without a look-ahead
  /// holds that of a round, pair by pair brought up to date in place.
  SlotUse state_slot(std::int64_t index) const {
    return phase_.lookahead == 0 ? ring(Pool::kState, index / counts_.sub_tiles, 1)
                                 : ring(Pool::kState, index, phase_.lookahead + 1);
  }

  void front(const OnlineStep& step) {
    if (step.sub_tile == 0) {
      for (std::int64_t head = 0; head < step.heads; ++head) {
        const std::array writes{input_slot(step)};
        emit(operation(Unit::kLoad, Operand::kQ, step, head), step, {}, writes,
             phase_.input_row_bytes);
      }
    }
    for (std::int64_t head = 0; head < step.heads; ++head) {
      const std::array reads{sub_tile(step, MatmulKind::kQK, head), input_slot(step)};
      multiply(step, MatmulKind::kQK, head, reads, score_slot(step));
    }
  }

  void second_matmul(const OnlineStep& step) {
    for (std::int64_t head = 0; head < step.heads; ++head) {
      // All but the first add to what the vector unit has rescaled.
      const std::array reads{sub_tile(step, MatmulKind::kPV, head), output_slot(step),
                             score_slot(step)};
      if (step.sub_tile > 0) {
        multiply(step, MatmulKind::kPV, head, reads, output_slot(step));
      } else {
        multiply(step, MatmulKind::kPV, head, std::array{reads[0], reads[2]}, output_slot(step));
      }
    }
  }

  void multiply(const OnlineStep& step, MatmulKind kind, std::int64_t head, Uses reads,
                const SlotUse& to) {
    Operation op =
        operation(Unit::kMatrix, kind == MatmulKind::kQK ? Operand::kS : Operand::kO, step, head);
    op.matmul = kind;
    op.cols = columns(step);
    emit(op, step, reads, {&to, 1});
  }

  /// The slot of a sub-tile of K or V, the first of the cores' in lock-step; emits its load where
  /// one is due.
  SlotUse sub_tile(const OnlineStep& step, MatmulKind kind, std::int64_t head) {
    const Pool pool = kind == MatmulKind::kQK ? Pool::kKey : Pool::kValue;
    std::int64_t& streamed = kind == MatmulKind::kQK ? keys_ : values_;
    SlotUse slot = ring(pool, tiling_.kv_resident ? step.group : streamed++, tiling_.buffers);
    slot.core = core_;
    if (!tiling_.kv_resident || step.position == 0) {
      load_sub_tile(step, kind, head, slot);
    }
    return slot;
  }

  void load_sub_tile(const OnlineStep& step, MatmulKind kind, std::int64_t head,
                     const SlotUse& slot) {
    Operation op =
        operation(Unit::kLoad, kind == MatmulKind::kQK ? Operand::kK : Operand::kV, step, head);
    op.cols = columns(step);
    const std::int64_t bytes = op.cols * stream_col_bytes(shape_, kind);
    op.timed_bytes = ceil_div(bytes, together_);
    for (std::int64_t rank = 0; rank < together_; ++rank) {
      op.payload_bytes = bytes / together_ + (rank < bytes % together_ ? 1 : 0);
      emit_on(rank, step, op, {}, {&slot, 1});
    }
  }

  void softmax(const OnlineStep& step) {
    for (std::int64_t head = 0; head < step.heads; ++head) {
      Operation op = operation(Unit::kVector, Operand::kP, step, head);
      op.vector = VectorKind::kOnlineSoftmax;
      op.cols = columns(step);
      const std::array reads{score_slot(step), state_slot(step.index - 1)};
      const std::array writes{score_slot(step), state_slot(step.index)};
      emit(op, step, Uses(reads).first(step.sub_tile > 0 ? 2 : 1), writes);
    }
  }

  void adjust(const OnlineStep& step) {
    const bool last = ends_round(step);
    for (std::int64_t head = 0; head < step.heads; ++head) {
      Operation op = operation(Unit::kVector, Operand::kO, step, head);
      op.vector = last ? VectorKind::kNormalise : VectorKind::kRescale;
      op.cols = shape_.v_dim;
      const std::array reads{output_slot(step), state_slot(last ? step.index : step.index + 1)};
      const std::array writes{output_slot(step)};
      emit(op, step, reads, writes);
    }
  }

  void store(const OnlineStep& step) {
    for (std::int64_t head = 0; head < step.heads; ++head) {
      const std::array reads{output_slot(step)};
      emit(operation(Unit::kStore, Operand::kO, step, head), step, reads, {},
           phase_.output_row_bytes);
    }
  }

  const Shape& shape_;
  const Tiling& tiling_;
  const CoreLayout& layout_;
  const PhasePlan& phase_;
  const std::int64_t core_;
  OperationSink& sink_;
  const TileCounts counts_;
  const CoreRounds rounds_;
  const std::int64_t together_;  ///< cores in lock-step
  std::int64_t keys_ = 0;        ///< streamed sub-tiles so far
  std::int64_t values_ = 0;
};

}  // namespace

void expand_online(const Shape& shape, const Tiling& tiling, const CoreLayout& layout,
                   const PhasePlan& phase, std::int64_t core, OperationSink& sink) {
  OnlineExpander(shape, tiling, layout, phase, core, sink).run();
}

}  // namespace tilewright
