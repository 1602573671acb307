// Sums over query tiles under a mask, against a walk over every tile.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>

#include "common/math.h"
#include "costmodel/floor_line.h"
#include "costmodel/masked_rounds.h"
#include "costmodel/visible_sums.h"
#include "schedules/visible.h"
#include "search/random.h"

namespace tilewright::test {
namespace {

constexpr std::uint64_t kSeed = 77;

TEST_CASE("FloorLine sums what it is at every place, and finds where it reaches a value") {
  Random random = Random::of(kSeed, 0, 0);
  for (int i = 0; i < 20'000; ++i) {
    const FloorLine line{random.between(0, 50), random.between(-80, 200), random.between(1, 60)};
    const std::int64_t n = random.between(0, 40);
    const std::int64_t least = random.between(1, 30);
    std::int64_t sum = 0;
    std::int64_t reached = n;
    for (std::int64_t p = 0; p < n; ++p) {
      sum += line.at(p);
      reached = reached == n && line.at(p) >= least ? p : reached;
    }
    CAPTURE(line.step, line.start, line.divisor, n, least);
    REQUIRE(line.sum(n) == sum);
    REQUIRE(line.first_not_below(least, n) == reached);
  }
}

struct MaskCase {
  Shape shape;
  Tiling tiling;
  CoreLayout layout;
};

MaskCase random_mask_case(Random& random) {
  MaskCase drawn;
  const std::int64_t queries = random.between(2, 60);
  const std::int64_t sharing = random.between(1, 5);
  const std::int64_t offset = random.chance(50) ? random.between(0, 30) : 0;
  const std::int64_t cols = queries + offset;
  drawn.shape.rows = queries * sharing;
  drawn.shape.cols = cols;
  const std::int64_t window = random.chance(50) ? random.between(1, cols - 1) : 0;
  drawn.shape.mask = {true, window, sharing, offset};
  drawn.tiling.q_rows = random.log_between(1, drawn.shape.rows);
  drawn.tiling.kv_cols = random.log_between(1, cols);
  drawn.tiling.core_split = random.chance(60) ? CoreSplit::kQuery : CoreSplit::kHeads;
  drawn.layout = {random.between(1, 4), random.chance(50)};
  return drawn;
}

/// `see(rounds, position)` at every position of every core.
template <typename See>
VisibleSums walked(const MaskCase& c, const TileCounts& counts, const See& see) {
  VisibleSums sums;
  const CoreSplit split = c.tiling.core_split;
  const std::int64_t cores = split == CoreSplit::kHeads ? 1 : active_cores(counts, split, c.layout);
  for (std::int64_t core = 0; core < cores; core += cores_in_step(counts, split, c.layout)) {
    const CoreRounds rounds = deal_rounds(counts, c.tiling, c.layout, core);
    std::int64_t there = 0;
    for (std::int64_t position = 0; position < rounds.positions; ++position) {
      const Visible visible = see(rounds, position);
      const bool narrow = visible.end() == counts.sub_tiles;
      const std::int64_t end = std::min(c.shape.cols, visible.end() * c.tiling.kv_cols);
      const std::int64_t from = std::max(visible.first, there) * c.tiling.kv_cols;
      there = visible.end();
      sums.resident_cols += std::max<std::int64_t>(0, end - from);
      sums.streamed_cols += visible.cols;
      sums.loads += visible.sub_tiles;
      sums.narrow_loads += narrow ? 1 : 0;
      for (std::int64_t rank = 0; rank < rounds.share; ++rank) {
        const std::int64_t tile = rounds.first_tile + position * rounds.tile_stride + rank;
        if (tile >= counts.q_tiles) {
          continue;
        }
        const bool last = tile == counts.q_tiles - 1;
        const std::int64_t rows = last ? counts.edge_rows : c.tiling.q_rows;
        sums.scores += rows * visible.cols;
        sums.masked += rows * visible.masked_cols;
        sums.row_visits += rows * visible.sub_tiles;
        sums.matmuls[last ? 2 : 0] += visible.sub_tiles - (narrow ? 1 : 0);
        sums.matmuls[last ? 3 : 1] += narrow ? 1 : 0;
      }
    }
  }
  return sums;
}

void require_equal(const VisibleSums& a, const VisibleSums& b) {
  REQUIRE(a.scores == b.scores);
  REQUIRE(a.masked == b.masked);
  REQUIRE(a.row_visits == b.row_visits);
  REQUIRE(a.streamed_cols == b.streamed_cols);
  REQUIRE(a.resident_cols == b.resident_cols);
  REQUIRE(a.loads == b.loads);
  REQUIRE(a.narrow_loads == b.narrow_loads);
  REQUIRE(a.matmuls == b.matmuls);
}

TEST_CASE("visible_sums() is what a walk over every query tile adds up") {
  Random random = Random::of(kSeed, 1, 0);
  for (int i = 0; i < 20'000; ++i) {
    const MaskCase c = random_mask_case(random);
    const TileCounts counts = count_tiles(c.shape, c.tiling);
    CAPTURE(i, c.shape.rows, c.shape.cols, c.shape.mask.window, c.shape.mask.sharing,
            c.tiling.q_rows, c.tiling.kv_cols, c.layout.cores, c.layout.l1_shared);
    require_equal(visible_sums(c.shape, c.tiling, counts, c.layout),
                  walked(c, counts, [&](const CoreRounds& rounds, std::int64_t position) {
                    return visible_at(c.shape, c.tiling, rounds, position);
                  }));
  }
}

TEST_CASE("least_visible_sums() is not above any candidate of a class") {
  Random random = Random::of(kSeed, 2, 0);
  for (int i = 0; i < 20'000; ++i) {
    MaskCase c = random_mask_case(random);
    const TileCounts counts = count_tiles(c.shape, c.tiling);
    const auto most = [](std::int64_t length, std::int64_t tiles) {
      return tiles == 1 ? length : ceil_div(length, tiles - 1) - 1;
    };
    const MaskedBox high{most(c.shape.rows, counts.q_tiles), most(c.shape.cols, counts.sub_tiles)};
    TileCounts least = counts;
    least.edge_rows = std::min(c.tiling.q_rows, c.shape.rows - (counts.q_tiles - 1) * high.q_rows);
    least.edge_cols =
        std::min(c.tiling.kv_cols, c.shape.cols - (counts.sub_tiles - 1) * high.kv_cols);
    const VisibleSums bound = least_visible_sums(c.shape, c.tiling, high, least, c.layout);
    MaskCase member = c;
    member.tiling.q_rows = random.between(c.tiling.q_rows, high.q_rows);
    member.tiling.kv_cols = random.between(c.tiling.kv_cols, high.kv_cols);
    const VisibleSums sums =
        visible_sums(c.shape, member.tiling, count_tiles(c.shape, member.tiling), c.layout);
    CAPTURE(i, c.shape.rows, c.shape.cols, c.shape.mask.window, c.shape.mask.sharing,
            c.tiling.q_rows, c.tiling.kv_cols, member.tiling.q_rows, member.tiling.kv_cols);
    REQUIRE(bound.scores <= sums.scores);
    REQUIRE(bound.row_visits <= sums.row_visits);
    REQUIRE(bound.streamed_cols <= sums.streamed_cols);
    REQUIRE(bound.loads <= sums.loads);
    for (const std::size_t of_rows : {0U, 2U}) {
      REQUIRE(bound.matmuls[of_rows] + bound.matmuls[of_rows + 1] <=
              sums.matmuls[of_rows] + sums.matmuls[of_rows + 1]);
    }
  }
}

}  // namespace
}  // namespace tilewright::test
