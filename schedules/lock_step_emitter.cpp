#include "schedules/lock_step_emitter.h"

#include <algorithm>
#include <array>

#include "common/math.h"

namespace tilewright {

LockStepEmitter::LockStepEmitter(const Shape& shape, const Tiling& tiling, const CoreLayout& layout,
                                 std::int64_t core, OperationSink& sink)
    : shape_(shape),
      tiling_(tiling),
      layout_(layout),
      core_(core),
      sink_(sink),
      counts_(count_tiles(shape, tiling)),
      rounds_(deal_rounds(counts_, tiling, layout, core)),
      together_(cores_in_step(counts_, tiling.core_split, layout)) {}

RoundPlace LockStepEmitter::place_of(std::int64_t round) const {
  RoundPlace place;
  place.round = round;
  place.group = round / rounds_.positions;
  place.position = round % rounds_.positions;
  const bool by_heads = tiling_.core_split == CoreSplit::kHeads;
  const bool by_queries = tiling_.core_split == CoreSplit::kQuery;
  const std::int64_t group = by_heads ? core_ + place.group * layout_.cores : place.group;
  place.q_tile = by_queries ? core_ + place.position * layout_.cores : place.position;
  place.first_pair = group * tiling_.heads;
  place.heads = std::min(tiling_.heads, shape_.pairs - place.first_pair);
  return place;
}

std::int64_t LockStepEmitter::key_slots(const PhasePlan& phase) const {
  return tilewright::key_slots(
      phase, tiling_, fewest_steps_of_group(shape_, counts_, tiling_.core_split, layout_, phase));
}

std::int64_t LockStepEmitter::columns(std::int64_t sub_tile) const {
  return std::min(tiling_.kv_cols, shape_.cols - sub_tile * tiling_.kv_cols);
}

/// Of the core `rank` places after this one; 0 if it has no tile in this round.
std::int64_t LockStepEmitter::rows_of(const RoundPlace& place, std::int64_t rank) const {
  const std::int64_t first = (place.q_tile + rank) * tiling_.q_rows;
  return std::clamp<std::int64_t>(shape_.rows - first, 0, tiling_.q_rows);
}

void LockStepEmitter::emit(Operation op, const RoundPlace& place, Uses reads, Uses writes,
                           std::int64_t row_bytes) const {
  for (std::int64_t rank = 0; rank < together_; ++rank) {
    op.rows = rows_of(place, rank);
    op.payload_bytes = op.timed_bytes = op.rows * row_bytes;
    if (op.rows > 0) {
      emit_on(rank, place, op, reads, writes);
    }
  }
}

void LockStepEmitter::load_shares(Operation op, const RoundPlace& place, MatmulKind kind,
                                  Uses writes) const {
  const std::int64_t bytes = op.cols * stream_col_bytes(shape_, kind);
  op.timed_bytes = ceil_div(bytes, together_);
  for (std::int64_t rank = 0; rank < together_; ++rank) {
    op.payload_bytes = bytes / together_ + (rank < bytes % together_ ? 1 : 0);
    emit_on(rank, place, op, {}, writes);
  }
}

void LockStepEmitter::emit_on(std::int64_t rank, const RoundPlace& place, Operation op, Uses reads,
                              Uses writes) const {
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
  op.q_tile = place.q_tile + rank;
  op.reads = owned(reads, read_slots);
  op.writes = owned(writes, write_slots);
  sink_.take(op);
}

}  // namespace tilewright
