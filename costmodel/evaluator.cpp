#include "costmodel/evaluator.h"

#include <algorithm>

#include "costmodel/evaluator_forms.h"

namespace tilewright {

Evaluator::Evaluator(const Problem& problem, const SideBySide& side_by_side)
    : problem_(problem),
      l0_(problem.hardware, problem.shape, problem.l0_table, problem.on_array()),
      vector_(problem.hardware, problem.shape),
      online_(problem.hardware, problem.shape),
      side_by_side_(side_by_side) {
  for (std::int64_t cores = 1; cores <= problem.layout.cores; ++cores) {
    transfers_.emplace_back(problem.hardware, cores);
  }
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

std::int64_t Evaluator::makespan(const Sizes& sizes, const Plan& plan,
                                 const Choices<>& choices) const {
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
                                          const Choices<>& choices) const {
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
                                        const Choices<>& choices) const {
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

/// The fastest L0 tiles; false if a pinned one does not fit its buffers.
bool Evaluator::fastest(const Sizes& sizes, Choices<>& choices, bool* several) {
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

std::optional<Candidate> Evaluator::evaluate(const Tiling& tiling, Objective objective) {
  Choices<> choices;
  return evaluate(tiling, objective, choices);
}

std::optional<Candidate> Evaluator::evaluate(const Tiling& tiling, Objective objective,
                                             Choices<>& choices) {
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
                                             Choices<>& choices) {
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
void Evaluator::cost(const Sizes& sizes, const Plan& plan, const Choices<>& choices,
                     std::int64_t dram, Candidate& out) const {
  out.tiling = sizes.tiling;
  out.tiling.l0_qk = choices[0].full;
  out.tiling.l0_pv = choices[1].full;
  out.figures =
      total_figures(problem_, layer_compute_energy(problem_, sizes), makespan(sizes, plan, choices),
                    dram, l0_traffic(sizes, choices), out.figures.l1_peak_bytes);
}

// What others use.
template bool Evaluator::fits(const Sizes& sizes, const Plan& plan, std::int64_t* peak) const;
template void Evaluator::times_of(const Sizes& sizes, const CoreRounds& rounds,
                                  const PhasePlan& phase, const Choices<>& choices, PhaseTimes& out,
                                  const Accord<std::int64_t>& accord) const;
template Evaluator::LoadTimes<std::int64_t> Evaluator::load_times(const Sizes& sizes,
                                                                  MatmulKind kind,
                                                                  const std::int64_t& share) const;
template std::array<Evaluator::LoadTimes<std::int64_t>, 2> Evaluator::load_times(
    const Sizes& sizes, const PhasePlan& phase, const std::int64_t& share) const;
template void Evaluator::epoch_times(const Sizes& sizes, const PhasePlan& phase,
                                     const std::int64_t& rows, RoundTimes& out) const;
template std::int64_t Evaluator::l0_traffic(const Sizes& sizes, const Choices<>& choices) const;
template std::int64_t Evaluator::dram_traffic(const Sizes& sizes, const Plan& plan) const;

}  // namespace tilewright
