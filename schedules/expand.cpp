#include "schedules/expand.h"

#include <algorithm>
#include <array>

#include "common/math.h"
#include "schedules/expand_epochs.h"
#include "schedules/expand_merge.h"
#include "schedules/expand_online.h"
#include "schedules/lock_step_emitter.h"
#include "schedules/visible.h"

namespace tilewright {
namespace {

using Pool = SlotUse::Pool;

/// One round of a core and what it works on.
struct Round : RoundPlace {
  Visible visible;
};

class Expander {
 public:
  Expander(const Shape& shape, const Tiling& tiling, const CoreLayout& layout,
           const PhasePlan& phase, std::int64_t core, OperationSink& sink)
      : shape_(shape),
        tiling_(tiling),
        phase_(phase),
        emitter_(shape, tiling, layout, core, sink),
        sub_tiles_(emitter_.counts().sub_tiles),
        overwritten_(overwritten_sub_tiles(shape, tiling)),
        landing_slots_(std::min(tiling.buffers, overwritten_)),
        key_slots_(emitter_.key_slots(phase)) {}

  void run() {
    const std::int64_t last = emitter_.rounds().rounds();
    const std::int64_t ahead = std::min(phase_.lookahead + 1, last);
    for (std::int64_t r = 0; r < ahead; ++r) {
      front(r);
      if (r == 0 || !delays_softmax()) {
        softmax(r);
      }
    }
    for (std::int64_t i = 0; i < last; ++i) {
      second_matmul(i);
      if (delays_softmax() && i + 1 < last) {
        softmax(i + 1);
      }
      const std::int64_t next = i + phase_.lookahead + 1;
      if (phase_.store_first) {
        store(i);
      }
      if (next < last) {
        front(next);
      }
      if (!phase_.store_first) {
        store(i);
      }
      if (next < last && !delays_softmax()) {
        softmax(next);
      }
    }
  }

 private:
  /// Under overwrite all rounds' P share one region, so a softmax waits for the P V before it.
  bool delays_softmax() const { return overwritten_ > 0; }

  Round round_at(std::int64_t index) const {
    const RoundPlace place = emitter_.place_of(index);
    return {place, visible_at(shape_, tiling_, emitter_.rounds(), place.position)};
  }

  Operation operation(Unit unit, Operand operand, const Round& round, std::int64_t head) const {
    Operation op;
    op.unit = unit;
    op.operand = operand;
    op.round = round.round;
    op.pair = round.first_pair + head;
    op.first_sub_tile = round.visible.first;
    op.row_cols = round.visible.cols;
    return op;
  }

  SlotUse input_slot(std::int64_t round) const {
    return LockStepEmitter::ring(Pool::kInput, round, tiling_.buffers);
  }
  SlotUse output_slot(std::int64_t round) const {
    return LockStepEmitter::ring(Pool::kOutput, round, tiling_.buffers);
  }

  /// A score slot holds S of a round (part 0, which becomes P where P is made in place), then
  /// perhaps the sub-tiles that an overwrite destroyed (part 1).
  SlotUse score_slot(std::int64_t round, std::int64_t part) const {
    SlotUse slot = LockStepEmitter::ring(Pool::kScore, round, phase_.score_slots());
    slot.content = 2 * slot.content + part;
    return slot;
  }

  SlotUse softmax_source(std::int64_t round) const {
    return phase_.has_first ? score_slot(round, 0) : input_slot(round);
  }

  SlotUse probability_slot(std::int64_t round) const {
    if (!phase_.has_second) {
      return output_slot(round);
    }
    if (overwritten_ > 0) {
      // Content 0 is what round 0 found there: the last sub-tiles of K.
      return {Pool::kProbability, 0, round + 1, LockStepEmitter::kOwn};
    }
    return phase_.prob_row_bytes > 0
               ? LockStepEmitter::ring(Pool::kProbability, round, phase_.lookahead + 1)
               : score_slot(round, 0);
  }

  void front(std::int64_t index) {
    const Round round = round_at(index);
    for (std::int64_t head = 0; head < round.heads; ++head) {
      const Operation load = operation(Unit::kLoad, phase_.input, round, head);
      const std::array writes{input_slot(index)};
      emitter_.emit(load, round, {}, writes,
                    row_bytes(shape_, phase_.input, phase_.input_row_bytes, round.visible.cols));
      if (phase_.bias_row_bytes > 0) {
        emitter_.emit(operation(Unit::kLoad, Operand::kBias, round, head), round, {}, writes,
                      row_bytes(shape_, Operand::kBias, phase_.bias_row_bytes, round.visible.cols));
      }
    }
    if (phase_.has_first) {
      matmuls(round, phase_.first_kind);
    }
  }

  void second_matmul(std::int64_t index) {
    if (phase_.has_second) {
      matmuls(round_at(index), MatmulKind::kPV);
    }
  }

  /// All matmuls of a stage, each with the load of its sub-tile if that is due.
  void matmuls(const Round& round, MatmulKind kind) {
    std::int64_t& loaded = kind == MatmulKind::kQK ? loaded_keys_ : loaded_values_;
    loaded = round.position == 0 ? 0 : loaded;
    for (std::int64_t head = 0; head < round.heads; ++head) {
      for (std::int64_t j = round.visible.first; j < round.visible.end(); ++j) {
        matmul(round, kind, head, j);
      }
    }
    loaded = round.visible.end();
  }

  bool overwrites(MatmulKind kind) const {
    return tiling_.overwrite == (kind == MatmulKind::kQK ? Overwrite::kKey : Overwrite::kValue);
  }

  void matmul(const Round& round, MatmulKind kind, std::int64_t head, std::int64_t j) {
    std::array<SlotUse, 3> reads{};
    std::size_t count = 0;
    if (overwrites(kind) && j >= sub_tiles_ - overwritten_) {
      count = destroyed_sub_tile(round, kind, j, reads);
    } else {
      reads[count++] = present_sub_tile(round, kind, head, j);
    }
    const bool is_first = phase_.has_first && kind == phase_.first_kind;
    reads[count++] = is_first ? input_slot(round.round) : probability_slot(round.round);
    Operation op =
        operation(Unit::kMatrix, kind == MatmulKind::kQK ? Operand::kS : Operand::kO, round, head);
    op.matmul = kind;
    op.sub_tile = j;
    op.cols = emitter_.columns(j);
    const bool to_score = is_first && phase_.has_softmax;
    const std::array writes{to_score ? score_slot(round.round, 0) : output_slot(round.round)};
    emitter_.emit(op, round, std::span(reads).first(count), writes);
  }

  /// The slot of a sub-tile that is streamed or resident; emits its load where one is due.
  SlotUse present_sub_tile(const Round& round, MatmulKind kind, std::int64_t head, std::int64_t j) {
    const bool in_keys = kind == MatmulKind::kQK || phase_.values_in_keys;
    const Pool pool = in_keys ? Pool::kKey : Pool::kValue;
    if (tiling_.kv_resident) {
      const SlotUse slot = emitter_.shared(
          LockStepEmitter::ring(pool, round.group, in_keys ? key_slots_ : tiling_.buffers));
      if (kind == MatmulKind::kPV && in_keys) {
        return slot;
      }
      if (j >= (kind == MatmulKind::kQK ? loaded_keys_ : loaded_values_)) {
        load_sub_tile(round, kind, head, j, std::array{slot});
      }
      return slot;
    }
    std::int64_t& count = kind == MatmulKind::kQK ? keys_ : values_;
    const SlotUse slot = emitter_.shared(LockStepEmitter::ring(pool, count++, tiling_.buffers));
    load_sub_tile(round, kind, head, j, std::array{slot});
    return slot;
  }

  /// Loads again what P took the place of: into the score slot that the softmax has released.
  std::size_t destroyed_sub_tile(const Round& round, MatmulKind kind, std::int64_t j,
                                 std::array<SlotUse, 3>& reads) {
    if (kind == MatmulKind::kQK && round.round == 0) {
      reads[0] = emitter_.shared({Pool::kProbability, 0, 0});
      load_sub_tile(round, kind, 0, j, std::array{reads[0]});
      return 1;
    }
    reads[0] =
        emitter_.shared(score_slot(kind == MatmulKind::kQK ? round.round - 1 : round.round, 1));
    reads[1] = emitter_.shared(LockStepEmitter::ring(Pool::kLanding, landed_++, landing_slots_));
    // The ring starts anew in another score slot every round: nothing is left of the one before.
    load_sub_tile(round, kind, 0, j, std::array{reads[0], reads[1]});
    return 2;
  }

  void load_sub_tile(const Round& round, MatmulKind kind, std::int64_t head, std::int64_t j,
                     std::span<const SlotUse> writes) {
    Operation op =
        operation(Unit::kLoad, kind == MatmulKind::kQK ? Operand::kK : Operand::kV, round, head);
    op.sub_tile = j;
    op.cols = emitter_.columns(j);
    emitter_.load_shares(op, round, kind, writes);
  }

  void softmax(std::int64_t index) {
    if (!phase_.has_softmax) {
      return;
    }
    const Round round = round_at(index);
    for (std::int64_t head = 0; head < round.heads; ++head) {
      Operation op = operation(Unit::kVector, Operand::kP, round, head);
      op.cols = round.visible.cols;
      op.masked_cols = round.visible.masked_cols;
      // A bias is where the input is.
      const std::array reads{softmax_source(index), input_slot(index)};
      const bool two = phase_.has_first && phase_.bias_row_bytes > 0;
      const std::array writes{probability_slot(index)};
      emitter_.emit(op, round, std::span(reads).first(two ? 2 : 1), writes);
    }
  }

  void store(std::int64_t index) {
    const Round round = round_at(index);
    for (std::int64_t head = 0; head < round.heads; ++head) {
      const Operation op = operation(Unit::kStore, phase_.output, round, head);
      const std::array reads{output_slot(index)};
      emitter_.emit(op, round, reads, {},
                    row_bytes(shape_, phase_.output, phase_.output_row_bytes, round.visible.cols));
    }
  }

  const Shape& shape_;
  const Tiling& tiling_;
  const PhasePlan& phase_;
  const LockStepEmitter emitter_;
  const std::int64_t sub_tiles_;
  const std::int64_t overwritten_;
  const std::int64_t landing_slots_;
  const std::int64_t key_slots_;
  std::int64_t keys_ = 0;  ///< streamed sub-tiles so far
  std::int64_t values_ = 0;
  std::int64_t landed_ = 0;
  /// Resident: sub-tiles of the group that are there, from the first on or from where masks begin.
  std::int64_t loaded_keys_ = 0;
  std::int64_t loaded_values_ = 0;
};

}  // namespace

void expand(const Shape& shape, const Tiling& tiling, const CoreLayout& layout,
            const PhasePlan& phase, OperationSink& sink) {
  if (phase.merges) {
    expand_merge(shape, tiling, layout, phase, sink);
    return;
  }
  const PhaseDeal deal = phase_deal(shape, tiling, layout, phase);
  const TileCounts counts = count_tiles(shape, deal.tiling);
  const std::int64_t active = active_cores(counts, tiling.core_split, deal.layout);
  const std::int64_t together = cores_in_step(counts, tiling.core_split, deal.layout);
  for (std::int64_t core = 0; core < active; core += together) {
    if (phase.epochs) {
      expand_epochs(shape, deal.tiling, deal.layout, phase, core, sink);
    } else if (phase.online) {
      expand_online(shape, tiling, layout, phase, core, sink);
    } else {
      Expander(shape, tiling, layout, phase, core, sink).run();
    }
  }
}

double count_operations(const Shape& shape, const Tiling& tiling, const CoreLayout& layout,
                        std::span<const PhasePlan> phases) {
  const TileCounts counts = count_tiles(shape, tiling);
  const std::int64_t together = cores_in_step(counts, tiling.core_split, layout);
  const auto real = [](std::int64_t value) { return static_cast<double>(value); };
  const std::int64_t tiles = ceil_div(counts.q_tiles, together) * together;
  const bool split_keys = tiling.core_split == CoreSplit::kKeyValue;
  const double rounds = real(shape.pairs) * real(tiles);
  const double copies = split_keys ? real(active_cores(counts, CoreSplit::kKeyValue, layout)) : 1;
  double operations = 0;
  for (const PhasePlan& phase : phases) {
    if (phase.merges) {
      operations += 3 * real(shape.pairs) * real(shape.rows);
      continue;
    }
    if (phase.online) {
      const double of_sub_tile = phase.epochs ? 10 : 6;
      operations += rounds * (2 * copies + of_sub_tile * real(counts.sub_tiles));
      continue;
    }
    const double stages = (phase.has_first ? 1 : 0) + (phase.has_second ? 1 : 0);
    if (phase.own_rows) {
      // A round of one row at worst.
      operations += 3 * real(shape.pairs) * real(shape.rows);
    } else {
      const double each = phase.epochs && !phase.has_softmax ? 3 : 2;
      operations += rounds * (3 + each * stages * real(counts.sub_tiles));
    }
  }
  return operations;
}

}  // namespace tilewright
