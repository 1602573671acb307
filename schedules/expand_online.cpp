#include "schedules/expand_online.h"

#include <algorithm>
#include <array>
#include <vector>

#include "schedules/lock_step_emitter.h"
#include "schedules/visible.h"

namespace tilewright {
namespace {

using Pool = SlotUse::Pool;

/// One step of a core: a visible sub-tile of a round.
struct OnlineStep : RoundPlace {
  std::int64_t index = 0;
  std::int64_t sub_tile = 0;
  Visible visible;  ///< of the round
  bool begins_round = false;
  bool ends_round = false;
  bool is_new = false;  ///< no round of the group has needed the sub-tile before
};

class OnlineExpander {
  using Uses = LockStepEmitter::Uses;

 public:
  OnlineExpander(const Shape& shape, const Tiling& tiling, const CoreLayout& layout,
                 const PhasePlan& phase, std::int64_t core, OperationSink& sink)
      : shape_(shape),
        tiling_(tiling),
        phase_(phase),
        emitter_(shape, tiling, layout, core, sink),
        key_slots_(emitter_.key_slots(phase)) {
    for (std::int64_t round = 0; round < emitter_.rounds().rounds(); ++round) {
      add_steps(round);
    }
  }

  void run() {
    const auto last = static_cast<std::int64_t>(steps_.size());
    const std::int64_t ahead = std::min(phase_.lookahead + 1, last);
    for (std::int64_t s = 0; s < ahead; ++s) {
      front(step_at(s));
      softmax(step_at(s));
    }
    for (std::int64_t s = 0; s < last; ++s) {
      const OnlineStep& here = step_at(s);
      const std::int64_t next = s + phase_.lookahead + 1;
      second_matmul(here);
      const bool factor_is_known = phase_.lookahead > 0 || here.ends_round;
      if (factor_is_known) {
        adjust(here);
      }
      if (next < last) {
        front(step_at(next));
      }
      if (here.ends_round) {
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
  void add_steps(std::int64_t round) {
    const RoundPlace place = emitter_.place_of(round);
    const CoreRounds& rounds = emitter_.rounds();
    Visible visible = visible_at(shape_, tiling_, rounds, place.position);
    if (splits_keys()) {
      // There is no mask: the core's own sub-tiles.
      visible.first = rounds.first_sub_tile;
      visible.sub_tiles = emitter_.counts().sub_tiles - visible.first;
      visible.cols = cols_of(emitter_.counts(), tiling_, rounds);
    }
    const std::int64_t stride = rounds.sub_tile_stride;
    there_ = place.position == 0 ? 0 : there_;
    for (std::int64_t j = visible.first; j < visible.end(); j += stride) {
      const auto index = static_cast<std::int64_t>(steps_.size());
      const bool begins = j == visible.first;
      const bool ends = j + stride >= visible.end();
      steps_.push_back({place, index, j, visible, begins, ends, j >= there_});
    }
    there_ = visible.end();
  }

  bool splits_keys() const { return tiling_.core_split == CoreSplit::kKeyValue; }

  const OnlineStep& step_at(std::int64_t index) const {
    return steps_[static_cast<std::size_t>(index)];
  }

  Operation operation(Unit unit, Operand operand, const OnlineStep& step, std::int64_t head) const {
    Operation op;
    op.unit = unit;
    op.operand = operand;
    op.round = step.round;
    op.pair = step.first_pair + head;
    op.sub_tile = step.sub_tile;
    op.first_sub_tile = step.visible.first;
    op.row_cols = step.visible.cols;
    return op;
  }

  SlotUse input_slot(const OnlineStep& step) const {
    return LockStepEmitter::ring(Pool::kInput, step.round, tiling_.buffers);
  }
  SlotUse output_slot(const OnlineStep& step) const {
    return LockStepEmitter::ring(Pool::kOutput, step.round, tiling_.buffers);
  }
  /// S, then P in its place. Contents as in the row-wise form, where the odd ones are others.
  SlotUse score_slot(const OnlineStep& step) const {
    SlotUse slot = LockStepEmitter::ring(Pool::kScore, step.index, phase_.lookahead + 1);
    slot.content *= 2;
    return slot;
  }
  SlotUse bias_slot(const OnlineStep& step) const {
    return LockStepEmitter::ring(Pool::kBias, step.index, tiling_.buffers);
  }
  /// The state of the rows after the softmax of a step. The only slot there is without a look-ahead
  /// holds that of a round, pair by pair brought up to date in place.
  SlotUse state_slot(const OnlineStep& step) const {
    return phase_.lookahead == 0
               ? LockStepEmitter::ring(Pool::kState, step.round, 1)
               : LockStepEmitter::ring(Pool::kState, step.index, phase_.lookahead + 1);
  }

  void front(const OnlineStep& step) {
    if (step.begins_round) {
      for (std::int64_t head = 0; head < step.heads; ++head) {
        const std::array writes{input_slot(step)};
        emitter_.emit(operation(Unit::kLoad, Operand::kQ, step, head), step, {}, writes,
                      phase_.input_row_bytes);
      }
    }
    for (std::int64_t head = 0; head < step.heads; ++head) {
      const std::array reads{sub_tile(step, MatmulKind::kQK, head), input_slot(step)};
      multiply(step, MatmulKind::kQK, head, reads, score_slot(step));
    }
    for (std::int64_t head = 0; phase_.bias_row_bytes > 0 && head < step.heads; ++head) {
      Operation op = operation(Unit::kLoad, Operand::kBias, step, head);
      op.vector = VectorKind::kOnlineSoftmax;
      op.cols = emitter_.columns(step.sub_tile);
      emitter_.emit(op, step, {}, std::array{bias_slot(step)}, op.cols * shape_.bias_bytes);
    }
  }

  void second_matmul(const OnlineStep& step) {
    for (std::int64_t head = 0; head < step.heads; ++head) {
      // All but the first add to what the vector unit has rescaled.
      const std::array reads{sub_tile(step, MatmulKind::kPV, head), output_slot(step),
                             score_slot(step)};
      if (step.begins_round) {
        multiply(step, MatmulKind::kPV, head, std::array{reads[0], reads[2]}, output_slot(step));
      } else {
        multiply(step, MatmulKind::kPV, head, reads, output_slot(step));
      }
    }
  }

  void multiply(const OnlineStep& step, MatmulKind kind, std::int64_t head, Uses reads,
                const SlotUse& to) {
    Operation op =
        operation(Unit::kMatrix, kind == MatmulKind::kQK ? Operand::kS : Operand::kO, step, head);
    op.matmul = kind;
    op.cols = emitter_.columns(step.sub_tile);
    emitter_.emit(op, step, reads, {&to, 1});
  }

  /// The slot of a sub-tile of K or V, the first of the cores' in lock-step; emits its load where
  /// one is due.
  SlotUse sub_tile(const OnlineStep& step, MatmulKind kind, std::int64_t head) {
    if (phase_.values_in_keys) {
      return sub_tile_with_values(step, kind, head);
    }
    const Pool pool = kind == MatmulKind::kQK ? Pool::kKey : Pool::kValue;
    std::int64_t& streamed = kind == MatmulKind::kQK ? keys_ : values_;
    const SlotUse slot = emitter_.shared(LockStepEmitter::ring(
        pool, tiling_.kv_resident ? step.group : streamed++, tiling_.buffers));
    if (!tiling_.kv_resident || step.is_new) {
      load_sub_tile(step, kind, head, slot);
    }
    return slot;
  }

  /// K, from which P V reads V, too: it stays until then, that of all pairs of a step in one slot.
  SlotUse sub_tile_with_values(const OnlineStep& step, MatmulKind kind, std::int64_t head) {
    const SlotUse slot = emitter_.shared(LockStepEmitter::ring(
        Pool::kKey, tiling_.kv_resident ? step.group : step.index, key_slots_));
    if (kind == MatmulKind::kQK && (!tiling_.kv_resident || step.is_new)) {
      load_sub_tile(step, kind, head, slot);
    }
    return slot;
  }

  void load_sub_tile(const OnlineStep& step, MatmulKind kind, std::int64_t head,
                     const SlotUse& slot) {
    Operation op =
        operation(Unit::kLoad, kind == MatmulKind::kQK ? Operand::kK : Operand::kV, step, head);
    op.cols = emitter_.columns(step.sub_tile);
    emitter_.load_shares(op, step, kind, {&slot, 1});
  }

  void softmax(const OnlineStep& step) {
    for (std::int64_t head = 0; head < step.heads; ++head) {
      Operation op = operation(Unit::kVector, Operand::kP, step, head);
      op.vector = VectorKind::kOnlineSoftmax;
      op.cols = emitter_.columns(step.sub_tile);
      op.masked_cols = step.visible.masks(step.sub_tile) ? op.cols : 0;
      const std::array writes{score_slot(step), state_slot(step)};
      std::array<SlotUse, 3> reads{score_slot(step)};
      std::size_t count = 1;
      if (!step.begins_round) {
        reads[count++] = state_slot(step_at(step.index - 1));
      }
      if (phase_.bias_row_bytes > 0) {
        reads[count++] = bias_slot(step);
      }
      emitter_.emit(op, step, Uses(reads).first(count), writes);
    }
  }

  void adjust(const OnlineStep& step) {
    const bool last = step.ends_round;
    // A rescaling takes the factor of the next step.
    const SlotUse state = state_slot(last ? step : step_at(step.index + 1));
    for (std::int64_t head = 0; head < step.heads; ++head) {
      Operation op = operation(Unit::kVector, Operand::kO, step, head);
      op.vector = last ? at_the_end() : VectorKind::kRescale;
      op.cols = shape_.v_dim;
      const std::array reads{output_slot(step), state};
      const std::array writes{output_slot(step)};
      emitter_.emit(op, step, reads, writes);
    }
  }

  /// A part of O is divided by the sum of all parts later.
  VectorKind at_the_end() const {
    return phase_.makes_parts() ? VectorKind::kSaveState : VectorKind::kNormalise;
  }

  void store(const OnlineStep& step) {
    for (std::int64_t head = 0; head < step.heads; ++head) {
      const std::array reads{output_slot(step)};
      emitter_.emit(operation(Unit::kStore, phase_.output, step, head), step, reads, {},
                    phase_.output_row_bytes);
    }
  }

  const Shape& shape_;
  const Tiling& tiling_;
  const PhasePlan& phase_;
  const LockStepEmitter emitter_;
  const std::int64_t key_slots_;
  std::vector<OnlineStep> steps_;  ///< of all rounds, in order
  std::int64_t there_ = 0;         ///< sub-tiles of the group up to here have been needed
  std::int64_t keys_ = 0;          ///< streamed sub-tiles so far
  std::int64_t values_ = 0;
};

}  // namespace

void expand_online(const Shape& shape, const Tiling& tiling, const CoreLayout& layout,
                   const PhasePlan& phase, std::int64_t core, OperationSink& sink) {
  OnlineExpander(shape, tiling, layout, phase, core, sink).run();
}

}  // namespace tilewright
