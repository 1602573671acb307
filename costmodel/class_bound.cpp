// Evaluator::lower_bound(): the evaluator itself under the least durations of a box.
#include <algorithm>

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
  const Plan& plan = problem_.plans.of(sizes.tiling);
  sizes.of_box = true;
  std::int64_t peak = 0;
  if (!fits(sizes, plan, &peak)) {
    return std::nullopt;
  }
  const Choices<> choices{least_of(sizes, MatmulKind::kQK), least_of(sizes, MatmulKind::kPV)};
  const std::int64_t enough =
      (enough_cycles - problem_.hardware.launch_cycles) / problem_.workload.repeat;
  if (problem_.shape.mask.causal) {
    const MaskedBox far_sizes{box.high[1], box.high[2]};
    const std::int64_t cycles = least_masked_cycles(sizes, plan, choices, far_sizes, enough);
    return total_figures(problem_, layer_compute_energy(problem_, sizes), cycles,
                         dram_traffic(sizes, plan), l0_traffic(sizes, choices), peak);
  }
  return total_figures(problem_, layer_compute_energy(problem_, sizes),
                       least_cycles(sizes, plan, choices, box, enough), dram_traffic(sizes, plan),
                       l0_traffic(sizes, choices), peak);
}

namespace {

constexpr std::int64_t kLineLimit = std::int64_t{1} << 44U;

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
std::int64_t Evaluator::least_cycles(const Sizes& sizes, const Plan& plan, const Choices<>& choices,
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
  const std::int64_t limit = std::min(enough, kLineLimit);
  if (problem_.serial || own_rows || cycles > limit) {
    return cycles;
  }
  cycles =
      std::max(cycles, merge + least_along_rows(sizes, {plan.phases().data(), tiled}, phases, box));
  if (phases[0].online && !phases[0].epochs && box.low[2] < box.high[2] && cycles <= limit) {
    const auto at_cols = [&](std::int64_t cols) {
      return phase_makespan(online_along_cols(sizes, phases[0], cols));
    };
    cycles = std::max(cycles, merge + least_on_line(box.low[2], box.high[2], kLineUnit, at_cols));
  }
  return cycles;
}

std::int64_t Evaluator::least_along_rows(const Sizes& sizes, std::span<const PhasePlan> plans,
                                         const std::array<PhaseTimes, kMaxPhases>& phases,
                                         const ClassBox& box) const {
  if (box.low[1] == box.high[1]) {
    return 0;
  }
  return least_on_line(box.low[1], box.high[1], kLineUnit, [&](std::int64_t rows) {
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < plans.size(); ++i) {
      sum += phase_makespan(on_line(sizes, plans[i], phases[i], rows));
    }
    return sum;
  });
}

/// The least a pair's matmuls with `rows` rows take together, in `sub_tiles` sub-tiles or more,
/// each but the last one of `cols` columns at least.
std::int64_t Evaluator::least_of_any_cut(MatmulKind kind, std::int64_t rows,
                                         const CutRange& cut) const {
  const Shape& s = problem_.shape;
  const MatmulTile whole = matmul_tile(s, kind, rows, s.cols);
  const std::int64_t compute =
      std::max(l0_.least_compute(whole),
               least_matmuls(problem_.hardware.matrix, s, kind, rows, s.cols, cut.sub_tiles));
  const std::int64_t apart =
      (cut.sub_tiles - 1) * l0_.least(matmul_tile(s, kind, rows, cut.kv_cols)).cycles;
  const std::int64_t moved =
      kind == MatmulKind::kQK ? cut.sub_tiles * rows * s.qk_dim * s.bytes.input +
                                    s.cols * s.qk_dim * s.bytes.kv + rows * s.cols * s.bytes.score
                              : rows * s.cols * s.bytes.input + s.cols * s.v_dim * s.bytes.kv +
                                    2 * cut.sub_tiles * rows * s.v_dim * s.bytes.accumulator;
  return std::max(
      {compute, apart, ceil_div(moved, problem_.hardware.l0.bandwidth_bytes_per_cycle)});
}

bool Evaluator::bounds_any_cut(const Mode& mode) const {
  const PhasePlan& first = problem_.plans.of(tiling_of(mode, 1, 1, 1)).phases().front();
  const bool by_rounds = !first.online && (!first.epochs || first.has_second);
  return by_rounds && !problem_.serial && !problem_.shape.mask.causal;
}

/// The walk over rounds under stages that hold for every cut of the columns.
std::int64_t Evaluator::least_of_any_cut(const ClassBox& box, std::int64_t enough_cycles) const {
  Sizes sizes;
  sizes.tiling = tiling_of(box.mode, box.low[0], box.low[1], box.low[2]);
  const Tiling high = tiling_of(box.mode, box.high[0], box.high[1], box.high[2]);
  const TileCounts far = count_tiles(problem_.shape, high);
  sizes.counts = far;
  sizes.counts.edge_heads = std::min(far.edge_heads, sizes.tiling.heads);
  sizes.counts.edge_rows = std::min(far.edge_rows, sizes.tiling.q_rows);
  sizes.counts.edge_cols = 1;
  sizes.busiest = deal_rounds(sizes.counts, sizes.tiling, problem_.layout, 0);
  sizes.active = active_cores(sizes.counts, sizes.tiling.core_split, problem_.layout);
  const CutRange cut{far.sub_tiles, box.low[2]};
  Choices<> choices;
  for (const MatmulKind kind : {MatmulKind::kQK, MatmulKind::kPV}) {
    const auto last = [&](std::int64_t rows) {
      const TileCost cost = l0_.least(matmul_tile(problem_.shape, kind, rows, 1));
      return TileTime{cost.cycles, cost.l1_bytes};
    };
    auto& tiles = choices[index_of(kind)].tile;
    tiles[0] = tiles[1] = last(sizes.tiling.q_rows);
    tiles[2] = tiles[3] = last(sizes.counts.edge_rows);
  }
  const Plan& plan = problem_.plans.of(sizes.tiling);
  std::array<PhaseTimes, kMaxPhases> phases;
  std::int64_t cycles = 0;
  for (std::size_t i = 0; i < plan.phase_count; ++i) {
    times_of(sizes, sizes.busiest, plan.phase_table[i], choices, phases[i]);
    cut_anyhow(sizes, plan.phase_table[i], cut, phases[i]);
    phases[i].value_slot_free =
        phases[i].value_slot_free || box.mode.overwrite == Overwrite::kValue;
    cycles += phase_makespan(phases[i]);
  }
  const std::int64_t enough =
      (enough_cycles - problem_.hardware.launch_cycles) / problem_.workload.repeat;
  if (cycles <= std::min(enough, kLineLimit)) {
    cycles = std::max(cycles, least_along_rows(sizes, plan.phases(), phases, box));
  }
  return problem_.hardware.launch_cycles + problem_.workload.repeat * cycles;
}

void Evaluator::cut_anyhow(const Sizes& sizes, const PhasePlan& phase, const CutRange& cut,
                           PhaseTimes& times) const {
  const TransferCost& transfer = transfers_[static_cast<std::size_t>(sizes.active - 1)];
  times.any_cut = true;
  times.sub_tiles = phase.epochs ? 1 : cut.sub_tiles;
  const auto all_loads = [&](MatmulKind kind) {
    const std::int64_t bytes =
        problem_.shape.cols * stream_col_bytes(problem_.shape, kind) / sizes.busiest.share;
    return transfer.busy_cycles(bytes) + transfer.setup() * cut.sub_tiles;
  };
  const auto place = [&](MatmulKind kind, StageTimes RoundTimes::*stage, StageTimes& resident) {
    const bool in_place = stage == &RoundTimes::second && !phase.loads_values();
    const std::int64_t loads = in_place ? 0 : all_loads(kind);
    (times.full.*stage).load_edge = (times.last.*stage).load_edge = resident.load_edge = loads;
    (times.full.*stage).matmul_all = least_of_any_cut(kind, sizes.busiest.rows_full, cut);
    (times.last.*stage).matmul_all = least_of_any_cut(kind, sizes.busiest.rows_last, cut);
  };
  if (phase.has_first) {
    place(phase.first_kind, &RoundTimes::first, times.resident_first);
  }
  if (phase.has_second) {
    place(MatmulKind::kPV, &RoundTimes::second, times.resident_second);
  }
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
