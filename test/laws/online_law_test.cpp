// Laws of the online form: what flash2, flash3 and the row-wise schedules owe each other.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>

#include "common/math.h"
#include "costmodel/evaluator.h"
#include "test/support/counts.h"
#include "test/support/oracle.h"

namespace tilewright::test {
namespace {

constexpr std::uint64_t kSeed = 32'001;

std::optional<Candidate> cost_of(const OracleCase& drawn, std::string_view schedule,
                                 const Tiling& tiling) {
  const Problem problem = make_problem(drawn.hardware, drawn.workload, find_schedule(schedule), "");
  return Evaluator(problem).evaluate(tiling, drawn.objective);
}

template <typename Check>
void for_each_flash3(std::int64_t cases, const Check& check) {
  for_each_case(kSeed, counted(cases), find_schedule("flash3"), "", DrawKind::kRandom,
                [&](const OracleCase& drawn) {
                  INFO(describe(drawn));
                  check(drawn);
                });
}

TEST_CASE("flash3 at look-ahead 0 is flash2, in every figure") {
  for_each_flash3(4000, [](const OracleCase& drawn) {
    Tiling tiling = drawn.tiling;
    tiling.lookahead = 0;
    const auto one_stream = cost_of(drawn, "flash2", tiling);
    const auto two_streams = cost_of(drawn, "flash3", tiling);
    REQUIRE(one_stream);
    REQUIRE(two_streams);
    REQUIRE(one_stream->figures == two_streams->figures);
    REQUIRE(one_stream->tiling == two_streams->tiling);
  });
}

TEST_CASE(
    "with one sub-tile a round and a vector unit that takes no time, flash3 is as fast as mas") {
  for_each_flash3(4000, [](OracleCase drawn) {
    drawn.hardware.vector = {drawn.hardware.vector.lanes};
    drawn.objective = Objective::kLatency;
    drawn.tiling.kv_cols = drawn.workload.kv_len;
    if (drawn.tiling.core_split == CoreSplit::kKeyValue) {
      drawn.tiling.core_split = CoreSplit::kQuery;  // mas has no other
    }
    REQUIRE(cost_of(drawn, "flash3", drawn.tiling)->figures.cycles ==
            cost_of(drawn, "mas", drawn.tiling)->figures.cycles);
  });
}

TEST_CASE("the L1 that a streamed online softmax needs does not depend on the number of keys") {
  for_each_flash3(2000, [](const OracleCase& drawn) {
    OracleCase longer = drawn;
    longer.tiling.kv_resident = false;
    const Tiling& t = longer.tiling;
    const auto peak = [&](std::int64_t sub_tiles) {
      longer.workload.kv_len = sub_tiles * t.kv_cols;
      return cost_of(longer, "flash3", t)->figures.l1_peak_bytes;
    };
    // From as many sub-tiles on as there are slots; under a mask every query sees a key.
    const std::int64_t least =
        std::max(4 * drawn.hardware.cores, ceil_div(drawn.workload.q_len, t.kv_cols));
    REQUIRE(peak(least) == peak(least + 5));
  });
}

}  // namespace
}  // namespace tilewright::test
