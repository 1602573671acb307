#include "costmodel/evaluator.h"

#include <algorithm>

#include "common/math.h"

namespace tilewright {
Evaluator::Evaluator(const Problem& problem)
    : problem_(problem),
      l0_(problem.hardware, problem.shape, problem.l0_table, problem.on_array()),
      vector_(problem.hardware, problem.shape),
      online_(problem.hardware, problem.shape) {
  for (std::int64_t cores = 1; cores <= problem.layout.cores; ++cores) {
    transfers_.emplace_back(problem.hardware, cores);
  }
}

bool Evaluator::fits(const Sizes& sizes, const Plan& plan, std::int64_t* peak) const {
  *peak = peak_bytes(problem_.shape, sizes, problem_.layout, problem_.alignment, plan.phases());
  return *peak <= problem_.hardware.l1.capacity_bytes &&
         array_bytes(problem_, sizes.tiling) <= problem_.hardware.l0.accumulator_bytes;
}

bool Evaluator::fits(const Tiling& tiling) const {
  std::int64_t peak = 0;
  return fits(sizes_of(problem_.shape, tiling, problem_.layout), problem_.plans.of(tiling), &peak);
}

Footprint Evaluator::peak_footprint(const Tiling& tiling) const {
  const Sizes sizes = sizes_of(problem_.shape, tiling, problem_.layout);
  const Plan& plan = problem_.plans.of(tiling);
  Footprint peak;
  for (const PhasePlan& phase : plan.phases()) {
    const Footprint here =
        footprint(problem_.shape, sizes, problem_.layout, problem_.alignment, phase);
    if (here.bytes > peak.bytes) {
      peak = here;
    }
  }
  return peak;
}

Evaluator::LoadTimes Evaluator::load_times(const Sizes& sizes, MatmulKind kind,
                                           std::int64_t share) const {
  const TransferCost& transfer = transfers_[static_cast<std::size_t>(sizes.active - 1)];
  const std::int64_t column = stream_col_bytes(problem_.shape, kind);
  const auto cycles = [&](std::int64_t cols) {
    return transfer.cycles(share == 1 ? cols * column : ceil_div(cols * column, share));
  };
  const std::int64_t full = cycles(sizes.tiling.kv_cols);
  const bool one = sizes.counts.edge_cols == sizes.tiling.kv_cols;
  return {full, one ? full : cycles(sizes.counts.edge_cols)};
}

/// Of K and V, where they are loaded; often the same.
std::array<Evaluator::LoadTimes, 2> Evaluator::load_times(const Sizes& sizes,
                                                          const PhasePlan& phase,
                                                          std::int64_t share) const {
  std::array<LoadTimes, 2> loads{};
  if (phase.has_first) {
    loads[0] = load_times(sizes, phase.first_kind, share);
  }
  if (phase.loads_values()) {
    const bool same = problem_.shape.qk_dim == problem_.shape.v_dim && phase.has_first;
    loads[1] = same ? loads[0] : load_times(sizes, MatmulKind::kPV, share);
  }
  return loads;
}

void Evaluator::round_times(const Sizes& sizes, const PhasePlan& phase, const Choices& choices,
                            std::int64_t rows, const std::array<LoadTimes, 2>& loads,
                            RoundTimes& out) const {
  const TransferCost& transfer = transfers_[static_cast<std::size_t>(sizes.active - 1)];
  const std::size_t edge = rows != sizes.tiling.q_rows ? 2 : 0;
  const auto stage = [&](MatmulKind kind, const LoadTimes& load, StageTimes& times) {
    const TileChoice& choice = choices[index_of(kind)];
    times.matmul_full = choice.tile[edge].cycles;
    times.matmul_edge = choice.tile[edge + 1].cycles;
    times.load_full = load.full;
    times.load_edge = load.edge;
    times.matmul_all = (sizes.counts.sub_tiles - 1) * times.matmul_full + times.matmul_edge;
  };
  out.input = transfer.cycles(rows * phase.input_row_bytes);
  out.store = phase.output_row_bytes == phase.input_row_bytes
                  ? out.input
                  : transfer.cycles(rows * phase.output_row_bytes);
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

void Evaluator::bias_transfers(const Sizes& sizes, const PhasePlan& phase, std::int64_t rows,
                               RoundTimes& out) const {
  const TransferCost& transfer = transfers_[static_cast<std::size_t>(sizes.active - 1)];
  const auto cycles = [&](std::int64_t cols) {
    return transfer.cycles(rows * cols * problem_.shape.bias_bytes);
  };
  if (phase.bias_in_input()) {
    out.input += cycles(problem_.shape.cols);
  } else if (phase.online) {
    out.bias = cycles(sizes.tiling.kv_cols);
    out.bias_edge = cycles(sizes.counts.edge_cols);
  } else {
    out.bias = cycles(problem_.shape.cols);
  }
}

/// Of one operator alone: of a sub-tile of P or S.
void Evaluator::tile_transfers(const Sizes& sizes, const PhasePlan& phase, std::int64_t rows,
                               RoundTimes& out) const {
  const TransferCost& transfer = transfers_[static_cast<std::size_t>(sizes.active - 1)];
  const ElementBytes& bytes = problem_.shape.bytes;
  const auto cycles = [&](std::int64_t element, std::int64_t cols) {
    return transfer.cycles(rows * cols * element);
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

void Evaluator::times_of(const Sizes& sizes, const CoreRounds& rounds, const PhasePlan& phase,
                         const Choices& choices, PhaseTimes& out) const {
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
  if (phase.values_in_keys) {
    out.key_slots =
        key_slots(phase, sizes.tiling,
                  fewest_steps_of_group(problem_.shape, sizes.counts, sizes.tiling.core_split,
                                        problem_.layout, phase));
    out.value_slot_free = true;
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
  out.overwrite = sizes.overwritten > 0 ? sizes.tiling.overwrite : Overwrite::kNone;
  out.overwritten = sizes.overwritten;

  const auto loads = load_times(sizes, phase, rounds.share);
  out.last_differs = rounds.positions > 1 && rounds.rows_last != rounds.rows_full;
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

/// Cores with an L1 of their own that lack the last query tile of every group come to the next
/// group a round earlier, those that lack the last sub-tile of every round to the next round a step
/// earlier. Its loads then stand before others in their queue, which can cost such a core more than
/// the tile would have.
bool Evaluator::may_be_slower(const Sizes& sizes) const {
  const std::int64_t cores = problem_.layout.cores;
  const auto uneven = [cores](std::int64_t tiles) { return tiles > cores && tiles % cores != 0; };
  switch (sizes.tiling.core_split) {
    case CoreSplit::kHeads:
      break;
    case CoreSplit::kQuery:
      return !problem_.serial && sizes.busiest.share == 1 && sizes.counts.groups > 1 &&
             uneven(sizes.counts.q_tiles);
    case CoreSplit::kKeyValue:
      return uneven(sizes.counts.sub_tiles);
  }
  return false;
}

std::int64_t Evaluator::makespan(const Sizes& sizes, const Plan& plan,
                                 const Choices& choices) const {
  if (problem_.shape.mask.causal) {
    return masked_makespan(sizes, plan, choices);
  }
  const bool uneven = may_be_slower(sizes);
  std::int64_t cycles = 0;
  PhaseTimes times;
  for (const PhasePlan& phase : plan.phases()) {
    if (phase.merges) {
      cycles += merge_cycles(sizes);
      continue;
    }
    if (phase.own_rows) {
      cycles += own_rows_makespan(sizes, phase, choices);
      continue;
    }
    times_of(sizes, sizes.busiest, phase, choices, times);
    std::int64_t slowest = phase_makespan(times);
    if (uneven) {
      const CoreRounds shorter =
          deal_rounds(sizes.counts, sizes.tiling, problem_.layout, problem_.layout.cores - 1);
      times_of(sizes, shorter, phase, choices, times);
      slowest = std::max(slowest, phase_makespan(times));
    }
    cycles += slowest;
  }
  return cycles;
}

/// Of a phase that cuts the rows another way.
std::int64_t Evaluator::own_rows_makespan(const Sizes& sizes, const PhasePlan& phase,
                                          const Choices& choices) const {
  const PhaseDeal deal = phase_deal(problem_.shape, sizes.tiling, problem_.layout, phase);
  const Sizes own = sizes_of(problem_.shape, deal.tiling, deal.layout);
  const auto makespan_of = [&](const CoreRounds& rounds) {
    PhaseTimes times;
    times_of(own, rounds, phase, choices, times);
    return phase_makespan(times);
  };
  const std::int64_t busiest = makespan_of(own.busiest);
  if (own.busiest.share > 1 || own.tiling.core_split == CoreSplit::kHeads || own.active == 1) {
    return busiest;
  }
  const CoreRounds last = deal_rounds(own.counts, own.tiling, deal.layout, deal.layout.cores - 1);
  return std::max(busiest, makespan_of(last));
}

/// Cores that split queries and have an L1 of their own see different keys: each may be the
/// slowest.
std::int64_t Evaluator::masked_makespan(const Sizes& sizes, const Plan& plan,
                                        const Choices& choices) const {
  const bool apart = sizes.tiling.core_split == CoreSplit::kQuery && sizes.busiest.share == 1;
  const std::int64_t cores = apart ? sizes.active : 1;
  const TransferCost& transfer = transfers_[static_cast<std::size_t>(sizes.active - 1)];
  std::int64_t cycles = 0;
  for (const PhasePlan& phase : plan.phases()) {
    std::int64_t slowest = 0;
    for (std::int64_t core = 0; core < cores; ++core) {
      const CoreRounds rounds = deal_rounds(sizes.counts, sizes.tiling, problem_.layout, core);
      const MaskedRounds masked(problem_.shape, sizes.tiling, rounds, phase, transfer, vector_);
      PhaseTimes times;
      times_of(sizes, rounds, phase, choices, times);
      times.masked = &masked;
      slowest = std::max(slowest, phase_makespan(times));
    }
    cycles += slowest;
  }
  return cycles;
}

std::int64_t Evaluator::l0_traffic(const Sizes& sizes, const Choices& choices) const {
  const TileCounts& c = sizes.counts;
  std::int64_t bytes = 0;
  if (problem_.shape.mask.causal) {
    for (const TileChoice& choice : choices) {
      for (std::size_t i = 0; i < choice.tile.size(); ++i) {
        bytes += sizes.visible.matmuls[i] * choice.tile[i].l1_bytes;
      }
    }
    return problem_.shape.pairs * bytes;
  }
  for (const TileChoice& choice : choices) {
    bytes +=
        (c.q_tiles - 1) * ((c.sub_tiles - 1) * choice.tile[0].l1_bytes + choice.tile[1].l1_bytes) +
        (c.sub_tiles - 1) * choice.tile[2].l1_bytes + choice.tile[3].l1_bytes;
  }
  return problem_.shape.pairs * bytes;
}

std::int64_t Evaluator::dram_traffic(const Sizes& sizes, const Plan& plan) const {
  const Shape& shape = problem_.shape;
  const auto stream = [&](MatmulKind kind) {
    return stream_bytes(shape, sizes, problem_.layout, kind);
  };
  std::int64_t bytes = 0;
  for (const PhasePlan& phase : plan.phases()) {
    bytes += input_bytes(shape, sizes, phase) + output_bytes(shape, sizes, phase) +
             bias_bytes(shape, sizes, phase);
    bytes += phase.has_first ? stream(phase.first_kind) : 0;
    bytes += phase.loads_values() ? stream(MatmulKind::kPV) : 0;
  }
  return shape.pairs * bytes;
}

/// The fastest L0 tiles; false if a pinned one does not fit its buffers.
bool Evaluator::fastest(const Sizes& sizes, Choices& choices, bool* several) {
  const std::int64_t rows = sizes.tiling.q_rows;
  const std::int64_t cols = sizes.tiling.kv_cols;
  const std::int64_t edge_rows = sizes.counts.edge_rows;
  const std::int64_t edge_cols = sizes.counts.edge_cols;
  const auto look = [&](std::size_t i, std::int64_t m, std::int64_t n) {
    const L0Answer& best = l0_.fastest(m, n);
    for (const MatmulKind kind : {MatmulKind::kQK, MatmulKind::kPV}) {
      choices[index_of(kind)].tile[i] = {best.cycles(kind), best.l1_bytes(kind)};
      *several = *several || best.several(kind);
      if (i == 0) {
        choices[index_of(kind)].full = best.tile(kind);
      }
    }
  };
  const auto same = [&choices](std::size_t to, std::size_t from) {
    choices[0].tile[to] = choices[0].tile[from];
    choices[1].tile[to] = choices[1].tile[from];
  };
  look(0, rows, cols);
  if (!pin(sizes, MatmulKind::kQK, problem_.pinned_qk, choices[0]) ||
      !pin(sizes, MatmulKind::kPV, problem_.pinned_pv, choices[1])) {
    return false;
  }
  if (edge_cols == cols) {
    same(1, 0);
  } else {
    look(1, rows, edge_cols);
  }
  if (edge_rows == rows) {
    same(2, 0);
    same(3, 1);
    return true;
  }
  look(2, edge_rows, cols);
  if (edge_cols == cols) {
    same(3, 2);
  } else {
    look(3, edge_rows, edge_cols);
  }
  return true;
}

/// A pinned L0 tile is taken for the full tile.
bool Evaluator::pin(const Sizes& sizes, MatmulKind kind, const L0Tile& pinned,
                    TileChoice& choice) const {
  if (pinned.m == 0) {
    return true;
  }
  const auto cost = l0_.cost(
      matmul_tile(problem_.shape, kind, sizes.tiling.q_rows, sizes.tiling.kv_cols), pinned);
  if (cost) {
    choice.tile[0] = {cost->cycles, cost->l1_bytes};
    choice.full = cost->tile;
  }
  return cost.has_value();
}

/// Counting sort.
Evaluator::BlockOrder Evaluator::by_mode(std::span<const Tiling> tilings) {
  constexpr std::size_t kSplits = 3;
  const auto mode = [](const Tiling& tiling) {
    return kSplits * Plans::index_of(tiling) + static_cast<std::size_t>(tiling.core_split);
  };
  std::array<std::uint16_t, kSplits * Plans::kCount + 1> begin{};
  for (const Tiling& tiling : tilings) {
    ++begin[mode(tiling) + 1];
  }
  for (std::size_t i = 1; i < begin.size(); ++i) {
    begin[i] = static_cast<std::uint16_t>(begin[i] + begin[i - 1]);
  }
  BlockOrder order;
  for (std::size_t i = 0; i < tilings.size(); ++i) {
    order[begin[mode(tilings[i])]++] = static_cast<std::uint16_t>(i);
  }
  return order;
}

std::optional<Candidate> Evaluator::evaluate(const Tiling& tiling, Objective objective) {
  Choices choices;
  return evaluate(tiling, objective, choices);
}

std::optional<Candidate> Evaluator::evaluate(const Tiling& tiling, Objective objective,
                                             Choices& choices) {
  return evaluate(Sized(*this, tiling), objective, choices);
}

Evaluator::Sized::Sized(const Evaluator& evaluator, const Tiling& tiling)
    : sizes(sizes_of(evaluator.problem_.shape, tiling, evaluator.problem_.layout)),
      plan(evaluator.problem_.plans.of(tiling)),
      fits(evaluator.fits(sizes, plan, &peak)) {
  if (fits) {
    const TileCounts& counts = sizes.counts;
    evaluator.l0_.prefetch(tiling.q_rows, tiling.kv_cols);
    evaluator.l0_.prefetch(counts.edge_rows, tiling.kv_cols);
    evaluator.l0_.prefetch(tiling.q_rows, counts.edge_cols);
    evaluator.l0_.prefetch(counts.edge_rows, counts.edge_cols);
  }
}

std::optional<Candidate> Evaluator::evaluate(const Sized& sized, Objective objective,
                                             Choices& choices) {
  const Sizes& sizes = sized.sizes;
  std::optional<Candidate> found;
  bool several = false;
  if (!sized.fits || !fastest(sizes, choices, &several)) {
    return found;
  }
  const std::int64_t dram = dram_traffic(sizes, sized.plan);
  Candidate& candidate = found.emplace();
  candidate.figures.l1_peak_bytes = sized.peak;
  cost(sizes, sized.plan, choices, dram, candidate);
  // The fastest L0 tiles make the shortest makespan; energy may trade some of it for less traffic.
  if (several && (objective == Objective::kEnergy || objective == Objective::kEdp)) {
    try_all(sizes, sized.plan, objective, dram, candidate, choices);
  }
  return found;
}

/// Sets all but the peak.
void Evaluator::cost(const Sizes& sizes, const Plan& plan, const Choices& choices,
                     std::int64_t dram, Candidate& out) const {
  out.tiling = sizes.tiling;
  out.tiling.l0_qk = choices[0].full;
  out.tiling.l0_pv = choices[1].full;
  out.figures =
      total_figures(problem_, layer_compute_energy(problem_, sizes), makespan(sizes, plan, choices),
                    dram, l0_traffic(sizes, choices), out.figures.l1_peak_bytes);
}

}  // namespace tilewright
