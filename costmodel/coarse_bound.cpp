#include "costmodel/coarse_bound.h"

#include <algorithm>

#include "costmodel/least_scores.h"
#include "schedules/visible.h"

namespace tilewright {

CoarseBound::CoarseBound(const Problem& problem)
    : problem_(problem),
      vector_(problem.hardware, problem.shape),
      online_(problem.hardware, problem.shape),
      alone_(problem.hardware, 1),
      pass_milli_(pass_millicycles(problem.hardware.matrix, problem.shape.bytes.input)) {
  for (std::int64_t cores = 1; cores <= problem.layout.cores; ++cores) {
    transfers_.emplace_back(problem.hardware, cores);
  }
}

/// Cycles for `bytes` at the whole machine's bandwidth: all cores together are no faster.
std::int64_t CoarseBound::transfer_cycles(std::int64_t bytes) const {
  return alone_.busy_cycles(bytes);
}

/// Without a mask.
CoarseBound::Work CoarseBound::whole_work(std::int64_t rows, std::int64_t q_tiles,
                                          std::int64_t cols, std::int64_t sub_tiles) {
  return {rows,        q_tiles,          q_tiles * sub_tiles, q_tiles * (sub_tiles - 1),
          rows * cols, rows * sub_tiles, cols * q_tiles};
}

/// Of `rows` rows in `q_tiles` tiles that see `scores` keys in all.
CoarseBound::Work CoarseBound::work_of(const ClassBox& box, std::int64_t rows, std::int64_t q_tiles,
                                       std::int64_t scores) const {
  const Shape& shape = problem_.shape;
  if (!shape.mask.causal) {
    return whole_work(rows, q_tiles, shape.cols, ceil_div(shape.cols, box.high[2]));
  }
  const std::int64_t row_visits = std::max(rows, ceil_div(scores, box.high[2]));
  return {rows,
          q_tiles,
          std::max(q_tiles, ceil_div(row_visits, box.high[1])),
          ceil_div(row_visits - rows, box.high[1]),
          scores,
          row_visits,
          std::max(q_tiles, ceil_div(scores, box.high[1]))};
}

/// What the busiest core has of the keys: the average at least.
CoarseBound::Work CoarseBound::share_of_keys(const Least& least) const {
  return whole_work(least.all.rows, least.all.q_tiles, least.cols,
                    ceil_div(least.counts.sub_tiles, problem_.layout.cores));
}

CoarseBound::Least CoarseBound::least_of(const ClassBox& box) const {
  const Shape& shape = problem_.shape;
  const std::int64_t cores = problem_.layout.cores;
  const Tiling high = tiling_of(box.mode, box.high[0], box.high[1], box.high[2]);
  const std::int64_t scores =
      least_scores(shape, {ceil_div(shape.rows, box.low[1]), ceil_div(shape.cols, box.low[2])});
  Least least;
  least.counts = count_tiles(shape, high);
  least.active = active_cores(least.counts, box.mode.core_split, problem_.layout);
  least.all = work_of(box, shape.rows, least.counts.q_tiles, scores);
  least.cols = shape.cols;
  if (box.mode.core_split == CoreSplit::kHeads) {
    least.pairs = ceil_div(shape.pairs, cores);
    if (box.low[0] == box.high[0]) {
      const CoreRounds rounds = deal_rounds(least.counts, high, problem_.layout, 0);
      least.pairs = rounds.full_groups * rounds.heads + rounds.edge_heads;
    }
    least.core = least.all;
    least.rounds = ceil_div(least.counts.groups, cores) * least.core.q_tiles;
  } else if (box.mode.core_split == CoreSplit::kKeyValue) {
    least.pairs = shape.pairs;
    least.cols = ceil_div(shape.cols, cores);
    least.core = share_of_keys(least);
    least.rounds = least.counts.groups * least.core.q_tiles;
  } else {
    least.pairs = shape.pairs;
    least.core = work_of(box, ceil_div(shape.rows, cores), ceil_div(least.counts.q_tiles, cores),
                         ceil_div(scores, cores));
    least.rounds = least.counts.groups * least.core.q_tiles;
  }
  set_last_round(box, least);
  return least;
}

/// Of the busiest core, where the numbers of tiles are the same all over the box: the edges shrink
/// as the tiles grow.
void CoarseBound::set_last_round(const ClassBox& box, Least& least) const {
  const Tiling low = tiling_of(box.mode, box.low[0], box.low[1], box.low[2]);
  TileCounts counts = count_tiles(problem_.shape, low);
  least.same_rows = counts.q_tiles == least.counts.q_tiles;
  const bool same_heads = counts.groups == least.counts.groups;
  counts.edge_heads = std::min(least.counts.edge_heads, low.heads);
  counts.edge_rows = std::min(least.counts.edge_rows, low.q_rows);
  const CoreRounds rounds = deal_rounds(counts, low, problem_.layout, 0);
  if (same_heads) {
    least.last_heads = rounds.edge_heads > 0 ? rounds.edge_heads : rounds.heads;
  }
  if (least.same_rows) {
    least.last_rows = rounds.rows_last;
  }
}

/// At the low corner, with as many slots as the fewest rounds of the box need.
std::int64_t CoarseBound::least_footprint(const ClassBox& box, const Plan& plan) const {
  const Tiling high = tiling_of(box.mode, box.high[0], box.high[1], box.high[2]);
  Sizes sizes;
  sizes.tiling = tiling_of(box.mode, box.low[0], box.low[1], box.low[2]);
  sizes.counts = count_tiles(problem_.shape, high);
  sizes.of_box = true;
  sizes.most_sub_tiles = ceil_div(problem_.shape.cols, box.low[2]);
  sizes.most_q_tiles = ceil_div(problem_.shape.rows, box.low[1]);
  sizes.busiest = deal_rounds(sizes.counts, high, problem_.layout, 0);
  sizes.active = active_cores(sizes.counts, high.core_split, problem_.layout);
  // Some candidate may have a single key in the last sub-tile of the busiest core.
  sizes.busiest.has_edge_cols = true;
  sizes.counts.edge_cols = 1;
  return peak_bytes(problem_.shape, sizes, problem_.layout, problem_.alignment, plan.phases());
}

/// Columns of K (V) that P takes the place of: whole sub-tiles, of which the last may be narrow.
std::int64_t CoarseBound::overwritten_cols(const ClassBox& box, MatmulKind kind) const {
  const Overwrite taken = kind == MatmulKind::kQK ? Overwrite::kKey : Overwrite::kValue;
  if (box.mode.overwrite != taken) {
    return 0;
  }
  const Shape& s = problem_.shape;
  const std::int64_t cols =
      ceil_div(box.low[1] * s.cols * s.bytes.input, stream_col_bytes(s, kind)) - box.high[2] + 1;
  return std::clamp<std::int64_t>(cols, 0, s.cols);
}

bool CoarseBound::may_fit(const ClassBox& box) const {
  const Tiling low = tiling_of(box.mode, box.low[0], box.low[1], box.low[2]);
  return least_footprint(box, problem_.plans.of(low)) <= problem_.hardware.l1.capacity_bytes;
}

/// K (V) bytes that all cores load together, per layer.
std::int64_t CoarseBound::stream_bytes(const ClassBox& box, const Least& least,
                                       MatmulKind kind) const {
  const Shape& shape = problem_.shape;
  const bool queries = box.mode.core_split == CoreSplit::kQuery;
  const bool together = queries && problem_.layout.l1_shared;
  std::int64_t cols = shape.cols;
  if (shape.mask.causal) {
    const std::int64_t seen = shape.cols - keys_of(shape, 0).first;
    const std::int64_t visits = together ? least.core.col_visits : least.all.col_visits;
    cols = box.mode.kv_resident ? seen : std::max(seen, visits);
  } else if (!box.mode.kv_resident) {
    cols = together ? least.core.col_visits : least.all.col_visits;
  } else {
    const std::int64_t once =
        queries && !together ? std::min(problem_.layout.cores, least.counts.q_tiles) : 1;
    const std::int64_t passes = together ? least.core.q_tiles : least.all.q_tiles;
    cols = once * cols + (passes - once) * overwritten_cols(box, kind);
  }
  return shape.pairs * cols * stream_col_bytes(shape, kind);
}

/// Of the input or output of one pair; `full`: of a whole row.
std::int64_t CoarseBound::row_bytes_of(const Work& work, Operand operand, std::int64_t full) const {
  const bool scores = operand == Operand::kS || operand == Operand::kP || operand == Operand::kBias;
  return scores ? full / problem_.shape.cols * work.scores : work.rows * full;
}

// Of all cores: as input_bytes() and output_bytes() of a candidate.
std::int64_t CoarseBound::input_bytes(const Least& least, const PhasePlan& phase) const {
  const std::int64_t copies = phase.merges || phase.makes_parts() ? least.active : 1;
  return copies * problem_.shape.pairs *
         row_bytes_of(least.all, phase.input, phase.input_row_bytes);
}

std::int64_t CoarseBound::bias_bytes(const Least& least, const PhasePlan& phase) const {
  return problem_.shape.pairs * row_bytes_of(least.all, Operand::kBias, phase.bias_row_bytes);
}

std::int64_t CoarseBound::output_bytes(const Least& least, const PhasePlan& phase) const {
  const std::int64_t copies = phase.makes_parts() ? least.active : 1;
  return copies * problem_.shape.pairs *
         row_bytes_of(least.all, phase.output, phase.output_row_bytes);
}

/// On the busiest core.
VectorSums CoarseBound::vector_cycles(const Least& least, const PhasePlan& phase) const {
  const Work& core = least.core;
  const std::int64_t sub_tiles = least.counts.sub_tiles;
  VectorSums of_pair;
  if (!phase.online) {
    of_pair.softmax =
        phase.has_softmax ? vector_.least_softmax_cycles(core.scores, core.q_tiles) : 0;
  } else if (problem_.shape.mask.causal || phase.makes_parts()) {
    of_pair = online_.least(
        {core.rows, core.q_tiles, core.steps, core.rescales, core.scores, core.row_visits});
    if (phase.makes_parts()) {
      of_pair.normalise = core.q_tiles * online_.save_state_cycles(std::int64_t{0});
    }
    if (phase.on_array) {
      of_pair.softmax = online_.least_state_cycles(core.row_visits, core.steps, 1);
    }
  } else {
    of_pair = online_.least(core.rows, core.q_tiles, sub_tiles);
    if (phase.on_array) {
      of_pair.softmax = online_.least_state_cycles(core.rows, core.q_tiles * sub_tiles, sub_tiles);
    }
  }
  return {least.pairs * of_pair.softmax, least.pairs * of_pair.rescale,
          least.pairs * of_pair.normalise};
}

/// Streamed K (V) that the busiest core loads itself.
std::int64_t CoarseBound::stream_of_core(const ClassBox& box, const Least& least,
                                         MatmulKind kind) const {
  const std::int64_t share = box.mode.core_split == CoreSplit::kQuery && problem_.layout.l1_shared
                                 ? problem_.layout.cores
                                 : 1;
  return least.pairs * least.core.col_visits * stream_col_bytes(problem_.shape, kind) / share;
}

/// What reuses a slot waits for its last reader, so that with `buffers` slots every so many rounds
/// (or sub-tiles) go through load, latency and reader one after the other; likewise writer and
/// store.
std::int64_t CoarseBound::slot_cycles(const ClassBox& box, const Least& least,
                                      const PhasePlan& phase) const {
  if (phase.epochs) {
    return 0;  // slots are as many as epochs need
  }
  const Shape& s = problem_.shape;
  const TransferCost& transfer = transfers_[static_cast<std::size_t>(least.active - 1)];
  const std::int64_t latency = problem_.hardware.dram.latency_cycles;
  const std::int64_t buffers = box.mode.buffers;
  const auto rows = [&](Operand operand, std::int64_t full) {
    return transfer.busy_cycles(least.pairs * row_bytes_of(least.core, operand, full));
  };
  const std::int64_t input = rows(phase.input, phase.input_row_bytes) + least.rounds * latency;
  const std::int64_t store = rows(phase.output, phase.output_row_bytes);
  const std::int64_t bias = rows(Operand::kBias, phase.bias_row_bytes);
  const VectorSums vector = vector_cycles(least, phase);
  const std::int64_t first = phase.has_first ? matmul_cycles(box, least, phase.first_kind) : 0;
  const std::int64_t second = phase.has_second ? matmul_cycles(box, least, MatmulKind::kPV) : 0;
  // A bias in the slot of the input is read by the softmax.
  const std::int64_t reader = phase.bias_in_input() ? bias + first + vector.softmax
                                                    : (phase.has_first ? first : vector.softmax);
  const std::int64_t writer = phase.has_second ? second + vector.rescale + vector.normalise
                                               : (phase.has_softmax ? vector.softmax : first);
  std::int64_t least_cycles = std::max(input + reader, writer + store) / buffers;
  if (phase.bias_apart()) {
    least_cycles = std::max(least_cycles, (bias + vector.softmax) / buffers);
  }
  if (phase.store_first && problem_.hardware.dram.shared_channel && !phase.has_softmax) {
    // One slot each and the store before the next loads: a single chain.
    least_cycles = std::max(least_cycles, input + first + store);
  }
  if (!box.mode.kv_resident && phase.values_in_keys) {
    // A slot has K of a step, all of which are loaded before its softmax and its P V.
    const std::int64_t loads = transfer.busy_cycles(stream_of_core(box, least, MatmulKind::kQK));
    return std::max(least_cycles, (loads + vector.softmax + second) / (phase.lookahead + buffers));
  }
  if (!box.mode.kv_resident) {
    const std::int64_t sub_tiles =
        least.pairs *
        (s.mask.causal ? ceil_div(least.core.col_visits, box.high[2]) : least.core.steps);
    const auto stream = [&](MatmulKind kind) {
      return transfer.busy_cycles(stream_of_core(box, least, kind)) + sub_tiles * latency;
    };
    if (phase.has_first) {
      least_cycles = std::max(least_cycles, (stream(phase.first_kind) + first) / buffers);
    }
    if (phase.has_second) {
      least_cycles = std::max(least_cycles, (stream(MatmulKind::kPV) + second) / buffers);
    }
  }
  return least_cycles;
}

/// The matrix unit waits for what is loaded again into a single slot, but for the first load of a
/// round.
std::int64_t CoarseBound::reload_cycles(const ClassBox& box, const Least& least) const {
  const MatmulKind kind = box.mode.overwrite == Overwrite::kKey ? MatmulKind::kQK : MatmulKind::kPV;
  const bool shares = box.mode.core_split == CoreSplit::kQuery && problem_.layout.l1_shared;
  const std::int64_t cols = std::max<std::int64_t>(0, overwritten_cols(box, kind) - box.high[2]);
  const std::int64_t bytes =
      (least.core.q_tiles - 1) * cols * stream_col_bytes(problem_.shape, kind);
  const TransferCost& transfer = transfers_[static_cast<std::size_t>(least.active - 1)];
  return least.pairs * transfer.busy_cycles(bytes / (shares ? problem_.layout.cores : 1));
}

std::int64_t CoarseBound::phase_cycles(const ClassBox& box, const Least& least,
                                       const PhasePlan& phase) const {
  if (phase.merges) {
    return problem_.merges.cycles(least.active, box.mode.buffers);
  }
  const Shape& s = problem_.shape;
  std::int64_t loads = input_bytes(least, phase) + bias_bytes(least, phase);
  std::int64_t matrix = 0;
  if (phase.has_first) {
    matrix += matmul_cycles(box, least, phase.first_kind);
    loads += stream_bytes(box, least, phase.first_kind);
  }
  std::int64_t second = 0;
  if (phase.has_second) {
    second = matmul_cycles(box, least, MatmulKind::kPV);
    loads += phase.loads_values() ? stream_bytes(box, least, MatmulKind::kPV) : 0;
  }
  matrix += second;
  if (phase.on_array) {
    matrix += least.pairs * (s.mask.causal ? online_.least_array_cycles_of(least.core.scores)
                                           : online_.least_array_cycles(least.core.rows));
  }
  const VectorSums vector = vector_cycles(least, phase);
  const std::int64_t stores = output_bytes(least, phase);
  const std::int64_t load_cycles = transfer_cycles(loads);
  const std::int64_t store_cycles = transfer_cycles(stores);
  if (problem_.serial) {
    return matrix + vector.all() + load_cycles + store_cycles;
  }
  if (box.mode.overwrite != Overwrite::kNone && box.mode.buffers == 1) {
    matrix += reload_cycles(box, least);
  }
  // Before the first matmul or softmax come its loads, after the last one its store. One stream
  // after the other: the units never work at once, but for a division while the next round begins.
  // Two streams: a rescaling stands between two P V.
  const std::int64_t both = phase.score_slots() == 1
                                ? matrix + vector.softmax + vector.rescale
                                : std::max({matrix, vector.all(), second + vector.rescale});
  const TransferCost& transfer = transfers_[static_cast<std::size_t>(least.active - 1)];
  // Under a mask the first tile may see no more than one key.
  const std::int64_t cols = s.mask.causal ? 1 : s.cols;
  std::int64_t fill =
      box.low[0] *
      transfer.cycles(box.low[1] * row_bytes(s, phase.input, phase.input_row_bytes, cols));
  if (phase.bias_in_input()) {
    fill += box.low[0] * transfer.cycles(box.low[1] * cols * s.bias_bytes);
  }
  if (phase.has_first) {
    const bool shares = box.mode.core_split == CoreSplit::kQuery && problem_.layout.l1_shared;
    fill += transfer.cycles(std::min(box.low[2], cols) * stream_col_bytes(s, phase.first_kind) /
                            (shares ? problem_.layout.cores : 1));
  }
  std::int64_t drain =
      least.last_heads *
      transfer.cycles(least.last_rows * row_bytes(s, phase.output, phase.output_row_bytes, cols));
  if (phase.epochs && !phase.has_second) {
    fill = drain = 0;  // no whole rows, or others
  }
  const std::int64_t busy = fill + problem_.hardware.dram.latency_cycles + both + drain;
  const std::int64_t channel = problem_.hardware.dram.shared_channel
                                   ? load_cycles + store_cycles
                                   : std::max(load_cycles, store_cycles);
  return std::max({busy, channel, slot_cycles(box, least, phase)});
}

std::optional<Figures> CoarseBound::operator()(const ClassBox& box) const {
  const Shape& s = problem_.shape;
  const Tiling low = tiling_of(box.mode, box.low[0], box.low[1], box.low[2]);
  const Plan& plan = problem_.plans.of(low);
  const std::int64_t peak = least_footprint(box, plan);
  if (peak > problem_.hardware.l1.capacity_bytes) {
    return std::nullopt;
  }
  const Least least = least_of(box);
  std::int64_t cycles = 0;
  std::int64_t dram = 0;
  std::int64_t l0 = 0;
  const auto matmul = [&](MatmulKind kind, bool loads) {
    dram += loads ? stream_bytes(box, least, kind) : 0;
    l0 += l0_bytes(least.all, kind, s.pairs);
  };
  for (const PhasePlan& phase : plan.phases()) {
    cycles += phase_cycles(box, least, phase);
    dram += input_bytes(least, phase) + output_bytes(least, phase) + bias_bytes(least, phase);
    if (phase.has_first) {
      matmul(phase.first_kind, true);
    }
    if (phase.has_second) {
      matmul(MatmulKind::kPV, phase.loads_values());
    }
  }
  const Int128 compute =
      s.mask.causal
          ? masked_energy(problem_, {static_cast<Int128>(s.pairs) * least.all.scores, 0,
                                     static_cast<Int128>(s.pairs) * least.all.row_visits})
          : problem_.fixed_fj + problem_.online_fj + problem_.sub_tile_fj * least.counts.sub_tiles +
                parts_energy(problem_, box.mode.core_split, least.active);
  return total_figures(problem_, compute, cycles, dram, l0, peak);
}

}  // namespace tilewright
