// A cheap lower bound over boxes of candidates whose tile counts differ.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "costmodel/evaluator.h"
#include "costmodel/least_parts.h"

namespace tilewright {

/// Work and traffic that every candidate of a box must do: docs/search.md has the derivation.
class CoarseBound {
 public:
  explicit CoarseBound(const Problem& problem);

  /// A lower bound of every figure over the box (tile counts may differ over it); empty if nothing
  /// in it fits L1.
  std::optional<Figures> operator()(const ClassBox& box) const;

  /// False if nothing in the box fits L1.
  bool may_fit(const ClassBox& box) const;

 private:
  /// What the matrix and vector unit do for one pair.
  struct Work {
    std::int64_t rows = 0;
    std::int64_t q_tiles = 0;
    std::int64_t steps = 0;       ///< sub-tiles, once for every query tile they meet
    std::int64_t rescales = 0;    ///< steps but the last of each round (online)
    std::int64_t scores = 0;      ///< rows x columns
    std::int64_t row_visits = 0;  ///< rows, once for every sub-tile they meet
    std::int64_t col_visits = 0;  ///< columns, once for every query tile they meet
  };

  /// The least of everything over a box.
  struct Least {
    TileCounts counts;            ///< fewest tiles: at the high corner
    std::int64_t pairs = 0;       ///< on the busiest core
    std::int64_t cols = 0;        ///< on the busiest core
    std::int64_t rounds = 0;      ///< on the busiest core
    std::int64_t active = 1;      ///< cores with any work: the more, the less bandwidth for each
    std::int64_t last_heads = 1;  ///< of the busiest core's last round
    std::int64_t last_rows = 1;
    bool same_rows = false;  ///< the box has one number of query tiles
    Work core;               ///< on the busiest core
    Work all;                ///< on all cores
  };

  Least least_of(const ClassBox& box) const;
  void set_last_round(const ClassBox& box, Least& least) const;
  std::int64_t least_footprint(const ClassBox& box, const Plan& plan) const;
  std::int64_t overwritten_cols(const ClassBox& box, MatmulKind kind) const;
  std::int64_t stream_bytes(const ClassBox& box, const Least& least, MatmulKind kind) const;
  static Work whole_work(std::int64_t rows, std::int64_t q_tiles, std::int64_t cols,
                         std::int64_t sub_tiles);
  Work share_of_keys(const Least& least) const;
  Work work_of(const ClassBox& box, std::int64_t rows, std::int64_t q_tiles,
               std::int64_t scores) const;
  std::int64_t padded_scores(const ClassBox& box, const Least& least, MatmulKind kind) const;
  std::int64_t array_passes(const ClassBox& box, const Least& least, MatmulKind kind) const;
  std::int64_t row_passes(const ClassBox& box, const Least& least, std::int64_t width) const;
  std::int64_t parts_of_keys(const ClassBox& box, const Least& least, const PartRate& rate) const;
  std::int64_t l0_tiles(const ClassBox& box, const Least& least, MatmulKind kind) const;
  std::int64_t l0_tiles_by_rows(const ClassBox& box, const Least& least, MatmulKind kind) const;
  std::int64_t l0_bytes(const Work& work, MatmulKind kind, std::int64_t pairs) const;
  std::int64_t row_bytes_of(const Work& work, Operand operand, std::int64_t full) const;
  std::int64_t input_bytes(const Least& least, const PhasePlan& phase) const;
  std::int64_t bias_bytes(const Least& least, const PhasePlan& phase) const;
  std::int64_t output_bytes(const Least& least, const PhasePlan& phase) const;
  std::int64_t matmul_cycles(const ClassBox& box, const Least& least, MatmulKind kind) const;
  VectorSums vector_cycles(const Least& least, const PhasePlan& phase) const;
  std::int64_t reload_cycles(const ClassBox& box, const Least& least) const;
  std::int64_t phase_cycles(const ClassBox& box, const Least& least, const PhasePlan& phase) const;
  std::int64_t transfer_cycles(std::int64_t bytes) const;
  std::int64_t stream_of_core(const ClassBox& box, const Least& least, MatmulKind kind) const;
  std::int64_t slot_cycles(const ClassBox& box, const Least& least, const PhasePlan& phase) const;

  const Problem& problem_;
  VectorCost vector_;
  OnlineCost online_;
  TransferCost alone_;                   ///< one active core: the whole bandwidth
  std::vector<TransferCost> transfers_;  ///< by number of active cores - 1
  std::int64_t pass_milli_;
};

}  // namespace tilewright
