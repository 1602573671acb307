// Costs and durations of single operations, for the reference and for reports, and what the vector
// unit does in an online phase.
#include "costmodel/evaluator.h"

namespace tilewright {
std::int64_t OperationCosts::vector_cycles(const VectorTile& tile) const {
  switch (tile.kind) {
    case VectorKind::kOnlineSoftmax:
      return tile.masked_cols > 0 ? online.masked_softmax_cycles(tile.rows, tile.cols)
                                  : online.softmax_cycles(tile.rows, tile.cols);
    case VectorKind::kRescale:
      return online.rescale_cycles(tile.rows);
    case VectorKind::kNormalise:
      return online.normalise_cycles(tile.rows);
    case VectorKind::kLocalMax:
      return tile.masked_cols > 0 ? online.masked_local_max_cycles(tile.rows, tile.cols)
                                  : online.local_max_cycles(tile.rows, tile.cols);
    case VectorKind::kUpdate:
      return online.update_cycles(tile.rows, tile.cols);
    case VectorKind::kUpdateMax:
      return online.update_max_cycles(tile.rows);
    case VectorKind::kUpdateSum:
      return online.update_sum_cycles(tile.rows);
    case VectorKind::kSaveState:
      return online.save_state_cycles(tile.rows);
    case VectorKind::kMerge:
      return online.merge_cycles(tile.rows, tile.cols);
    case VectorKind::kExponentials:  // on the array alone
    case VectorKind::kSoftmax:
      break;
  }
  return vector.softmax_cycles(tile.rows, tile.cols, tile.masked_cols);
}

std::int64_t OperationCosts::array_cycles(const VectorTile& tile) const {
  if (tile.kind == VectorKind::kExponentials) {
    return online.array_exp_cycles(tile.rows, tile.cols);
  }
  return tile.masked_cols > 0 ? online.masked_array_max_cycles(tile.rows, tile.cols)
                              : online.array_max_cycles(tile.rows, tile.cols);
}

OperationCosts Evaluator::operation_costs(const Tiling& tiling, Objective objective) {
  const Sizes sizes = sizes_of(problem_.shape, tiling, problem_.layout);
  const auto transfer = [&](std::int64_t cores) {
    return transfers_[static_cast<std::size_t>(cores - 1)];
  };
  OperationCosts costs{{},
                       transfer(sizes.active),
                       transfer(merging_cores(problem_.shape, problem_.layout)),
                       vector_,
                       online_};
  evaluate(tiling, objective, costs.choices);
  return costs;
}

std::int64_t Evaluator::l0_traffic(const Tiling& tiling, const OperationCosts& costs) const {
  return l0_traffic(sizes_of(problem_.shape, tiling, problem_.layout), costs.choices);
}

PhaseTimes Evaluator::phase_times(const Tiling& tiling, const OperationCosts& costs,
                                  const PhasePlan& phase, const CoreRounds& rounds) const {
  PhaseTimes times;
  const PhaseDeal deal = phase_deal(problem_.shape, tiling, problem_.layout, phase);
  times_of(sizes_of(problem_.shape, deal.tiling, deal.layout), rounds, phase, costs.choices, times);
  if (rounds.rows_last == 0) {
    times.last.keep_loads();
  }
  return times;
}

}  // namespace tilewright
