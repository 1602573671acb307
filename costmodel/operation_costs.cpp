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

void Evaluator::epoch_times(const Sizes& sizes, const PhasePlan& phase, std::int64_t rows,
                            RoundTimes& out) const {
  const std::int64_t cols = sizes.tiling.kv_cols;
  const std::int64_t edge_cols = sizes.counts.edge_cols;
  out.rescale = online_.rescale_cycles(rows);
  out.normalise = online_.normalise_cycles(rows);
  if (phase.on_array) {
    out.softmax = out.softmax_edge = online_.update_max_cycles(rows);
    out.beside = out.beside_edge = online_.update_sum_cycles(rows);
    out.masked_beside = out.masked_beside_edge = out.beside;
    out.array_max = online_.array_max_cycles(rows, cols);
    out.array_max_edge = online_.array_max_cycles(rows, edge_cols);
    out.array_exp = online_.array_exp_cycles(rows, cols);
    out.array_exp_edge = online_.array_exp_cycles(rows, edge_cols);
    out.masked_array_max = online_.masked_array_max_cycles(rows, cols);
    out.masked_array_max_edge = online_.masked_array_max_cycles(rows, edge_cols);
  } else {
    out.softmax = online_.update_cycles(rows, cols);
    out.softmax_edge = online_.update_cycles(rows, edge_cols);
    out.beside = online_.local_max_cycles(rows, cols);
    out.beside_edge = online_.local_max_cycles(rows, edge_cols);
    out.masked_beside = online_.masked_local_max_cycles(rows, cols);
    out.masked_beside_edge = online_.masked_local_max_cycles(rows, edge_cols);
  }
}

void Evaluator::online_times(const Sizes& sizes, const PhasePlan& phase, std::int64_t rows,
                             RoundTimes& out) const {
  const std::int64_t cols = sizes.tiling.kv_cols;
  const std::int64_t edge_cols = sizes.counts.edge_cols;
  out.softmax = online_.softmax_cycles(rows, cols);
  out.softmax_edge = edge_cols == cols ? out.softmax : online_.softmax_cycles(rows, edge_cols);
  if (problem_.shape.mask.causal) {
    out.masked_softmax = online_.masked_softmax_cycles(rows, cols);
    out.masked_softmax_edge = online_.masked_softmax_cycles(rows, edge_cols);
  }
  out.rescale = online_.rescale_cycles(rows);
  out.normalise =
      phase.makes_parts() ? online_.save_state_cycles(rows) : online_.normalise_cycles(rows);
}

}  // namespace tilewright
