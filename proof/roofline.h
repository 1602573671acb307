// A lower bound for all candidates between two sizes on each axis, from totals alone: the work of
// each unit, the bytes that must move, the slots of the smallest tiles. Simple rather than tight,
// and on its own: it shares the costs of operations with the bounds of the search and nothing else.
#pragma once

#include <optional>

#include "costmodel/evaluator.h"

namespace tilewright {

class Roofline {
 public:
  explicit Roofline(const Problem& problem);

  /// Of every figure; empty if nothing between the sizes fits L1.
  std::optional<Figures> least(const ClassBox& box) const;

 private:
  /// Fewest tiles: those of the highest sizes.
  struct Counts {
    std::int64_t groups = 1;
    std::int64_t q_tiles = 1;
    std::int64_t sub_tiles = 1;
    std::int64_t active = 1;  ///< cores with any work
    // Of the busiest core.
    std::int64_t core_groups = 1;
    std::int64_t core_q_tiles = 1;
    std::int64_t core_sub_tiles = 1;

    std::int64_t core_rounds() const { return core_groups * core_q_tiles; }
  };
  /// What is done for one pair, at least.
  struct Work {
    std::int64_t rows = 0;
    std::int64_t cols = 0;
    std::int64_t steps = 0;       ///< pairs of a query tile and a sub-tile that meet
    std::int64_t scores = 0;      ///< computed
    std::int64_t row_visits = 0;  ///< rows, once for every sub-tile they meet
    std::int64_t col_visits = 0;  ///< columns, once for every query tile they meet
  };
  struct Bytes {
    std::int64_t loads = 0;
    std::int64_t stores = 0;
  };
  /// A box with all that is found out of it.
  struct Least {
    const ClassBox& box;
    Counts counts;
    std::int64_t core_pairs = 0;
    Work core;  ///< of the busiest core: at least the average
    Work all;   ///< of all cores
  };

  Least least_of(const ClassBox& box) const;
  Counts counts_of(const ClassBox& box) const;
  std::int64_t pairs_of_busiest(const ClassBox& box, const Counts& counts) const;
  Work work(const ClassBox& box, const Counts& counts) const;
  Work share(const Work& all, const ClassBox& box, const Counts& counts) const;
  std::int64_t computed_scores(const ClassBox& box) const;

  std::int64_t slot_bytes(const Least& least, const PhasePlan& phase) const;
  std::int64_t epoch_slot_bytes(const Least& least, const PhasePlan& phase) const;
  std::int64_t kv_slot_bytes(const Least& least, MatmulKind kind, std::int64_t streamed_cols,
                             std::int64_t loads) const;

  std::int64_t matmul_cycles(const Least& least, MatmulKind kind) const;
  std::int64_t array_passes(const Work& core, MatmulKind kind) const;
  std::int64_t l0_tiles(const Work& core, MatmulKind kind) const;
  std::int64_t l0_bytes(const Work& of_pair, MatmulKind kind) const;
  std::int64_t softmax_cycles(const Work& core, const PhasePlan& phase) const;
  std::int64_t phase_cycles(const Least& least, const PhasePlan& phase) const;

  Bytes dram_bytes(const Least& least, const PhasePlan& phase) const;
  std::int64_t stream_bytes(const Least& least, MatmulKind kind) const;
  std::int64_t operand_bytes(const Work& all, Operand operand, std::int64_t full) const;
  Int128 compute_energy(const Least& least) const;

  const Problem& problem_;
  const Shape& shape_;
  VectorCost vector_;
  OnlineCost online_;
  TransferCost transfer_;  ///< at the whole bandwidth
  std::int64_t pass_milli_;
  std::int64_t seen_;          ///< scores of one pair that the mask leaves
  std::int64_t seen_keys_;     ///< keys that any row sees
  std::int64_t most_keys_;     ///< that one row sees
  Int128 least_parts_fj_ = 0;  ///< of a split of keys and values, whatever the number of parts
};

}  // namespace tilewright
