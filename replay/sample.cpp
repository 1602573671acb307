#include "replay/sample.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "common/error.h"
#include "common/math.h"
#include "schedules/expand.h"

namespace tilewright {
namespace {

/// Rounds of a core that are kept where its groups have only one query tile: more than are ever in
/// flight at once.
constexpr std::int64_t kKeptRounds = 6;
constexpr std::int64_t kKeptTiles = 3;  ///< first, middle, last

/// The fewest of `count` tiles dealt to `cores` that leave each core its first, its last and (with
/// `kept` of them) inner ones.
std::int64_t fewer(std::int64_t count, std::int64_t cores, std::int64_t kept) {
  const std::int64_t dealt = ceil_div(count, cores);
  return dealt <= kept ? count : count - (dealt - kept) * cores;
}

double macs_of(const Shape& s) {
  const auto real = [](std::int64_t value) { return static_cast<double>(value); };
  return real(s.pairs) * real(s.rows) * real(s.cols) * real(s.qk_dim + s.v_dim);
}

/// Bytes of all tensors of a layer, S and P included, and of their doubles for the comparison.
double tensor_bytes(const Shape& s, std::span<const PhasePlan> phases) {
  const auto real = [](std::int64_t value) { return static_cast<double>(value); };
  const double width = real(s.qk_dim + s.v_dim);
  const bool merges = phases.back().merges;
  const double passed = phases.size() > 1 && !merges ? 2 : 0;
  const double scores = (passed + (s.bias_bytes > 0 ? 1 : 0)) * real(s.rows) * real(s.cols);
  return 4 * real(s.pairs) * (real(s.rows + s.cols) * width + scores) + 8 * real(s.cols) * width;
}

bool affordable(const Shape& shape, const Tiling& tiling, const CoreLayout& layout,
                std::span<const PhasePlan> phases, const ReplayBudget& budget) {
  return macs_of(shape) <= budget.macs &&
         count_operations(shape, tiling, layout, phases) <= budget.operations &&
         tensor_bytes(shape, phases) <= budget.tensor_bytes;
}

Shape with_fewer_groups(Shape shape, const Tiling& tiling, const CoreLayout& layout) {
  const TileCounts counts = count_tiles(shape, tiling);
  const bool by_heads = tiling.core_split == CoreSplit::kHeads;
  const CoreRounds rounds = deal_rounds(counts, tiling, layout, 0);
  const std::int64_t kept = std::max(kKeptTiles, ceil_div(kKeptRounds, rounds.positions));
  const std::int64_t groups = fewer(counts.groups, by_heads ? layout.cores : 1, kept);
  shape.pairs = (groups - 1) * tiling.heads + counts.edge_heads;
  return shape;
}

Shape with_fewer_rows(Shape shape, const Tiling& tiling, const CoreLayout& layout) {
  const TileCounts counts = count_tiles(shape, tiling);
  const bool by_queries = tiling.core_split == CoreSplit::kQuery;
  const std::int64_t tiles = fewer(counts.q_tiles, by_queries ? layout.cores : 1, kKeptTiles);
  shape.rows = (tiles - 1) * tiling.q_rows + counts.edge_rows;
  return shape;
}

/// Without a mask each row may be a query of its own.
std::int64_t rows_of_query(const Shape& shape) {
  return shape.mask.causal ? shape.mask.sharing : 1;
}

/// `shape` has the query heads that share K/V among its rows.
Workload as_workload(Workload workload, const Shape& shape) {
  workload.batch = 1;
  workload.kv_heads = shape.pairs;
  workload.heads = shape.pairs * rows_of_query(shape);
  workload.q_len = shape.rows / rows_of_query(shape);
  workload.repeat = 1;
  return workload;
}

/// Whether the rows are those of whole queries.
bool has_whole_queries(const Shape& shape) {
  return shape.rows % rows_of_query(shape) == 0;
}

}  // namespace

ReplaySample sample_of(const Workload& workload, const Tiling& tiling, const CoreLayout& layout,
                       std::span<const PhasePlan> phases, const ReplayBudget& budget) {
  const Shape all = shape_of(workload);
  if (affordable(all, tiling, layout, phases, budget)) {
    return {workload, {all.pairs, all.pairs, all.rows, all.rows}};
  }
  const Shape groups = with_fewer_groups(all, tiling, layout);
  // Fewer query tiles leave fewer rounds in a group, and so more groups.
  const Shape tiles = with_fewer_groups(with_fewer_rows(all, tiling, layout), tiling, layout);
  for (const Shape& part : {groups, tiles}) {
    if (has_whole_queries(part) && affordable(part, tiling, layout, phases, budget)) {
      return {as_workload(workload, part), {part.pairs, all.pairs, part.rows, all.rows}};
    }
  }
  throw InputError(
      fmt::format("workload '{}' is too large to replay: even a sample of {} pairs and {} query "
                  "rows has {:.1e} "
                  "multiply-accumulates and {:.1e} operations, expected at most {:.1e} and {:.1e}",
                  workload.name, tiles.pairs, tiles.rows, macs_of(tiles),
                  count_operations(tiles, tiling, layout, phases), budget.macs, budget.operations));
}

}  // namespace tilewright
