// The fewest parts of all tiles, by trying every size.
#include <catch2/catch.hpp>

#include <algorithm>
#include <limits>

#include "common/math.h"
#include "costmodel/least_parts.h"
#include "search/random.h"
#include "test/support/counts.h"

namespace tilewright::test {
namespace {

std::int64_t parts_at(std::int64_t length, std::int64_t size, const PartRate& rate) {
  std::int64_t sum = 0;
  for (std::int64_t left = length; left > 0; left -= size) {
    sum += ceil_div(std::min(left, size) * rate.size, rate.count);
  }
  return sum;
}

std::int64_t fewest(const Cuts& cuts, const PartRate& rate) {
  std::int64_t least = std::numeric_limits<std::int64_t>::max();
  for (std::int64_t size = cuts.low; size <= cuts.high; ++size) {
    least = std::min(least, parts_at(cuts.length, size, rate));
  }
  return least;
}

TEST_CASE("tiles of 17 to 31 rows on an array of 16 take most of two passes each") {
  CHECK(least_parts({128, 17, 31}, {1, 16}) == 9);  // 4 tiles of 31, and one of 4
  CHECK(least_parts({128, 17, 32}, {1, 16}) == 8);
  CHECK(least_parts({128, 16, 31}, {1, 16}) == 8);
}

TEST_CASE("of parts that hold two and a half columns, a tile of three takes two") {
  CHECK(least_parts({10, 2, 2}, {2, 5}) == 5);
  CHECK(least_parts({10, 3, 3}, {2, 5}) == 7);  // 2 + 2 + 2 + 1
  CHECK(least_parts({10, 2, 5}, {2, 5}) == 4);
}

TEST_CASE("least_parts is the fewest parts of any size, or fewer where sizes differ much") {
  for (std::int64_t i = 0; i < counted(20'000); ++i) {
    Random random = Random::of(77, 0, static_cast<std::uint64_t>(i));
    const std::int64_t length = random.log_between(1, 200);
    const std::int64_t low = random.log_between(1, length);
    const Cuts cuts{length, low, random.between(low, length)};
    const PartRate rate{random.log_between(1, 40), random.log_between(1, 40)};
    INFO(length << " in " << cuts.low << " .. " << cuts.high << " at " << rate.size << " / "
                << rate.count);
    const std::int64_t least = fewest(cuts, rate);
    REQUIRE(least_parts(cuts, rate) <= least);
    if ((cuts.high - cuts.low) * rate.size <= 7 * rate.count) {
      REQUIRE(least_parts(cuts, rate) == least);
    }
  }
}

}  // namespace
}  // namespace tilewright::test
