// The members of Evaluator that compute with numbers, for those who need them for a number of their
// own.
#pragma once

#include <array>
#include <cstdint>

#include "costmodel/evaluator.h"
#include "costmodel/slot_forms.h"

namespace tilewright {

template <typename Number>
ConditionOf<Number> Evaluator::fits(const SizesOf<Number>& sizes, const Plan& plan,
                                    Number* peak) const {
  *peak = peak_bytes(problem_.shape, sizes, problem_.layout, problem_.alignment, plan.phases());
  return *peak <= problem_.hardware.l1.capacity_bytes &&
         array_bytes(problem_, sizes.tiling) <= problem_.hardware.l0.accumulator_bytes;
}

template <typename Number>
Evaluator::LoadTimes<Number> Evaluator::load_times(const SizesOf<Number>& sizes, MatmulKind kind,
                                                   const Number& share) const {
  const TransferCost& transfer = transfer_of(sizes);
  const std::int64_t column = stream_col_bytes(problem_.shape, kind);
  const bool whole = all(share == 1);
  const auto cycles = [&](const Number& cols) {
    const Number bytes = cols * column;
    return transfer.cycles(whole ? bytes : divided_up(bytes, share));
  };
  const Number full = cycles(sizes.tiling.kv_cols);
  const bool one = all(sizes.counts.edge_cols == sizes.tiling.kv_cols);
  return {full, one ? full : cycles(sizes.counts.edge_cols)};
}

/// Of K and V, where they are loaded; often the same.
template <typename Number>
std::array<Evaluator::LoadTimes<Number>, 2> Evaluator::load_times(const SizesOf<Number>& sizes,
                                                                  const PhasePlan& phase,
                                                                  const Number& share) const {
  std::array<LoadTimes<Number>, 2> loads{};
  if (phase.has_first) {
    loads[0] = load_times(sizes, phase.first_kind, share);
  }
  if (phase.loads_values()) {
    const bool same = problem_.shape.qk_dim == problem_.shape.v_dim && phase.has_first;
    loads[1] = same ? loads[0] : load_times(sizes, MatmulKind::kPV, share);
  }
  return loads;
}

template <typename Number>
void Evaluator::round_times(const SizesOf<Number>& sizes, const PhasePlan& phase,
                            const Choices<Number>& choices, const Number& rows,
                            const std::array<LoadTimes<Number>, 2>& loads,
                            RoundTimesOf<Number>& out) const {
  const TransferCost& transfer = transfer_of(sizes);
  const auto edge = rows != sizes.tiling.q_rows;
  const auto stage = [&](MatmulKind kind, const LoadTimes<Number>& load,
                         StageTimesOf<Number>& times) {
    const auto& tile = choices[index_of(kind)].tile;
    times.matmul_full = choose(edge, tile[2].cycles, tile[0].cycles);
    times.matmul_edge = choose(edge, tile[3].cycles, tile[1].cycles);
    times.load_full = load.full;
    times.load_edge = load.edge;
    times.matmul_all = (sizes.counts.sub_tiles - 1) * times.matmul_full + times.matmul_edge;
  };
  out.input = transfer.cycles(Number(rows * phase.input_row_bytes));
  out.store = phase.output_row_bytes == phase.input_row_bytes
                  ? out.input
                  : transfer.cycles(Number(rows * phase.output_row_bytes));
  if (phase.bias_row_bytes > 0) {
    bias_transfers(sizes, phase, rows, out);
  }
  if (phase.epochs && !phase.has_second && phase.has_first) {
    tile_transfers(sizes, phase, rows, out);
  }
  if (phase.has_first) {
    stage(phase.first_kind, loads[0], out.first);
  }
  if (phase.online && phase.epochs) {
    epoch_times(sizes, phase, rows, out);
  } else if (phase.online) {
    online_times(sizes, phase, rows, out);
  } else if (phase.has_softmax) {
    out.softmax = vector_.softmax_cycles(rows);
  }
  if (phase.has_second) {
    stage(MatmulKind::kPV, loads[1], out.second);
  }
}

template <typename Number>
void Evaluator::bias_transfers(const SizesOf<Number>& sizes, const PhasePlan& phase,
                               const Number& rows, RoundTimesOf<Number>& out) const {
  const TransferCost& transfer = transfer_of(sizes);
  const auto cycles = [&](const Number& cols) {
    return transfer.cycles(Number(rows * cols * problem_.shape.bias_bytes));
  };
  if (phase.bias_in_input()) {
    out.input += cycles(Number(problem_.shape.cols));
  } else if (phase.online) {
    out.bias = cycles(sizes.tiling.kv_cols);
    out.bias_edge = cycles(sizes.counts.edge_cols);
  } else {
    out.bias = cycles(Number(problem_.shape.cols));
  }
}

/// Of one operator alone: of a sub-tile of P or S.
template <typename Number>
void Evaluator::tile_transfers(const SizesOf<Number>& sizes, const PhasePlan& phase,
                               const Number& rows, RoundTimesOf<Number>& out) const {
  const TransferCost& transfer = transfer_of(sizes);
  const ElementBytes& bytes = problem_.shape.bytes;
  const auto cycles = [&](std::int64_t element, const Number& cols) {
    return transfer.cycles(Number(rows * cols * element));
  };
  if (phase.input == Operand::kP) {
    out.input = cycles(bytes.input, sizes.tiling.kv_cols);
    out.input_edge = cycles(bytes.input, sizes.counts.edge_cols);
  }
  if (phase.output == Operand::kS) {
    out.store = cycles(bytes.score, sizes.tiling.kv_cols);
    out.store_edge = cycles(bytes.score, sizes.counts.edge_cols);
  }
}

template <typename Number>
void Evaluator::times_of(const SizesOf<Number>& sizes, const CoreRoundsOf<Number>& rounds,
                         const PhasePlan& phase, const Choices<Number>& choices,
                         PhaseTimesOf<Number>& out, const Accord<Number>& accord) const {
  out.heads = rounds.heads;
  out.full_groups = rounds.full_groups;
  out.edge_heads = rounds.edge_heads;
  out.positions = rounds.positions;
  out.sub_tiles = rounds.sub_tiles;
  out.has_first = phase.has_first;
  out.has_softmax = phase.has_softmax;
  out.has_second = phase.has_second;
  out.kv_resident = sizes.tiling.kv_resident && (phase.has_first || phase.has_second);
  out.has_bias = phase.bias_row_bytes > 0;
  out.values_in_keys = phase.values_in_keys;
  if constexpr (kAlone<Number>) {
    if (phase.values_in_keys) {
      out.key_slots =
          key_slots(phase, sizes.tiling,
                    fewest_steps_of_group(problem_.shape, sizes.counts, sizes.tiling.core_split,
                                          problem_.layout, phase));
      out.value_slot_free = true;
    }
  }
  out.shared_channel = problem_.hardware.dram.shared_channel;
  out.store_first = phase.store_first;
  out.online = phase.online;
  out.epochs = phase.epochs;
  out.on_array = phase.on_array;
  const bool one_operator = phase.epochs && !phase.has_second && phase.has_first;
  out.input_by_tile = one_operator && phase.input == Operand::kP;
  out.store_by_tile = one_operator && phase.output == Operand::kS;
  out.serial = problem_.serial;
  out.buffers = sizes.tiling.buffers;
  out.lookahead = phase.lookahead;
  out.scores_ahead = phase.scores_ahead;
  out.latency = problem_.hardware.dram.latency_cycles;
  out.overwrite = any(sizes.overwritten > 0) ? sizes.tiling.overwrite : Overwrite::kNone;
  out.overwritten = sizes.overwritten;

  const auto loads = load_times(sizes, phase, rounds.share);
  const auto differs = rounds.positions > 1 && rounds.rows_last != rounds.rows_full;
  // Where K and V stay, the last round of a group is one of its own anyway.
  out.last_differs = out.kv_resident ? any(differs) : accord(differs);
  round_times(sizes, phase, choices, rounds.rows_last, loads, out.last);
  if (out.last_differs) {
    round_times(sizes, phase, choices, rounds.rows_full, loads, out.full);
  } else {
    out.full = out.last;
  }
  if (out.kv_resident) {
    out.resident_first.load_full = loads[0].full;
    out.resident_first.load_edge = loads[0].edge;
    out.resident_second.load_full = loads[1].full;
    out.resident_second.load_edge = loads[1].edge;
  }
  out.drop_edge_cols(rounds);
}

template <typename Number>
void Evaluator::epoch_times(const SizesOf<Number>& sizes, const PhasePlan& phase,
                            const Number& rows, RoundTimesOf<Number>& out) const {
  const Number& cols = sizes.tiling.kv_cols;
  const Number& edge_cols = sizes.counts.edge_cols;
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

template <typename Number>
void Evaluator::online_times(const SizesOf<Number>& sizes, const PhasePlan& phase,
                             const Number& rows, RoundTimesOf<Number>& out) const {
  const Number& cols = sizes.tiling.kv_cols;
  const Number& edge_cols = sizes.counts.edge_cols;
  out.softmax = online_.softmax_cycles(rows, cols);
  out.softmax_edge = all(edge_cols == cols) ? out.softmax : online_.softmax_cycles(rows, edge_cols);
  if (problem_.shape.mask.causal) {
    out.masked_softmax = online_.masked_softmax_cycles(rows, cols);
    out.masked_softmax_edge = online_.masked_softmax_cycles(rows, edge_cols);
  }
  out.rescale = online_.rescale_cycles(rows);
  out.normalise =
      phase.makes_parts() ? online_.save_state_cycles(rows) : online_.normalise_cycles(rows);
}

/// Cores with an L1 of their own that lack the last query tile of every group come to the next
/// group a round earlier, those that lack the last sub-tile of every round to the next round a step
/// earlier. Its loads then stand before others in their queue, which can cost such a core more than
/// the tile would have.
template <typename Number>
ConditionOf<Number> Evaluator::may_be_slower(const SizesOf<Number>& sizes) const {
  const std::int64_t cores = problem_.layout.cores;
  const auto uneven = [cores](const Number& tiles) {
    return tiles > cores && divided_up(tiles, Number(cores)) * cores != tiles;
  };
  const Number& share = sizes.busiest.share;
  switch (sizes.tiling.core_split) {
    case CoreSplit::kHeads:
      break;
    case CoreSplit::kQuery:
      if (!problem_.serial && any(share == 1)) {
        return share == 1 && sizes.counts.groups > 1 && uneven(sizes.counts.q_tiles);
      }
      break;
    case CoreSplit::kKeyValue:
      return uneven(sizes.counts.sub_tiles);
  }
  return share < 1;  // no
}

template <typename Number>
Number Evaluator::l0_traffic(const SizesOf<Number>& sizes, const Choices<Number>& choices) const {
  const TileCountsOf<Number>& c = sizes.counts;
  Number bytes = 0;
  if (problem_.shape.mask.causal) {
    for (const TileChoiceOf<Number>& choice : choices) {
      for (std::size_t i = 0; i < choice.tile.size(); ++i) {
        bytes += sizes.visible.matmuls[i] * choice.tile[i].l1_bytes;
      }
    }
    return problem_.shape.pairs * bytes;
  }
  for (const TileChoiceOf<Number>& choice : choices) {
    bytes +=
        (c.q_tiles - 1) * ((c.sub_tiles - 1) * choice.tile[0].l1_bytes + choice.tile[1].l1_bytes) +
        (c.sub_tiles - 1) * choice.tile[2].l1_bytes + choice.tile[3].l1_bytes;
  }
  return problem_.shape.pairs * bytes;
}

template <typename Number>
Number Evaluator::dram_traffic(const SizesOf<Number>& sizes, const Plan& plan) const {
  const Shape& shape = problem_.shape;
  const auto stream = [&](MatmulKind kind) {
    return stream_bytes(shape, sizes, problem_.layout, kind);
  };
  Number bytes = 0;
  for (const PhasePlan& phase : plan.phases()) {
    bytes += input_bytes(shape, sizes, phase) + output_bytes(shape, sizes, phase) +
             bias_bytes(shape, sizes, phase);
    if (phase.has_first) {
      bytes += stream(phase.first_kind);
    }
    if (phase.loads_values()) {
      bytes += stream(MatmulKind::kPV);
    }
  }
  return shape.pairs * bytes;
}

}  // namespace tilewright
