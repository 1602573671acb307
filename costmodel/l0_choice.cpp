// Which L0 tiles a candidate takes where speed and traffic ask for different ones.
#include <algorithm>
#include <array>
#include <vector>

#include "costmodel/evaluator.h"

namespace tilewright {

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

/// Every combination of Pareto L0 tiles, but those that would lose even at the shortest makespan.
void Evaluator::try_all(const Sizes& sizes, const Plan& plan, Objective objective,
                        std::int64_t dram, Candidate& best, Choices<>& best_choices) {
  std::array<std::vector<TileCost>, 8> options;
  std::array<std::size_t, 8> same_as{};
  for (std::size_t i = 0; i < options.size(); ++i) {
    options[i] = options_at(sizes, i, &same_as[i]);
  }
  const std::int64_t peak = best.figures.l1_peak_bytes;
  const std::int64_t shortest = makespan(sizes, plan, best_choices);
  std::array<std::size_t, 8> at{};
  for (;;) {
    Choices<> choices;
    for (std::size_t i = 0; i < options.size(); ++i) {
      const TileCost& cost = options[same_as[i]][at[same_as[i]]];
      choices[i / 4].tile[i % 4] = {cost.cycles, cost.l1_bytes};
      if (i % 4 == 0) {
        choices[i / 4].full = cost.tile;
      }
    }
    const Figures hoped = total_figures(problem_, layer_compute_energy(problem_, sizes), shortest,
                                        dram, l0_traffic(sizes, choices), peak);
    if (rank_key(objective, hoped) <= rank_key(objective, best.figures)) {
      Candidate candidate;
      candidate.figures.l1_peak_bytes = peak;
      cost(sizes, plan, choices, dram, candidate);
      if (ranks_before(objective, candidate, best)) {
        best = candidate;
        best_choices = choices;
      }
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

/// L0 options of tile `index` (matmul kind x rows full/edge x columns full/edge); a tile that
/// equals an earlier one has a single entry and follows it.
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
  std::vector<TileCost> options = l0_.pareto(tile);
  // The core with full tiles must stay the busiest one, whatever L0 tiles these take.
  const bool edge_rows = (at & 2U) != 0;
  const bool edge_cols = (at & 1U) != 0;
  const bool dealt_rows = edge_rows && sizes.tiling.core_split == CoreSplit::kQuery;
  const bool dealt_cols = edge_cols && sizes.tiling.core_split == CoreSplit::kKeyValue;
  if ((dealt_rows || dealt_cols) && sizes.active > 1) {
    const bool low = edge_rows && !dealt_rows;
    const bool narrow = edge_cols && !dealt_cols;
    const std::int64_t rows = low ? sizes.counts.edge_rows : sizes.tiling.q_rows;
    const std::int64_t cols = narrow ? sizes.counts.edge_cols : sizes.tiling.kv_cols;
    const std::int64_t most = l0_.fastest(rows, cols).cycles(kind);
    std::erase_if(options, [most](const TileCost& option) { return option.cycles > most; });
  }
  return options;
}

}  // namespace tilewright
