#include "costmodel/evaluator.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/error.h"
#include "common/text.h"

namespace tilewright {
namespace {

std::string_view pick_variant(const Schedule& schedule, std::string_view variant) {
  if (variant.empty()) {
    return schedule.variants().front();
  }
  for (const std::string_view known : schedule.variants()) {
    if (known == variant) {
      return known;
    }
  }
  throw InputError(fmt::format("schedule '{}' has no variant '{}', expected one of {}",
                               schedule.name(), variant,
                               fmt::join(schedule.variants(), ", ")));
}

Int128 fixed_energy(const Hardware& hardware, const Shape& s) {
  const EnergyTable& e = hardware.energy;
  const Int128 scores = static_cast<Int128>(s.pairs) * s.rows * s.cols;
  const Int128 macs = scores * (s.qk_dim + s.v_dim);
  return macs * e.mac_fj * s.bytes.input / 2 +
         scores * VectorCost(hardware, s).operations_per_element() * e.vector_op_fj +
         scores * (s.bytes.score + s.bytes.input) * e.l1_fj_per_byte;
}

constexpr std::size_t index_of(MatmulKind kind) { return kind == MatmulKind::kQK ? 0 : 1; }

}  // namespace

std::int64_t pass_millicycles(const MatrixUnit& unit, std::int64_t bytes) {
  return unit.pass_millicycles[bytes == 1 ? 0 : (bytes == 2 ? 1 : 2)];
}

Problem make_problem(const Hardware& hardware, const Workload& workload, const Schedule& schedule,
                     std::string_view variant) {
  if (const auto reason = refusal(workload)) {
    throw InputError(fmt::format("workload '{}': {}", workload.name, *reason));
  }
  if (pass_millicycles(hardware.matrix, workload.bytes.input) == 0) {
    throw InputError(fmt::format(
        "workload '{}' has {}-byte inputs, but '{}' has no matrix.cycles_per_pass for them",
        workload.name, workload.bytes.input, hardware.name));
  }
  const Shape shape = shape_of(workload);
  return {hardware, workload, shape, {hardware.cores, hardware.l1.shared}, schedule,
          is_serial(pick_variant(schedule, variant)), {}, {}, fixed_energy(hardware, shape)};
}

Figures total_figures(const Problem& problem, std::int64_t layer_cycles, std::int64_t dram_bytes,
                      std::int64_t l0_bytes, std::int64_t peak) {
  const EnergyTable& e = problem.hardware.energy;
  const std::int64_t repeat = problem.workload.repeat;
  Figures f;
  f.cycles = problem.hardware.launch_cycles + repeat * layer_cycles;
  f.traffic_bytes = repeat * dram_bytes;
  f.l1_peak_bytes = peak;
  const Int128 layer = problem.fixed_fj +
                       static_cast<Int128>(dram_bytes) * (e.dram_fj_per_byte + e.l1_fj_per_byte) +
                       static_cast<Int128>(l0_bytes) * (e.l1_fj_per_byte + e.l0_fj_per_byte);
  f.energy_fj = layer * repeat + static_cast<Int128>(f.cycles) * e.static_fj_per_cycle;
  return f;
}

Tiling tiling_of(const Mode& mode, std::int64_t heads, std::int64_t q_rows, std::int64_t kv_cols) {
  Tiling tiling;
  tiling.heads = heads;
  tiling.q_rows = q_rows;
  tiling.kv_cols = kv_cols;
  tiling.kv_resident = mode.kv_resident;
  tiling.buffers = mode.buffers;
  tiling.lookahead = mode.lookahead;
  tiling.overwrite = mode.overwrite;
  tiling.core_split = mode.core_split;
  return tiling;
}

Mode mode_of(const Tiling& tiling) {
  return {tiling.kv_resident, tiling.buffers, tiling.lookahead, tiling.overwrite,
          tiling.core_split};
}

Evaluator::Evaluator(const Problem& problem)
    : problem_(problem),
      l0_(problem.hardware, problem.shape),
      vector_(problem.hardware, problem.shape) {
  for (std::int64_t cores = 1; cores <= problem.layout.cores; ++cores) {
    transfers_.emplace_back(problem.hardware, cores);
  }
}

bool Evaluator::fits(const Sizes& sizes, const Plan& plan, std::int64_t* peak) const {
  *peak = 0;
  for (const PhasePlan& phase : plan.phases()) {
    *peak = std::max(*peak, footprint(problem_.shape, sizes, problem_.layout,
                                      problem_.hardware.l1.alignment_bytes, phase)
                                .bytes);
  }
  return *peak <= problem_.hardware.l1.capacity_bytes;
}

Footprint Evaluator::peak_footprint(const Tiling& tiling) const {
  const Sizes sizes = sizes_of(problem_.shape, tiling, problem_.layout);
  const Plan plan = problem_.schedule.plan(problem_.shape, tiling, problem_.serial);
  Footprint peak;
  for (const PhasePlan& phase : plan.phases()) {
    const Footprint here = footprint(problem_.shape, sizes, problem_.layout,
                                     problem_.hardware.l1.alignment_bytes, phase);
    if (here.bytes > peak.bytes) {
      peak = here;
    }
  }
  return peak;
}

StageTimes Evaluator::load_times(const Sizes& sizes, MatmulKind kind, std::int64_t share) const {
  const TransferCost& transfer = transfers_[static_cast<std::size_t>(sizes.active - 1)];
  const std::int64_t column = stream_col_bytes(problem_.shape, kind);
  StageTimes times;
  times.load_full = transfer.cycles(ceil_div(sizes.tiling.kv_cols * column, share));
  times.load_edge = sizes.counts.edge_cols == sizes.tiling.kv_cols
                        ? times.load_full
                        : transfer.cycles(ceil_div(sizes.counts.edge_cols * column, share));
  return times;
}

StageTimes Evaluator::stage_times(const Sizes& sizes, MatmulKind kind, const Choices& choices,
                                  bool edge_rows, std::int64_t share) const {
  StageTimes times = load_times(sizes, kind, share);
  const TileChoice& choice = choices[index_of(kind)];
  times.matmul_full = choice.tile[edge_rows ? 2 : 0].cycles;
  times.matmul_edge = choice.tile[edge_rows ? 3 : 1].cycles;
  return times;
}

RoundTimes Evaluator::round_times(const Sizes& sizes, const PhasePlan& phase,
                                  const Choices& choices, std::int64_t rows,
                                  std::int64_t share) const {
  const TransferCost& transfer = transfers_[static_cast<std::size_t>(sizes.active - 1)];
  const bool edge = rows != sizes.tiling.q_rows;
  RoundTimes times;
  times.input = transfer.cycles(rows * phase.input_row_bytes);
  times.store = transfer.cycles(rows * phase.output_row_bytes);
  if (phase.has_first) {
    times.first = stage_times(sizes, phase.first_kind, choices, edge, share);
  }
  if (phase.has_softmax) {
    times.softmax = vector_.softmax_cycles(rows);
  }
  if (phase.has_second) {
    times.second = stage_times(sizes, MatmulKind::kPV, choices, edge, share);
  }
  return times;
}

void Evaluator::times_of(const Sizes& sizes, const CoreRounds& rounds, const PhasePlan& phase,
                         const Choices& choices, PhaseTimes& out) const {
  out.heads = rounds.heads;
  out.full_groups = rounds.full_groups;
  out.edge_heads = rounds.edge_heads;
  out.positions = rounds.positions;
  out.sub_tiles = sizes.counts.sub_tiles;
  const bool same_last =
      rounds.rows_last == rounds.rows_full && rounds.share_last == rounds.share_full;
  out.last_differs = rounds.positions > 1 && !same_last;
  out.last = round_times(sizes, phase, choices, rounds.rows_last, rounds.share_last);
  out.full = same_last || rounds.positions == 1
                 ? out.last
                 : round_times(sizes, phase, choices, rounds.rows_full, rounds.share_full);
  out.has_first = phase.has_first;
  out.has_softmax = phase.has_softmax;
  out.has_second = phase.has_second;
  out.kv_resident = sizes.tiling.kv_resident;
  if (out.kv_resident) {
    if (phase.has_first) {
      out.resident_first = load_times(sizes, phase.first_kind, rounds.share_first);
    }
    if (phase.has_second) {
      out.resident_second = load_times(sizes, MatmulKind::kPV, rounds.share_first);
    }
  }
  out.shared_channel = problem_.hardware.dram.shared_channel;
  out.store_first = phase.store_first;
  out.serial = problem_.serial;
  out.buffers = sizes.tiling.buffers;
  out.lookahead = phase.lookahead;
  out.latency = problem_.hardware.dram.latency_cycles;
  out.overwrite = sizes.overwritten > 0 ? sizes.tiling.overwrite : Overwrite::kNone;
  out.overwritten = sizes.overwritten;
}

std::int64_t Evaluator::makespan(const Sizes& sizes, const Plan& plan,
                                 const Choices& choices) const {
  std::int64_t cycles = 0;
  for (const PhasePlan& phase : plan.phases()) {
    PhaseTimes times;
    times_of(sizes, sizes.busiest, phase, choices, times);
    cycles += phase_makespan(times);
  }
  return cycles;
}

std::int64_t Evaluator::l0_traffic(const Sizes& sizes, const Choices& choices) const {
  const TileCounts& c = sizes.counts;
  std::int64_t bytes = 0;
  for (const TileChoice& choice : choices) {
    bytes += (c.q_tiles - 1) * ((c.sub_tiles - 1) * choice.tile[0].l1_bytes +
                                choice.tile[1].l1_bytes) +
             (c.sub_tiles - 1) * choice.tile[2].l1_bytes + choice.tile[3].l1_bytes;
  }
  return problem_.shape.pairs * bytes;
}

std::int64_t Evaluator::dram_traffic(const Sizes& sizes, const Plan& plan) const {
  const Shape& shape = problem_.shape;
  const TileCounts& c = sizes.counts;
  const bool queries = sizes.tiling.core_split == CoreSplit::kQuery;
  const bool together = queries && problem_.layout.l1_shared;
  const std::int64_t streamed = together ? ceil_div(c.q_tiles, problem_.layout.cores) : c.q_tiles;
  const std::int64_t resident = queries && !together ? sizes.active : 1;
  const std::int64_t again_cols =
      sizes.overwritten > 0
          ? shape.cols - (c.sub_tiles - sizes.overwritten) * sizes.tiling.kv_cols
          : 0;
  const auto stream = [&](MatmulKind kind) {
    if (!sizes.tiling.kv_resident) {
      return streamed * shape.cols * stream_col_bytes(shape, kind);
    }
    const bool overwritten =
        sizes.tiling.overwrite == (kind == MatmulKind::kQK ? Overwrite::kKey : Overwrite::kValue);
    const std::int64_t again = overwritten ? again_cols : 0;
    return (resident * (shape.cols - again) + streamed * again) * stream_col_bytes(shape, kind);
  };
  std::int64_t bytes = 0;
  for (const PhasePlan& phase : plan.phases()) {
    bytes += shape.rows * (phase.input_row_bytes + phase.output_row_bytes);
    bytes += phase.has_first ? stream(phase.first_kind) : 0;
    bytes += phase.has_second ? stream(MatmulKind::kPV) : 0;
  }
  return shape.pairs * bytes;
}

std::array<MatmulTile, 4> Evaluator::tiles_of(const Sizes& sizes, MatmulKind kind) const {
  const std::int64_t rows = sizes.tiling.q_rows;
  const std::int64_t cols = sizes.tiling.kv_cols;
  const std::int64_t edge_rows = sizes.counts.edge_rows;
  const std::int64_t edge_cols = sizes.counts.edge_cols;
  return {matmul_tile(problem_.shape, kind, rows, cols),
          matmul_tile(problem_.shape, kind, rows, edge_cols),
          matmul_tile(problem_.shape, kind, edge_rows, cols),
          matmul_tile(problem_.shape, kind, edge_rows, edge_cols)};
}

bool Evaluator::fastest(const Sizes& sizes, MatmulKind kind, TileChoice& choice, bool* several) {
  const auto tiles = tiles_of(sizes, kind);
  const bool one_rows = sizes.counts.edge_rows == sizes.tiling.q_rows;
  const bool one_cols = sizes.counts.edge_cols == sizes.tiling.kv_cols;
  const auto look = [&](std::size_t i) {
    const auto points = l0_.pareto(tiles[i]);
    *several = *several || points.size() > 1;
    choice.tile[i] = points.front();
  };
  const L0Tile& pinned = kind == MatmulKind::kQK ? problem_.pinned_qk : problem_.pinned_pv;
  if (pinned.m == 0) {
    look(0);
  } else if (const auto cost = l0_.cost(tiles[0], pinned)) {
    choice.tile[0] = *cost;
  } else {
    return false;
  }
  if (one_cols) {
    choice.tile[1] = choice.tile[0];
  } else {
    look(1);
  }
  if (one_rows) {
    choice.tile[2] = choice.tile[0];
    choice.tile[3] = choice.tile[1];
    return true;
  }
  look(2);
  if (one_cols) {
    choice.tile[3] = choice.tile[2];
  } else {
    look(3);
  }
  return true;
}

std::optional<Candidate> Evaluator::evaluate(const Tiling& tiling, Objective objective) {
  Choices choices;
  return evaluate(tiling, objective, choices);
}

std::optional<Candidate> Evaluator::evaluate(const Tiling& tiling, Objective objective,
                                             Choices& choices) {
  const Sizes sizes = sizes_of(problem_.shape, tiling, problem_.layout);
  const Plan plan = problem_.schedule.plan(problem_.shape, tiling, problem_.serial);
  std::int64_t peak = 0;
  if (!fits(sizes, plan, &peak)) {
    return std::nullopt;
  }
  bool several = false;
  if (!fastest(sizes, MatmulKind::kQK, choices[0], &several) ||
      !fastest(sizes, MatmulKind::kPV, choices[1], &several)) {
    return std::nullopt;
  }
  const std::int64_t dram = dram_traffic(sizes, plan);
  Candidate candidate = cost_of(sizes, plan, choices, dram, peak);
  if (several) {
    try_all(sizes, plan, objective, dram, candidate, choices);
  }
  return candidate;
}

Candidate Evaluator::cost_of(const Sizes& sizes, const Plan& plan, const Choices& choices,
                             std::int64_t dram, std::int64_t peak) const {
  Candidate candidate;
  candidate.tiling = sizes.tiling;
  candidate.tiling.l0_qk = choices[0].tile[0].tile;
  candidate.tiling.l0_pv = choices[1].tile[0].tile;
  candidate.figures =
      total_figures(problem_, makespan(sizes, plan, choices), dram, l0_traffic(sizes, choices),
                    peak);
  return candidate;
}

/// Every combination of Pareto L0 tiles. Rare: only where a matmul tile does not fit L0 as a whole and
/// speed and traffic ask for different cuts.
void Evaluator::try_all(const Sizes& sizes, const Plan& plan, Objective objective,
                        std::int64_t dram, Candidate& best, Choices& best_choices) {
  std::array<std::vector<TileCost>, 8> options;
  std::array<std::size_t, 8> same_as{};
  for (std::size_t i = 0; i < options.size(); ++i) {
    options[i] = options_at(sizes, i, &same_as[i]);
  }
  const std::int64_t peak = best.figures.l1_peak_bytes;
  std::array<std::size_t, 8> at{};
  for (;;) {
    Choices choices;
    for (std::size_t i = 0; i < options.size(); ++i) {
      choices[i / 4].tile[i % 4] = options[same_as[i]][at[same_as[i]]];
    }
    const Candidate candidate = cost_of(sizes, plan, choices, dram, peak);
    if (ranks_before(objective, candidate, best)) {
      best = candidate;
      best_choices = choices;
    }
    std::size_t digit = 0;
    while (digit < options.size() && ++at[digit] >= options[digit].size()) {
      at[digit++] = 0;
    }
    if (digit == options.size()) {
      return;
    }
  }
}

/// L0 options of tile `index` (matmul kind x rows full/edge x columns full/edge); a tile that equals
/// an earlier one has a single entry and follows it.
std::vector<TileCost> Evaluator::options_at(const Sizes& sizes, std::size_t index,
                                            std::size_t* same_as) {
  const std::size_t first = index / 4 * 4;
  std::size_t at = index % 4;
  if (sizes.counts.edge_cols == sizes.tiling.kv_cols) {
    at &= ~std::size_t{1};
  }
  if (sizes.counts.edge_rows == sizes.tiling.q_rows) {
    at &= ~std::size_t{2};
  }
  *same_as = first + at;
  if (*same_as != index) {
    return {TileCost{}};
  }
  const MatmulKind kind = index < 4 ? MatmulKind::kQK : MatmulKind::kPV;
  const MatmulTile tile = tiles_of(sizes, kind)[at];
  const L0Tile& pinned = kind == MatmulKind::kQK ? problem_.pinned_qk : problem_.pinned_pv;
  if (at == 0 && pinned.m > 0) {
    return {l0_.cost(tile, pinned).value()};
  }
  const auto points = l0_.pareto(tile);
  return {points.begin(), points.end()};
}

std::optional<Figures> Evaluator::lower_bound(const ClassBox& box) {
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
  const Plan plan = problem_.schedule.plan(problem_.shape, sizes.tiling, problem_.serial);
  Plan slots = plan;
  if (box.mode.overwrite != Overwrite::kNone) {
    slots.phase_table[0].prob_row_bytes = 0;
    sizes.tiling.buffers = 1;
  }
  std::int64_t peak = 0;
  if (!fits(sizes, slots, &peak)) {
    return std::nullopt;
  }
  sizes.tiling.buffers = box.mode.buffers;
  Choices choices;
  for (std::size_t kind = 0; kind < 2; ++kind) {
    const auto tiles = tiles_of(sizes, static_cast<MatmulKind>(kind));
    for (std::size_t i = 0; i < tiles.size(); ++i) {
      choices[kind].tile[i].cycles = l0_.min_cycles(tiles[i]);
      choices[kind].tile[i].l1_bytes = l0_.min_l1_bytes(tiles[i]);
    }
  }
  return total_figures(problem_, makespan(sizes, plan, choices), dram_traffic(sizes, plan),
                       l0_traffic(sizes, choices), peak);
}

OperationCosts Evaluator::operation_costs(const Tiling& tiling, Objective objective) {
  const Sizes sizes = sizes_of(problem_.shape, tiling, problem_.layout);
  OperationCosts costs{{}, transfers_[static_cast<std::size_t>(sizes.active - 1)], vector_};
  evaluate(tiling, objective, costs.choices);
  return costs;
}

std::int64_t Evaluator::l0_traffic(const Tiling& tiling, const OperationCosts& costs) const {
  return l0_traffic(sizes_of(problem_.shape, tiling, problem_.layout), costs.choices);
}

PhaseTimes Evaluator::phase_times(const Tiling& tiling, const OperationCosts& costs,
                                  const PhasePlan& phase, const CoreRounds& rounds) const {
  PhaseTimes times;
  times_of(sizes_of(problem_.shape, tiling, problem_.layout), rounds, phase, costs.choices, times);
  return times;
}

}  // namespace tilewright
