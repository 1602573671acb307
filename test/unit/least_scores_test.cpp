// The fewest scores under a mask, against every cut of small shapes.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>

#include "common/math.h"
#include "costmodel/least_scores.h"
#include "costmodel/masked_rounds.h"
#include "schedules/visible.h"

namespace tilewright::test {
namespace {

Shape masked_shape(std::int64_t queries, std::int64_t sharing, std::int64_t offset,
                   std::int64_t window) {
  Shape shape;
  shape.rows = queries * sharing;
  shape.cols = queries + offset;
  shape.mask = {true, window, sharing, offset};
  return shape;
}

std::int64_t computed_scores(const Shape& shape, std::int64_t q_rows, std::int64_t kv_cols) {
  Tiling tiling;
  tiling.q_rows = q_rows;
  tiling.kv_cols = kv_cols;
  return visible_sums(shape, tiling, count_tiles(shape, tiling), CoreLayout{}).scores;
}

/// Every cut computes at least what is said of its tile counts, and of any larger ones.
void check_all_cuts(const Shape& shape) {
  for (std::int64_t q_rows = 1; q_rows <= shape.rows; ++q_rows) {
    const std::int64_t q_tiles = ceil_div(shape.rows, q_rows);
    for (std::int64_t kv_cols = 1; kv_cols <= shape.cols; ++kv_cols) {
      const std::int64_t sub_tiles = ceil_div(shape.cols, kv_cols);
      const std::int64_t scores = computed_scores(shape, q_rows, kv_cols);
      CAPTURE(shape.rows, shape.cols, shape.mask.window, shape.mask.offset, q_rows, kv_cols);
      REQUIRE(least_scores(shape, {q_tiles, sub_tiles}) <= scores);
      REQUIRE(least_scores(shape, {q_tiles + 1, sub_tiles + 2}) <= scores);
      REQUIRE(least_scores(shape, {q_tiles, sub_tiles}) >= visible_scores(shape));
    }
  }
}

TEST_CASE("no cut computes fewer scores than least_scores()") {
  for (std::int64_t queries = 1; queries <= 13; ++queries) {
    for (std::int64_t sharing = 1; sharing <= 3; ++sharing) {
      for (const std::int64_t offset : {0, 1, 2, 5}) {
        for (std::int64_t window = 0; window <= queries + offset; ++window) {
          check_all_cuts(masked_shape(queries, sharing, offset, window));
        }
      }
    }
  }
}

TEST_CASE("least_scores() is what tiles compute that cut the diagonal at its steps") {
  const Shape shape = masked_shape(64, 1, 0, 0);
  CHECK(least_scores(shape, {64, 8}) == computed_scores(shape, 1, 8));
  CHECK(least_scores(shape, {8, 64}) == computed_scores(shape, 8, 1));
  CHECK(least_scores(shape, {8, 8}) == computed_scores(shape, 8, 8));
}

TEST_CASE("least_scores() counts what comes before a window, too") {
  const Shape shape = masked_shape(64, 1, 0, 8);
  const std::int64_t late = 8 * (8 * 7 / 2);
  const std::int64_t early = 8 * (7 * 6 / 2);  // of 56 rows that the eight tiles share evenly
  CHECK(least_scores(shape, {8, 64}) == visible_scores(shape) + late + early);
  CHECK(least_scores(shape, {64, 8}) == visible_scores(shape) + late + early);
}

}  // namespace
}  // namespace tilewright::test
