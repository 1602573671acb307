// What the two forms of a program have in common when they are expanded: where a round stands in
// the workload, and one operation for each of the cores in lock-step.
#pragma once

#include <cstdint>
#include <span>

#include "schedules/expand.h"

namespace tilewright {

/// Where a round of a core stands in the whole workload.
struct RoundPlace {
  std::int64_t round = 0;
  std::int64_t group = 0;  ///< on this core
  std::int64_t position = 0;
  std::int64_t heads = 0;
  std::int64_t first_pair = 0;
  std::int64_t q_tile = 0;
};

/// A core that stands for itself and those in lock-step with it.
class LockStepEmitter {
 public:
  using Uses = std::span<const SlotUse>;
  static constexpr std::int64_t kOwn = -1;  ///< a slot of the core that executes the operation

  /// All references must outlive it.
  LockStepEmitter(const Shape& shape, const Tiling& tiling, const CoreLayout& layout,
                  std::int64_t core, OperationSink& sink);

  const TileCounts& counts() const { return counts_; }
  const CoreRounds& rounds() const { return rounds_; }

  RoundPlace place_of(std::int64_t round) const;
  std::int64_t columns(std::int64_t sub_tile) const;

  /// On every core that has rows in this round. `row_bytes`: of what a transfer moves.
  void emit(Operation op, const RoundPlace& place, Uses reads, Uses writes,
            std::int64_t row_bytes = 0) const;

  /// The load of a sub-tile of K or V with `op.cols` columns: each core its share.
  void load_shares(Operation op, const RoundPlace& place, MatmulKind kind, Uses writes) const;

  /// Of K, the same on all cores.
  std::int64_t key_slots(const PhasePlan& phase) const;

  /// Successive contents take `slots` slots in turn.
  static SlotUse ring(SlotUse::Pool pool, std::int64_t content, std::int64_t slots) {
    return {pool, content % slots, content / slots, kOwn};
  }

  /// K and V, and what takes their place, are in the slots of the first of the cores in lock-step.
  SlotUse shared(SlotUse slot) const {
    slot.core = core_;
    return slot;
  }

 private:
  std::int64_t rows_of(const RoundPlace& place, std::int64_t rank) const;
  void emit_on(std::int64_t rank, const RoundPlace& place, Operation op, Uses reads,
               Uses writes) const;

  const Shape& shape_;
  const Tiling& tiling_;
  const CoreLayout& layout_;
  const std::int64_t core_;
  OperationSink& sink_;
  const TileCounts counts_;
  const CoreRounds rounds_;
  const std::int64_t together_;  ///< cores in lock-step
};

}  // namespace tilewright
