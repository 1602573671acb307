#include "schedules/expand_epochs.h"

#include <array>
#include <vector>

#include "schedules/lock_step_emitter.h"
#include "schedules/visible.h"

namespace tilewright {
namespace {

using Pool = SlotUse::Pool;

/// What an epoch works on: a round or, online, a sub-tile of it.
struct EpochStep : RoundPlace {
  std::int64_t index = 0;
  Visible visible;            ///< of the round
  std::int64_t sub_tile = 0;  ///< the first one of the step
  std::int64_t end = 0;       ///< behind the last one
  std::int64_t there = 0;     ///< resident: up to here rounds before have loaded the group's

  bool begins_round() const { return sub_tile == visible.first; }
  bool ends_round() const { return end == visible.end(); }
};

class EpochExpander {
  using Uses = LockStepEmitter::Uses;

 public:
  EpochExpander(const Shape& shape, const Tiling& tiling, const CoreLayout& layout,
                const PhasePlan& phase, std::int64_t core, OperationSink& sink)
      : shape_(shape),
        tiling_(tiling),
        phase_(phase),
        emitter_(shape, tiling, layout, core, sink),
        key_slots_(emitter_.key_slots(phase)),
        output_slots_(
            epoch_output_slots(phase, shape.mask.causal ? 1 : emitter_.counts().sub_tiles)) {
    for (std::int64_t round = 0; round < emitter_.rounds().rounds(); ++round) {
      add_steps(round);
    }
  }

  void run() {
    const std::int64_t before = epochs_before(phase_);
    const auto steps = static_cast<std::int64_t>(steps_.size());
    for (std::int64_t e = -before; e < steps + epochs_after(phase_); ++e) {
      epoch_ = e + before;
      second_half_ = false;
      // Transfers last, as they are for later epochs: what is read now is what earlier ones loaded.
      if (!phase_.has_second) {
        operator_epoch(e);
        continue;
      }
      if (phase_.online) {
        online_epoch(e);
      } else {
        row_wise_epoch(e);
      }
      transfers(e);
    }
  }

 private:
  void add_steps(std::int64_t round) {
    EpochStep step;
    static_cast<RoundPlace&>(step) = emitter_.place_of(round);
    step.visible = visible_at(shape_, tiling_, emitter_.rounds(), step.position);
    step.there = there_ = step.position == 0 ? 0 : there_;
    const std::int64_t width = steps_are_sub_tiles(phase_) ? 1 : step.visible.sub_tiles;
    for (std::int64_t j = step.visible.first; j < step.visible.end(); j += width) {
      step.index = static_cast<std::int64_t>(steps_.size());
      step.sub_tile = j;
      step.end = j + width;
      steps_.push_back(step);
    }
    there_ = step.visible.end();
  }

  void transfers(std::int64_t e) {
    on(e + 2, [&](const EpochStep& step) {
      if (step.begins_round()) {
        load_input(step);
      }
      load_tiles(step, Operand::kK);
      if (phase_.online) {
        load_bias(step);
      }
    });
    if (phase_.bias_apart() && !phase_.online) {
      on(e + 1, [&](const EpochStep& step) { load_bias(step); });
    }
    if (phase_.loads_values()) {
      on(phase_.online ? e + 1 : e, [&](const EpochStep& step) { load_tiles(step, Operand::kV); });
    }
    on(e - epochs_after(phase_), [&](const EpochStep& step) {
      if (step.ends_round()) {
        store(step);
      }
    });
  }

  /// Q K^T, softmax or P V alone.
  void operator_epoch(std::int64_t e) {
    on(e, [&](const EpochStep& step) {
      if (phase_.has_first) {
        multiply(step, phase_.first_kind);
      } else {
        softmax(step);
      }
    });
    on(e + 1, [&](const EpochStep& step) {
      if (step.begins_round() || phase_.input == Operand::kP) {
        load_input(step);
      }
      if (phase_.has_first) {
        load_tiles(step, phase_.first_kind == MatmulKind::kQK ? Operand::kK : Operand::kV);
      }
    });
    on(e - 1, [&](const EpochStep& step) {
      if (step.ends_round() || phase_.output == Operand::kS) {
        store(step);
      }
    });
  }

  void row_wise_epoch(std::int64_t e) {
    on(e - 1, [&](const EpochStep& step) { multiply(step, MatmulKind::kPV); });
    on(e + 1, [&](const EpochStep& step) { multiply(step, MatmulKind::kQK); });
    on(e, [&](const EpochStep& step) { softmax(step); });
  }

  void online_epoch(std::int64_t e) {
    on(e + 1, [&](const EpochStep& step) {
      multiply(step, MatmulKind::kQK);
      if (phase_.on_array) {
        local_max(step);
      }
    });
    on(e - 2, [&](const EpochStep& step) {
      if (step.ends_round()) {
        adjust(step, VectorKind::kNormalise);
      }
    });
    on(e, [&](const EpochStep& step) {
      update(step);
      adjust(step, VectorKind::kRescale);
    });
    second_half_ = true;
    on(e, [&](const EpochStep& step) {
      if (phase_.on_array) {
        exponentials(step);
      }
      multiply(step, MatmulKind::kPV);
    });
    if (phase_.on_array) {
      on(e - 1, [&](const EpochStep& step) { update_sum(step); });
    } else {
      on(e + 1, [&](const EpochStep& step) { local_max(step); });
    }
  }

  /// Calls `work` with step `index` if there is one.
  template <typename Work>
  void on(std::int64_t index, const Work& work) {
    if (index >= 0 && index < static_cast<std::int64_t>(steps_.size())) {
      work(steps_[static_cast<std::size_t>(index)]);
    }
  }

  bool of_one_operator() const { return !phase_.has_second; }

  Operation operation(Unit unit, Operand operand, const EpochStep& step, std::int64_t head) const {
    Operation op;
    op.unit = unit;
    op.operand = operand;
    op.epoch = epoch_;
    op.second_half = second_half_;
    op.round = step.round;
    op.pair = step.first_pair + head;
    op.sub_tile = step.sub_tile;
    op.cols = emitter_.columns(step.sub_tile);
    op.first_sub_tile = step.visible.first;
    op.row_cols = step.visible.cols;
    const bool scores = operand == Operand::kS || operand == Operand::kP;
    if (scores && of_one_operator() && phase_.has_first) {
      op.first_sub_tile = step.sub_tile;
      op.row_cols = op.cols;
    }
    return op;
  }

  /// P of one operator comes, and S of one leaves, step by step.
  SlotUse input_slot(const EpochStep& step) const {
    const bool tiles = of_one_operator() && phase_.input == Operand::kP;
    return LockStepEmitter::ring(Pool::kInput, tiles ? step.index : step.round, tiling_.buffers);
  }
  SlotUse output_slot(const EpochStep& step) const {
    if (of_one_operator()) {
      const bool tiles = phase_.output == Operand::kS;
      return LockStepEmitter::ring(Pool::kOutput, tiles ? step.index : step.round, tiling_.buffers);
    }
    return LockStepEmitter::ring(Pool::kOutput, step.round, output_slots_);
  }
  SlotUse score_slot(const EpochStep& step) const {
    if (of_one_operator()) {
      return phase_.output == Operand::kS ? output_slot(step) : input_slot(step);
    }
    SlotUse slot = LockStepEmitter::ring(phase_.on_array ? Pool::kArray : Pool::kScore, step.index,
                                         epoch_score_slots(phase_));
    slot.content *= 2;  // as in the other forms
    return slot;
  }
  static SlotUse bias_slot(const EpochStep& step) {
    return LockStepEmitter::ring(Pool::kBias, step.index, kEpochBiasSlots);
  }
  static SlotUse state_slot(std::int64_t index) {
    return LockStepEmitter::ring(Pool::kState, index, kEpochStateSlots);
  }
  SlotUse stream_slot(const EpochStep& step, Operand operand) const {
    const bool in_keys = operand == Operand::kK || phase_.values_in_keys;
    const std::int64_t content = tiling_.kv_resident ? step.group : step.index;
    return emitter_.shared(LockStepEmitter::ring(in_keys ? Pool::kKey : Pool::kValue, content,
                                                 in_keys ? key_slots_ : tiling_.buffers));
  }

  void load_input(const EpochStep& step) {
    for (std::int64_t head = 0; head < step.heads; ++head) {
      const std::array writes{input_slot(step)};
      const Operation op = operation(Unit::kLoad, phase_.input, step, head);
      emitter_.emit(op, step, {}, writes,
                    row_bytes(shape_, phase_.input, phase_.input_row_bytes, op.row_cols));
      if (phase_.bias_in_input()) {
        emitter_.emit(operation(Unit::kLoad, Operand::kBias, step, head), step, {}, writes,
                      phase_.bias_row_bytes);
      }
    }
  }

  /// Of a step: of its sub-tile or of all of the round.
  void load_bias(const EpochStep& step) {
    for (std::int64_t head = 0; phase_.bias_row_bytes > 0 && head < step.heads; ++head) {
      Operation op = operation(Unit::kLoad, Operand::kBias, step, head);
      op.vector = phase_.online ? VectorKind::kLocalMax : VectorKind::kSoftmax;
      emitter_.emit(op, step, {}, std::array{bias_slot(step)},
                    (phase_.online ? op.cols : op.row_cols) * shape_.bias_bytes);
    }
  }

  /// All of K (V) that the step needs and that is not there.
  void load_tiles(const EpochStep& step, Operand operand) {
    const MatmulKind kind = operand == Operand::kK ? MatmulKind::kQK : MatmulKind::kPV;
    const std::array writes{stream_slot(step, operand)};
    each_tile(step, [&](std::int64_t head, std::int64_t tile) {
      if (tiling_.kv_resident && tile < step.there) {
        return;
      }
      Operation op = operation(Unit::kLoad, operand, step, head);
      op.sub_tile = tile;
      op.cols = emitter_.columns(tile);
      emitter_.load_shares(op, step, kind, writes);
    });
  }

  /// Pair by pair, the sub-tiles of a step: one if online, all of a round otherwise.
  template <typename Work>
  void each_tile(const EpochStep& step, const Work& work) {
    for (std::int64_t head = 0; head < step.heads; ++head) {
      for (std::int64_t tile = step.sub_tile; tile < step.end; ++tile) {
        work(head, tile);
      }
    }
  }

  void multiply(const EpochStep& step, MatmulKind kind) {
    const bool scores = kind == MatmulKind::kQK;
    each_tile(step, [&](std::int64_t head, std::int64_t tile) {
      Operation op = operation(Unit::kMatrix, scores ? Operand::kS : Operand::kO, step, head);
      op.matmul = kind;
      op.sub_tile = tile;
      op.cols = emitter_.columns(tile);
      if (of_one_operator()) {
        op.first_sub_tile = tile;
        op.row_cols = op.cols;
      }
      const SlotUse right = stream_slot(step, scores ? Operand::kK : Operand::kV);
      if (scores) {
        const std::array writes{score_slot(step)};
        emitter_.emit(op, step, std::array{right, input_slot(step)}, writes);
        return;
      }
      // Online, O has been cleared or rescaled before.
      const std::array writes{output_slot(step)};
      if (phase_.online) {
        emitter_.emit(op, step, std::array{right, output_slot(step), score_slot(step)}, writes);
      } else {
        emitter_.emit(op, step, std::array{right, score_slot(step)}, writes);
      }
    });
  }

  void softmax(const EpochStep& step) {
    on_heads(step, Unit::kVector, VectorKind::kSoftmax, [&](Operation op) {
      op.cols = step.visible.cols;
      op.masked_cols = step.visible.masked_cols;
      const std::array reads{score_slot(step), bias_slot(step)};
      emitter_.emit(op, step, Uses(reads).first(phase_.bias_apart() ? 2 : 1),
                    std::array{of_one_operator() ? output_slot(step) : score_slot(step)});
    });
  }

  void local_max(const EpochStep& step) {
    const Unit unit = phase_.on_array ? Unit::kMatrix : Unit::kVector;
    on_heads(step, unit, VectorKind::kLocalMax, [&](Operation op) {
      op.operand = Operand::kState;
      op.masked_cols = step.visible.masks(step.sub_tile) ? op.cols : 0;
      // A soft cap, a bias or a mask comes before it: the scores change.
      const std::array reads{score_slot(step), bias_slot(step)};
      emitter_.emit(op, step, Uses(reads).first(phase_.bias_apart() ? 2 : 1),
                    std::array{score_slot(step), state_slot(step.index)});
    });
  }

  void update(const EpochStep& step) {
    const std::array states{state_slot(step.index), state_slot(step.index - 1)};
    const Uses known = Uses(states).first(step.begins_round() ? 1 : 2);
    if (phase_.on_array) {
      on_heads(step, Unit::kVector, VectorKind::kUpdateMax, [&](Operation op) {
        op.operand = Operand::kState;
        emitter_.emit(op, step, known, std::array{state_slot(step.index)});
      });
      return;
    }
    on_heads(step, Unit::kVector, VectorKind::kUpdate, [&](const Operation& op) {
      const std::array reads{score_slot(step), states[0], states[1]};
      emitter_.emit(op, step, Uses(reads).first(known.size() + 1),
                    std::array{score_slot(step), state_slot(step.index)});
    });
  }

  void exponentials(const EpochStep& step) {
    on_heads(step, Unit::kMatrix, VectorKind::kExponentials, [&](const Operation& op) {
      emitter_.emit(op, step, std::array{score_slot(step), state_slot(step.index)},
                    std::array{score_slot(step), state_slot(step.index)});
    });
  }

  void update_sum(const EpochStep& step) {
    const std::array states{state_slot(step.index), state_slot(step.index - 1)};
    on_heads(step, Unit::kVector, VectorKind::kUpdateSum, [&](Operation op) {
      op.operand = Operand::kState;
      emitter_.emit(op, step, Uses(states).first(step.begins_round() ? 1 : 2),
                    std::array{state_slot(step.index)});
    });
  }

  /// O times the factor of the step (the first one of a round clears it) or divided by the sum.
  void adjust(const EpochStep& step, VectorKind kind) {
    on_heads(step, Unit::kVector, kind, [&](Operation op) {
      op.operand = Operand::kO;
      op.cols = shape_.v_dim;
      const std::array reads{state_slot(step.index), output_slot(step)};
      const bool clears = kind == VectorKind::kRescale && step.begins_round();
      emitter_.emit(op, step, Uses(reads).first(clears ? 0 : 2), std::array{output_slot(step)});
    });
  }

  /// One operation a pair, of what becomes P unless said otherwise.
  template <typename Emit>
  void on_heads(const EpochStep& step, Unit unit, VectorKind kind, const Emit& emit) {
    for (std::int64_t head = 0; head < step.heads; ++head) {
      Operation op = operation(unit, Operand::kP, step, head);
      op.vector = kind;
      emit(op);
    }
  }

  void store(const EpochStep& step) {
    for (std::int64_t head = 0; head < step.heads; ++head) {
      const Operation op = operation(Unit::kStore, phase_.output, step, head);
      emitter_.emit(op, step, std::array{output_slot(step)}, {},
                    row_bytes(shape_, phase_.output, phase_.output_row_bytes, op.row_cols));
    }
  }

  const Shape& shape_;
  const Tiling& tiling_;
  const PhasePlan& phase_;
  const LockStepEmitter emitter_;
  const std::int64_t key_slots_;
  const std::int64_t output_slots_;
  std::vector<EpochStep> steps_;
  std::int64_t there_ = 0;
  std::int64_t epoch_ = 0;
  bool second_half_ = false;
};

}  // namespace

void expand_epochs(const Shape& shape, const Tiling& tiling, const CoreLayout& layout,
                   const PhasePlan& phase, std::int64_t core, OperationSink& sink) {
  EpochExpander(shape, tiling, layout, phase, core, sink).run();
}

}  // namespace tilewright
