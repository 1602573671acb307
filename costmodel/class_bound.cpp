// Evaluator::lower_bound(): the evaluator itself under the least durations of a box.
#include <algorithm>
#include <limits>
#include <numeric>

#include "common/math.h"
#include "costmodel/evaluator.h"

namespace tilewright {
TileChoice Evaluator::least_of(const Sizes& sizes, MatmulKind kind) const {
  const auto tiles = tiles_of(sizes, kind);
  const bool one_rows = sizes.counts.edge_rows == sizes.tiling.q_rows;
  const bool one_cols = sizes.counts.edge_cols == sizes.tiling.kv_cols;
  TileChoice least;
  const auto look = [&](std::size_t i) {
    const TileCost cost = l0_.least(tiles[i]);
    return TileTime{cost.cycles, cost.l1_bytes};
  };
  least.tile[0] = look(0);
  least.tile[1] = one_cols ? least.tile[0] : look(1);
  least.tile[2] = one_rows ? least.tile[0] : look(2);
  least.tile[3] = one_rows ? least.tile[1] : (one_cols ? least.tile[2] : look(3));
  return least;
}

std::optional<Figures> Evaluator::lower_bound(const ClassBox& box,
                                              std::int64_t enough_cycles) const {
  Sizes sizes;
  sizes.tiling = tiling_of(box.mode, box.low[0], box.low[1], box.low[2]);
  const Tiling high = tiling_of(box.mode, box.high[0], box.high[1], box.high[2]);
  sizes.counts = count_tiles(problem_.shape, sizes.tiling);
  // The counts are the same all over the box; the edges shrink as the tiles grow.
  const TileCounts far = count_tiles(problem_.shape, high);
  sizes.counts.edge_heads = std::min(far.edge_heads, sizes.tiling.heads);
  sizes.counts.edge_rows = std::min(far.edge_rows, sizes.tiling.q_rows);
  sizes.counts.edge_cols = std::min(far.edge_cols, sizes.tiling.kv_cols);
  sizes.busiest = deal_rounds(sizes.counts, sizes.tiling, problem_.layout, 0);
  sizes.active = active_cores(sizes.counts, sizes.tiling.core_split, problem_.layout);
  // Loading again only adds; and what P takes is at least a whole K (V) in L1 all the same.
  const Plan& plan = problem_.plans.of(sizes.tiling);
  Plan slots = plan;
  if (box.mode.overwrite != Overwrite::kNone) {
    slots.phase_table[0].prob_row_bytes = 0;
    sizes.tiling.buffers = 1;
  }
  sizes.of_box = true;
  std::int64_t peak = 0;
  if (!fits(sizes, slots, &peak)) {
    return std::nullopt;
  }
  sizes.tiling.buffers = box.mode.buffers;
  const Choices choices{least_of(sizes, MatmulKind::kQK), least_of(sizes, MatmulKind::kPV)};
  const std::int64_t enough =
      (enough_cycles - problem_.hardware.launch_cycles) / problem_.workload.repeat;
  if (problem_.shape.mask.causal) {
    const MaskedBox far_sizes{box.high[1], box.high[2]};
    sizes.visible = quick_visible_sums(problem_.shape, sizes.tiling, far_sizes, sizes.counts);
    std::int64_t cycles = least_masked_work(sizes, plan, choices);
    if (cycles <= enough) {
      sizes.visible = least_visible_sums(problem_.shape, sizes.tiling, far_sizes, sizes.counts,
                                         problem_.layout);
      cycles = std::max(cycles, least_masked_work(sizes, plan, choices));
    }
    if (plan.phases().front().epochs) {
      // Fewer steps may meet in slower epochs: only the sums count.
      cycles = std::max(cycles, least_channel_cycles(sizes, plan));
    } else if (cycles <= enough) {
      cycles = std::max(cycles, least_masked_cycles(sizes, plan, choices, far_sizes));
    }
    return total_figures(problem_, layer_compute_energy(problem_, sizes), cycles,
                         dram_traffic(sizes, plan), l0_traffic(sizes, choices), peak);
  }
  return total_figures(problem_, layer_compute_energy(problem_, sizes),
                       least_cycles(sizes, plan, choices, box, enough), dram_traffic(sizes, plan),
                       l0_traffic(sizes, choices), peak);
}

/// The busiest core's matrix and vector work, at least; one after the other where a phase does not
/// overlap them.
std::int64_t Evaluator::least_masked_work(const Sizes& sizes, const Plan& plan,
                                          const Choices& choices) const {
  const bool by_heads = sizes.tiling.core_split == CoreSplit::kHeads;
  const CoreRounds& busiest = sizes.busiest;
  const std::int64_t pairs =
      by_heads ? busiest.full_groups * busiest.heads + busiest.edge_heads : problem_.shape.pairs;
  const std::int64_t cores = by_heads ? 1 : sizes.active;
  const auto on_core = [&](std::int64_t of_pair) { return ceil_div(pairs * of_pair, cores); };
  const auto matmuls = [&](MatmulKind kind) {
    std::int64_t cycles = 0;
    for (std::size_t i = 0; i < sizes.visible.matmuls.size(); ++i) {
      cycles += sizes.visible.matmuls[i] * choices[index_of(kind)].tile[i].cycles;
    }
    return on_core(cycles);
  };
  const VectorSums vector = least_masked_vector(sizes);
  std::int64_t sum = 0;
  for (const PhasePlan& phase : plan.phases()) {
    const std::int64_t second = phase.has_second ? matmuls(MatmulKind::kPV) : 0;
    const std::int64_t matrix = (phase.has_first ? matmuls(phase.first_kind) : 0) + second;
    const std::int64_t softmax = phase.has_softmax ? on_core(vector.softmax) : 0;
    const std::int64_t rescale = on_core(vector.rescale);
    const bool one_stream = problem_.serial || phase.score_slots() == 1;
    sum +=
        one_stream
            ? matrix + softmax + rescale
            : std::max({matrix, softmax + rescale + on_core(vector.normalise), second + rescale});
    if (phase.epochs && phase.online) {
      sum = std::max(sum, ceil_div(least_epochs(sizes, phase, choices, pairs), cores));
    }
  }
  return sum;
}

/// All bytes at the whole machine's bandwidth; with a channel each, loads or stores are half.
std::int64_t Evaluator::least_channel_cycles(const Sizes& sizes, const Plan& plan) const {
  const std::int64_t all = transfers_.front().busy_cycles(dram_traffic(sizes, plan));
  return problem_.hardware.dram.shared_channel ? all : all / 2;
}

/// Of one pair, on all cores.
VectorSums Evaluator::least_masked_vector(const Sizes& sizes) const {
  const VisibleSums& visible = sizes.visible;
  const std::int64_t rounds = sizes.counts.q_tiles;
  if (!problem_.online()) {
    return {vector_.least_softmax_cycles(visible.scores, rounds), 0, 0};
  }
  const std::int64_t steps = std::max(
      rounds, std::accumulate(visible.matmuls.begin(), visible.matmuls.end(), std::int64_t{0}));
  if (problem_.on_array()) {
    VectorSums sums =
        online_.least({problem_.shape.rows, rounds, steps, steps - rounds, 0, visible.row_visits});
    sums.softmax = online_.least_state_cycles(visible.row_visits, steps, 1);
    return sums;
  }
  return online_.least(
      {problem_.shape.rows, rounds, steps, steps - rounds, visible.scores, visible.row_visits});
}

/// The makespan of what every candidate of the box does at least, under its least durations.
std::int64_t Evaluator::least_masked_cycles(const Sizes& sizes, const Plan& plan,
                                            const Choices& choices, const MaskedBox& high) const {
  const TransferCost& transfer = transfers_[static_cast<std::size_t>(sizes.active - 1)];
  // Of cores apart, the one with the last tile sees most.
  const bool apart = sizes.tiling.core_split == CoreSplit::kQuery && sizes.busiest.share == 1;
  const std::int64_t core = apart ? (sizes.counts.q_tiles - 1) % problem_.layout.cores : 0;
  const CoreRounds rounds = deal_rounds(sizes.counts, sizes.tiling, problem_.layout, core);
  std::int64_t cycles = 0;
  for (const PhasePlan& phase : plan.phases()) {
    const MaskedRounds low(problem_.shape, sizes.tiling, rounds, phase, transfer, vector_);
    const MaskedRounds least(low, high, sizes.counts, problem_.hardware.matrix);
    PhaseTimes times;
    times_of(sizes, rounds, phase, choices, times);
    times.masked = &least;
    // Groups of other candidates have other numbers of steps.
    times.key_slots = std::numeric_limits<std::int64_t>::max();
    cycles += phase_makespan(times);
  }
  return cycles;
}

namespace {

/// Of a convex function of integers, in units of 1 / `unit` cycles, the least whole number that
/// it cannot be below between `low` and `high`: on the line through two neighbours in the middle.
template <typename Function>
std::int64_t least_on_line(std::int64_t low, std::int64_t high, std::int64_t unit,
                           const Function& at) {
  const std::int64_t middle = low + (high - low) / 2;
  const std::int64_t value = at(middle);
  const std::int64_t slope = at(middle + 1) - value;
  const std::int64_t line =
      std::min(value + slope * (low - middle), value + slope * (high - middle));
  return ceil_div(std::max<std::int64_t>(line, 0), unit);
}

}  // namespace

/// The makespan under the least durations of the box, then again along the lines on which durations
/// follow the query rows or the columns of a sub-tile (docs/search.md).
std::int64_t Evaluator::least_cycles(const Sizes& sizes, const Plan& plan, const Choices& choices,
                                     const ClassBox& box, std::int64_t enough) const {
  std::array<PhaseTimes, kMaxPhases> phases;
  // A merge takes the same time whatever the sizes are in a class.
  const bool merges = plan.phases().back().merges;
  const std::int64_t merge = merges ? merge_cycles(sizes) : 0;
  const std::size_t tiled = plan.phase_count - (merges ? 1 : 0);
  std::int64_t cycles = merge;
  bool own_rows = false;
  for (std::size_t i = 0; i < tiled; ++i) {
    const PhasePlan& phase = plan.phase_table[i];
    if (phase.own_rows) {
      own_rows = true;
      cycles += least_own_rows_cycles(sizes, phase);
      continue;
    }
    times_of(sizes, sizes.busiest, phase, choices, phases[i]);
    conserve_resident(sizes, phase, phases[i]);
    // Under overwrite, the last matmuls of a group no longer read the slot that the next V waits
    // for.
    phases[i].value_slot_free =
        phases[i].value_slot_free || box.mode.overwrite == Overwrite::kValue;
    conserve_matmuls(sizes, phase, phases[i]);
    cycles += phase_makespan(phases[i]);
  }
  constexpr std::int64_t kLineLimit = std::int64_t{1} << 44U;
  const std::int64_t limit = std::min(enough, kLineLimit);
  if (problem_.serial || own_rows || cycles > limit) {
    return cycles;
  }
  if (box.low[1] < box.high[1]) {
    const auto at_rows = [&](std::int64_t rows) {
      std::int64_t sum = 0;
      for (std::size_t i = 0; i < tiled; ++i) {
        sum += phase_makespan(on_line(sizes, plan.phase_table[i], phases[i], rows));
      }
      return sum;
    };
    cycles = std::max(cycles, merge + least_on_line(box.low[1], box.high[1], kLineUnit, at_rows));
  }
  if (phases[0].online && !phases[0].epochs && box.low[2] < box.high[2] && cycles <= limit) {
    const auto at_cols = [&](std::int64_t cols) {
      return phase_makespan(online_along_cols(sizes, phases[0], cols));
    };
    cycles = std::max(cycles, merge + least_on_line(box.low[2], box.high[2], kLineUnit, at_cols));
  }
  return cycles;
}

/// Of a phase that cuts rows another way: the busiest core's transfers, or its softmax between the
/// loads of the first round and the store of the last one.
std::int64_t Evaluator::least_own_rows_cycles(const Sizes& sizes, const PhasePlan& phase) const {
  const Shape& shape = problem_.shape;
  const TransferCost& transfer = transfers_[static_cast<std::size_t>(sizes.active - 1)];
  const bool by_heads = sizes.tiling.core_split == CoreSplit::kHeads;
  const CoreRounds& busiest = sizes.busiest;
  const std::int64_t pairs =
      by_heads ? busiest.full_groups * busiest.heads + busiest.edge_heads : shape.pairs;
  const std::int64_t rows = by_heads ? shape.rows : ceil_div(shape.rows, sizes.active);
  const std::int64_t row_bytes = phase.input_row_bytes + phase.bias_row_bytes;
  const std::int64_t loads = transfer.busy_cycles(pairs * rows * row_bytes);
  const std::int64_t stores = transfer.busy_cycles(pairs * rows * phase.output_row_bytes);
  const std::int64_t channel =
      problem_.hardware.dram.shared_channel ? loads + stores : std::max(loads, stores);
  const std::int64_t first = phase_deal(shape, sizes.tiling, problem_.layout, phase).tiling.q_rows;
  const std::int64_t fill =
      sizes.counts.edge_heads * transfer.cycles(std::min(first, rows) * row_bytes) +
      problem_.hardware.dram.latency_cycles;
  const std::int64_t drain = sizes.counts.edge_heads * transfer.cycles(phase.output_row_bytes);
  return std::max(channel,
                  fill + vector_.least_softmax_cycles(pairs * rows * shape.cols, 1) + drain);
}

/// A resident operand is loaded in one go: all its bytes arrive before the last matmul of a head
/// starts, however they are cut, so that the edge may take what the least full sub-tiles leave.
void Evaluator::conserve_resident(const Sizes& sizes, const PhasePlan& phase,
                                  PhaseTimes& times) const {
  if (!times.kv_resident) {
    return;
  }
  const TransferCost& transfer = transfers_[static_cast<std::size_t>(sizes.active - 1)];
  const auto conserve = [&](MatmulKind kind, StageTimes& loads) {
    const std::int64_t bytes =
        problem_.shape.cols * stream_col_bytes(problem_.shape, kind) / sizes.busiest.share;
    const std::int64_t all = transfer.busy_cycles(bytes) + transfer.setup() * times.sub_tiles;
    loads.load_edge = std::max(loads.load_edge, all - (times.sub_tiles - 1) * loads.load_full);
  };
  if (phase.has_first) {
    conserve(phase.first_kind, times.resident_first);
  }
  if (phase.loads_values()) {
    conserve(MatmulKind::kPV, times.resident_second);
  }
}

void Evaluator::conserve_matmuls(const Sizes& sizes, const PhasePlan& phase,
                                 PhaseTimes& times) const {
  const auto conserve = [&](MatmulKind kind, StageTimes& stage, std::int64_t rows) {
    stage.matmul_all =
        std::max(stage.matmul_all, least_matmuls(problem_.hardware.matrix, problem_.shape, kind,
                                                 rows, problem_.shape.cols, times.sub_tiles));
  };
  if (phase.has_first) {
    conserve(phase.first_kind, times.full.first, sizes.busiest.rows_full);
    conserve(phase.first_kind, times.last.first, sizes.busiest.rows_last);
  }
  if (phase.has_second) {
    conserve(MatmulKind::kPV, times.full.second, sizes.busiest.rows_full);
    conserve(MatmulKind::kPV, times.last.second, sizes.busiest.rows_last);
  }
}

/// least_matmuls() without rounding the rows up to the array: linear in the rows and never above,
/// in units of 1 / kLineUnit cycles.
std::int64_t Evaluator::all_sub_tiles_line(MatmulKind kind, std::int64_t rows,
                                           std::int64_t sub_tiles) const {
  const MatmulTile whole = matmul_tile(problem_.shape, kind, rows, problem_.shape.cols);
  const MatrixUnit& unit = problem_.hardware.matrix;
  const ArraySides sides = array_sides(unit, kind);
  const Int128 across = static_cast<Int128>(ceil_div(whole.n, sides.n)) *
                        ceil_div(whole.k, sides.k) * kLineUnit *
                        pass_millicycles(unit, problem_.shape.bytes.input);
  return rows * static_cast<std::int64_t>(across / (static_cast<Int128>(unit.rows) * kMilli)) +
         unit.startup_cycles * sub_tiles * kLineUnit;
}

/// `least` in units of 1 / kLineUnit cycles, with transfers, softmax and the matmuls of a resident
/// operand as convex functions of the rows of a full tile that nowhere exceed the true ones.
PhaseTimes Evaluator::on_line(const Sizes& sizes, const PhasePlan& phase, const PhaseTimes& least,
                              std::int64_t rows) const {
  const TransferCost& transfer = transfers_[static_cast<std::size_t>(sizes.active - 1)];
  const bool edge_last =
      sizes.tiling.core_split != CoreSplit::kQuery ||
      (sizes.busiest.positions - 1) * problem_.layout.cores == sizes.counts.q_tiles - 1;
  const std::int64_t edge_rows = problem_.shape.rows - (sizes.counts.q_tiles - 1) * rows;
  PhaseTimes times = least;
  const auto scale = [](StageTimes& stage) {
    for (std::int64_t* time : {&stage.matmul_full, &stage.matmul_edge, &stage.load_full,
                               &stage.load_edge, &stage.matmul_all}) {
      *time *= kLineUnit;
    }
  };
  const auto place = [&](RoundTimes& round, std::int64_t tile_rows) {
    scale(round.first);
    scale(round.second);
    if (phase.has_first) {
      round.first.matmul_all = std::max(
          round.first.matmul_all, all_sub_tiles_line(phase.first_kind, tile_rows, least.sub_tiles));
    }
    if (phase.has_second) {
      round.second.matmul_all = std::max(
          round.second.matmul_all, all_sub_tiles_line(MatmulKind::kPV, tile_rows, least.sub_tiles));
    }
    round.input = tile_rows * transfer.line_rate(phase.input_row_bytes, kLineUnit) +
                  transfer.setup() * kLineUnit;
    round.store = tile_rows * transfer.line_rate(phase.output_row_bytes, kLineUnit) +
                  transfer.setup() * kLineUnit;
    const auto add_bias = [&](std::int64_t cols, std::int64_t& time) {
      time += tile_rows * transfer.line_rate(cols * problem_.shape.bias_bytes, kLineUnit) +
              transfer.setup() * kLineUnit;
    };
    if (phase.bias_in_input()) {
      add_bias(problem_.shape.cols, round.input);
    } else if (phase.bias_apart()) {
      round.bias = round.bias_edge = 0;
      add_bias(phase.online ? sizes.tiling.kv_cols : problem_.shape.cols, round.bias);
      add_bias(sizes.counts.edge_cols, round.bias_edge);
    }
    if (phase.online && phase.epochs) {
      epochs_along_rows(sizes, phase, tile_rows, round);
    } else if (phase.online) {
      online_along_rows(sizes, phase, tile_rows, round);
    } else {
      round.softmax = phase.has_softmax ? vector_.line(tile_rows, kLineUnit) : 0;
    }
  };
  place(times.full, rows);
  place(times.last, edge_last ? edge_rows : rows);
  times.drop_edge_cols(sizes.busiest);
  scale(times.resident_first);
  scale(times.resident_second);
  times.latency *= kLineUnit;
  times.last_differs = times.positions > 1 && (edge_last || least.last_differs);
  return times;
}

}  // namespace tilewright
