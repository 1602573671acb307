#include "search/shortfall.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "common/math.h"
#include "schedules/operation_names.h"

namespace tilewright {
namespace {

/// The values of an axis that can make the smallest footprint: the least of every number of tiles
/// up to `most`, as fewer tiles need fewer slots and cores, and the least of all.
std::vector<std::int64_t> small_values(const Axis& axis, std::int64_t most) {
  std::vector<std::int64_t> values{axis.value(0)};
  for (std::int64_t tiles = 1; tiles <= std::min(most, axis.length()); ++tiles) {
    const std::int64_t index = axis.first_not_below(ceil_div(axis.length(), tiles));
    if (index < axis.size()) {
      values.push_back(axis.value(index));
    }
  }
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

/// Of an operand: with V in K, streamed.
constexpr std::int64_t kMostSlots = kMaxLookahead + kMaxBuffers;

/// Tile counts beyond which the least width alone can make the smallest footprint.
std::int64_t most_sub_tiles(const Mode& mode, std::int64_t most, const DesignSpace& space) {
  if (mode.overwrite != Overwrite::kNone) {
    return space.axes[2].length();
  }
  // Of a split of keys and values, a core has so many times fewer.
  return mode.core_split == CoreSplit::kKeyValue ? most * kMostSlots : most;
}

/// Calls visit(tiling) for every legal candidate that may be the smallest.
template <typename Visit>
void for_each_small(const Problem& problem, const DesignSpace& space, const Visit& visit) {
  const std::int64_t most = std::max(problem.layout.cores, kMostSlots);
  const auto heads = small_values(space.axes[0], most);
  const auto rows = small_values(space.axes[1], most);
  for (const Mode& mode : space.modes) {
    const auto cols = small_values(space.axes[2], most_sub_tiles(mode, most, space));
    for (const std::int64_t h : heads) {
      for (const std::int64_t m : rows) {
        for (const std::int64_t n : cols) {
          const Tiling tiling = tiling_of(mode, h, m, n);
          if (is_legal(problem.shape, tiling)) {
            visit(tiling);
          }
        }
      }
    }
  }
}

Shortfall l1_shortfall(const Evaluator& evaluator, const DesignSpace& space) {
  Shortfall shortfall;
  shortfall.level = "L1";
  shortfall.have_bytes = evaluator.problem().hardware.l1.capacity_bytes;
  for_each_small(evaluator.problem(), space, [&](const Tiling& tiling) {
    const Footprint need = evaluator.peak_footprint(tiling);
    if (shortfall.need_bytes == 0 || need.bytes < shortfall.need_bytes) {
      const auto largest = std::max_element(
          need.kinds.begin(), need.kinds.begin() + static_cast<std::ptrdiff_t>(need.count),
          [](const SlotKind& a, const SlotKind& b) { return a.slot_bytes < b.slot_bytes; });
      shortfall.need_bytes = need.bytes;
      shortfall.largest_slot = operand_name(largest->operand);
      shortfall.largest_slot_bytes = largest->slot_bytes;
      shortfall.tiling = tiling;
    }
  });
  return shortfall;
}

}  // namespace

std::optional<Shortfall> l0_shortfall(const Problem& problem, const Tiling& smallest) {
  const L0Tiles tiles(problem.hardware, problem.shape);
  Shortfall shortfall;
  shortfall.tiling = smallest;
  if (const auto misfit = tiles.misfit()) {
    shortfall.level = misfit->level;
    shortfall.need_bytes = misfit->need_bytes;
    shortfall.have_bytes = misfit->have_bytes;
    return shortfall;
  }
  const std::int64_t held = array_bytes(problem, smallest);
  if (held > problem.hardware.l0.accumulator_bytes) {
    shortfall.level = "L0 accumulator";
    shortfall.need_bytes = held;
    shortfall.have_bytes = problem.hardware.l0.accumulator_bytes;
    return shortfall;
  }
  for (const MatmulKind kind : {MatmulKind::kQK, MatmulKind::kPV}) {
    const L0Tile& pinned = kind == MatmulKind::kQK ? problem.pinned_qk : problem.pinned_pv;
    const MatmulTile tile = matmul_tile(problem.shape, kind, smallest.q_rows, smallest.kv_cols);
    if (pinned.m > 0 && !tiles.cost(tile, pinned)) {
      const L0Buffers& l0 = problem.hardware.l0;
      shortfall.level = kind == MatmulKind::kQK ? "L0 (l0.qk)" : "L0 (l0.pv)";
      shortfall.need_bytes = tiles.held_bytes(tile, pinned);
      shortfall.have_bytes = l0.left_bytes + l0.right_bytes + l0.accumulator_bytes;
      return shortfall;
    }
  }
  return std::nullopt;
}

Tiling smallest_candidate(const Evaluator& evaluator, const DesignSpace& space) {
  return l1_shortfall(evaluator, space).tiling;
}

std::optional<Shortfall> misfit(const Evaluator& evaluator, const DesignSpace& space) {
  Shortfall smallest = l1_shortfall(evaluator, space);
  return smallest.need_bytes > smallest.have_bytes ? std::optional(std::move(smallest))
                                                   : std::nullopt;
}

}  // namespace tilewright
