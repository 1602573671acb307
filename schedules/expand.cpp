#include "schedules/expand.h"

#include <algorithm>
#include <array>

#include "common/math.h"
#include "schedules/expand_online.h"
#include "schedules/visible.h"

namespace tilewright {
namespace {

using Pool = SlotUse::Pool;

/// One round of a core, with its place in the whole workload.
struct Round {
  std::int64_t index = 0;
  std::int64_t group = 0;  ///< on this core
  std::int64_t position = 0;
  std::int64_t heads = 0;
  std::int64_t first_pair = 0;
  std::int64_t q_tile = 0;
  Visible visible;
};

/// A core that stands for itself and those in lock-step with it.
class Expander {
  static constexpr std::int64_t kOwn = -1;  ///< a slot of the core that executes the operation

 public:
  Expander(const Shape& shape, const Tiling& tiling, const CoreLayout& layout,
           const PhasePlan& phase, std::int64_t core, OperationSink& sink)
      : shape_(shape),
        tiling_(tiling),
        layout_(layout),
        phase_(phase),
        core_(core),
        sink_(sink),
        counts_(count_tiles(shape, tiling)),
        rounds_(deal_rounds(counts_, tiling, layout, core)),
        together_(cores_in_step(counts_, tiling.core_split, layout)),
        overwritten_(overwritten_sub_tiles(shape, tiling)),
        landing_slots_(std::min(tiling.buffers, overwritten_)) {}

  void run() {
    const std::int64_t last = rounds_.rounds();
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
    Round round;
    round.index = index;
    round.group = index / rounds_.positions;
    round.position = index % rounds_.positions;
    const bool by_heads = tiling_.core_split == CoreSplit::kHeads;
    const std::int64_t group = by_heads ? core_ + round.group * layout_.cores : round.group;
    round.q_tile = by_heads ? round.position : core_ + round.position * layout_.cores;
    round.first_pair = group * tiling_.heads;
    round.heads = std::min(tiling_.heads, shape_.pairs - round.first_pair);
    round.visible = visible_at(shape_, tiling_, rounds_, round.position);
    return round;
  }

  /// Of the core `rank` places after this one; 0 if it has no tile in this round.
  std::int64_t rows_of(const Round& round, std::int64_t rank) const {
    const std::int64_t first = (round.q_tile + rank) * tiling_.q_rows;
    return std::clamp<std::int64_t>(shape_.rows - first, 0, tiling_.q_rows);
  }

  std::int64_t columns(std::int64_t sub_tile) const {
    return std::min(tiling_.kv_cols, shape_.cols - sub_tile * tiling_.kv_cols);
  }

  Operation operation(Unit unit, Operand operand, const Round& round, std::int64_t head) const {
    Operation op;
    op.unit = unit;
    op.operand = operand;
    op.round = round.index;
    op.pair = round.first_pair + head;
    op.first_sub_tile = round.visible.first;
    op.row_cols = round.visible.cols;
    return op;
  }

  /// On every core that has rows in this round. `row_bytes`: of what a transfer moves.
  void emit(Operation op, const Round& round, std::span<const SlotUse> reads,
            std::span<const SlotUse> writes, std::int64_t row_bytes = 0) {
    for (std::int64_t rank = 0; rank < together_; ++rank) {
      op.rows = rows_of(round, rank);
      op.payload_bytes = op.timed_bytes = op.rows * row_bytes;
      if (op.rows > 0) {
        emit_on(rank, round, op, reads, writes);
      }
    }
  }

  void emit_on(std::int64_t rank, const Round& round, Operation op, std::span<const SlotUse> reads,
               std::span<const SlotUse> writes) {
    const auto owned = [&](std::span<const SlotUse> uses, std::array<SlotUse, 3>& slots) {
      std::transform(uses.begin(), uses.end(), slots.begin(), [&](SlotUse use) {
        use.core = use.core == kOwn ? core_ + rank : use.core;
        return use;
      });
      return std::span<const SlotUse>(slots).first(uses.size());
    };
    std::array<SlotUse, 3> read_slots;
    std::array<SlotUse, 3> write_slots;
    op.core = core_ + rank;
    op.follows = rank > 0;
    op.q_tile = round.q_tile + rank;
    op.reads = owned(reads, read_slots);
    op.writes = owned(writes, write_slots);
    sink_.take(op);
  }

  /// K and V, and what takes their place, are in the slots of the first of the cores in lock-step.
  SlotUse shared(SlotUse slot) const {
    slot.core = core_;
    return slot;
  }
  SlotUse ring(Pool pool, std::int64_t round, std::int64_t slots) const {
    return {pool, round % slots, round / slots, kOwn};
  }
  SlotUse input_slot(std::int64_t round) const {
    return ring(Pool::kInput, round, tiling_.buffers);
  }
  SlotUse output_slot(std::int64_t round) const {
    return ring(Pool::kOutput, round, tiling_.buffers);
  }

  /// A score slot holds S of a round (part 0, which becomes P where P is made in place), then
  /// perhaps the sub-tiles that an overwrite destroyed (part 1).
  SlotUse score_slot(std::int64_t round, std::int64_t part) const {
    SlotUse slot = ring(Pool::kScore, round, phase_.score_slots());
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
      return {Pool::kProbability, 0, round + 1, kOwn};
    }
    return phase_.prob_row_bytes > 0 ? ring(Pool::kProbability, round, phase_.lookahead + 1)
                                     : score_slot(round, 0);
  }

  void front(std::int64_t index) {
    const Round round = round_at(index);
    for (std::int64_t head = 0; head < round.heads; ++head) {
      const Operation load = operation(Unit::kLoad, phase_.input, round, head);
      const std::array writes{input_slot(index)};
      emit(load, round, {}, writes,
           row_bytes(shape_, phase_.input, phase_.input_row_bytes, round.visible.cols));
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
    if (overwrites(kind) && j >= counts_.sub_tiles - overwritten_) {
      count = destroyed_sub_tile(round, kind, j, reads);
    } else {
      reads[count++] = present_sub_tile(round, kind, head, j);
    }
    const bool is_first = phase_.has_first && kind == phase_.first_kind;
    reads[count++] = is_first ? input_slot(round.index) : probability_slot(round.index);
    Operation op =
        operation(Unit::kMatrix, kind == MatmulKind::kQK ? Operand::kS : Operand::kO, round, head);
    op.matmul = kind;
    op.sub_tile = j;
    op.cols = columns(j);
    const bool to_score = is_first && phase_.has_softmax;
    const std::array writes{to_score ? score_slot(round.index, 0) : output_slot(round.index)};
    emit(op, round, std::span(reads).first(count), writes);
  }

  /// The slot of a sub-tile that is streamed or resident; emits its load where one is due.
  SlotUse present_sub_tile(const Round& round, MatmulKind kind, std::int64_t head, std::int64_t j) {
    const Pool pool = kind == MatmulKind::kQK ? Pool::kKey : Pool::kValue;
    if (tiling_.kv_resident) {
      const SlotUse slot = shared(ring(pool, round.group, tiling_.buffers));
      if (j >= (kind == MatmulKind::kQK ? loaded_keys_ : loaded_values_)) {
        load_sub_tile(round, kind, head, j, std::array{slot});
      }
      return slot;
    }
    std::int64_t& count = kind == MatmulKind::kQK ? keys_ : values_;
    const SlotUse slot = shared(ring(pool, count++, tiling_.buffers));
    load_sub_tile(round, kind, head, j, std::array{slot});
    return slot;
  }

  /// Loads again what P took the place of: into the score slot that the softmax has released.
  std::size_t destroyed_sub_tile(const Round& round, MatmulKind kind, std::int64_t j,
                                 std::array<SlotUse, 3>& reads) {
    if (kind == MatmulKind::kQK && round.index == 0) {
      reads[0] = {Pool::kProbability, 0, 0, core_};
      load_sub_tile(round, kind, 0, j, std::array{reads[0]});
      return 1;
    }
    reads[0] = shared(score_slot(kind == MatmulKind::kQK ? round.index - 1 : round.index, 1));
    reads[1] = shared(ring(Pool::kLanding, landed_++, landing_slots_));
    // The ring starts anew in another score slot every round: nothing is left of the one before.
    load_sub_tile(round, kind, 0, j, std::array{reads[0], reads[1]});
    return 2;
  }

  void load_sub_tile(const Round& round, MatmulKind kind, std::int64_t head, std::int64_t j,
                     std::span<const SlotUse> writes) {
    Operation op =
        operation(Unit::kLoad, kind == MatmulKind::kQK ? Operand::kK : Operand::kV, round, head);
    op.sub_tile = j;
    op.cols = columns(j);
    const std::int64_t bytes = op.cols * stream_col_bytes(shape_, kind);
    op.timed_bytes = ceil_div(bytes, together_);
    for (std::int64_t rank = 0; rank < together_; ++rank) {
      op.payload_bytes = share_of(bytes, together_, rank);
      emit_on(rank, round, op, {}, writes);
    }
  }

  static std::int64_t share_of(std::int64_t bytes, std::int64_t parts, std::int64_t rank) {
    return bytes / parts + (rank < bytes % parts ? 1 : 0);
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
      const std::array reads{softmax_source(index)};
      const std::array writes{probability_slot(index)};
      emit(op, round, reads, writes);
    }
  }

  void store(std::int64_t index) {
    const Round round = round_at(index);
    for (std::int64_t head = 0; head < round.heads; ++head) {
      const Operation op = operation(Unit::kStore, phase_.output, round, head);
      const std::array reads{output_slot(index)};
      emit(op, round, reads, {},
           row_bytes(shape_, phase_.output, phase_.output_row_bytes, round.visible.cols));
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
  const std::int64_t overwritten_;
  const std::int64_t landing_slots_;
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
  const TileCounts counts = count_tiles(shape, tiling);
  const std::int64_t active = active_cores(counts, tiling.core_split, layout);
  const std::int64_t together = cores_in_step(counts, tiling.core_split, layout);
  for (std::int64_t core = 0; core < active; core += together) {
    if (phase.online) {
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
  const double rounds = real(shape.pairs) * real(ceil_div(counts.q_tiles, together) * together);
  double operations = 0;
  for (const PhasePlan& phase : phases) {
    if (phase.online) {
      operations += rounds * (2 + 6 * real(counts.sub_tiles));
      continue;
    }
    const double stages = (phase.has_first ? 1 : 0) + (phase.has_second ? 1 : 0);
    operations += rounds * (3 + 2 * stages * real(counts.sub_tiles));
  }
  return operations;
}

}  // namespace tilewright
