// Small parts of the model by example: operation costs, dealing of rounds, the order of candidates.
#include <catch2/catch.hpp>

#include <cmath>
#include <cstdint>
#include <limits>

#include "costmodel/objective.h"
#include "costmodel/op_costs.h"
#include "schedules/rounds.h"
#include "search/random.h"

namespace tilewright::test {
namespace {

Hardware machine() {
  Hardware hw;
  hw.clock_hz = 1'000'000'000;
  hw.cores = 2;
  hw.vector = {16, 3, 5, 1000, 1000, 1000, 1000, 1000, 1000, 1000};
  hw.dram.bandwidth_bytes_per_s = 8'000'000'000;
  hw.dram.burst_bytes = 64;
  hw.dram.setup_cycles = 10;
  return hw;
}

TEST_CASE("a transfer takes its set-up and whole bursts, rounded up") {
  const TransferCost alone(machine(), 1);
  CHECK(alone.cycles(1L) == 10 + 8);
  CHECK(alone.cycles(64L) == 10 + 8);
  CHECK(alone.cycles(65L) == 10 + 16);
  CHECK(alone.busy_cycles(9L) == 2);
}

TEST_CASE("two active cores have half the bandwidth each") {
  const TransferCost shared(machine(), 2);
  CHECK(shared.cycles(64L) == 10 + 16);
}

TEST_CASE("a rate that is no whole number of bytes a cycle is rounded up once a transfer") {
  Hardware hw = machine();
  hw.dram = {3'000'000'000, 0, 1, 0, false};
  const TransferCost cost(hw, 1);
  CHECK(cost.cycles(1L) == 1);
  CHECK(cost.cycles(3L) == 1);
  CHECK(cost.cycles(4L) == 2);
  CHECK(cost.cycles(3'000'000'000) == 1'000'000'000);
}

TEST_CASE("a transfer of exabytes does not overflow") {
  Hardware hw = machine();
  hw.dram = {999'999'937, 0, 1, 0, false};
  const TransferCost cost(hw, 1);
  constexpr std::int64_t kBytes = std::int64_t{1} << 60;
  const auto exact = (static_cast<UInt128>(kBytes) * 1'000'000'000 + 999'999'936) / 999'999'937;
  CHECK(cost.cycles(kBytes) == static_cast<std::int64_t>(exact));
}

Shape softmax_shape(std::int64_t cols, std::int64_t score_bytes) {
  Shape shape;
  shape.cols = cols;
  shape.bytes = {2, score_bytes, 4};
  return shape;
}

TEST_CASE("softmax takes five operations an element, two reductions and the start-up") {
  const VectorCost cost(machine(), softmax_shape(20, 2));
  CHECK(cost.operations_per_element() == 5);
  CHECK(cost.softmax_cycles(4L) == 3 + 2 * 5 + 5 * 5);
  CHECK(cost.softmax_cycles(5L) == 3 + 2 * 5 + 7 * 5);
}

TEST_CASE("softmax casts where P is narrower than S") {
  const VectorCost cost(machine(), softmax_shape(20, 4));
  CHECK(cost.operations_per_element() == 6);
  CHECK(cost.softmax_cycles(4L) == 3 + 2 * 5 + 5 * 6);
}

TEST_CASE("fractions of a cycle an element are rounded up once an operation") {
  Hardware hw = machine();
  hw.vector.exp_millicycles = 1250;
  const VectorCost cost(hw, softmax_shape(16, 2));
  CHECK(cost.softmax_cycles(1L) == 13 + 6);
  CHECK(cost.softmax_cycles(4L) == 13 + 21);
}

Tiling tiling(std::int64_t heads, std::int64_t q_rows, CoreSplit split) {
  Tiling t;
  t.heads = heads;
  t.q_rows = q_rows;
  t.core_split = split;
  return t;
}

TEST_CASE("rounds are dealt round-robin along the heads") {
  Shape shape;
  shape.pairs = 7;
  shape.rows = 10;
  const Tiling t = tiling(2, 4, CoreSplit::kHeads);
  const TileCounts counts = count_tiles(shape, t);
  CHECK(counts.groups == 4);
  CHECK(counts.edge_heads == 1);
  CHECK(counts.q_tiles == 3);
  CHECK(counts.edge_rows == 2);
  const CoreLayout layout{3, false};
  CHECK(active_cores(counts, t.core_split, layout) == 3);
  const CoreRounds first = deal_rounds(counts, t, layout, 0);
  CHECK(first.full_groups == 1);
  CHECK(first.edge_heads == 1);
  CHECK(first.rounds() == 6);
  CHECK(deal_rounds(counts, t, layout, 1).rounds() == 3);
}

TEST_CASE("cores that split queries over a shared L1 work in lock-step") {
  Shape shape;
  shape.pairs = 1;
  shape.rows = 10;
  const Tiling t = tiling(1, 2, CoreSplit::kQuery);
  const TileCounts counts = count_tiles(shape, t);
  const CoreLayout shared{4, true};
  CHECK(cores_in_step(counts, t.core_split, shared) == 4);
  CHECK(cores_in_step(counts, CoreSplit::kHeads, shared) == 1);
  for (const std::int64_t core : {0, 1, 2, 3}) {
    const CoreRounds rounds = deal_rounds(counts, t, shared, core);
    CHECK(rounds.share == 4);
    CHECK(rounds.positions == 2);
    CHECK(rounds.rows_last == (core == 0 ? 2 : 0));
  }
  const CoreLayout own{4, false};
  CHECK(cores_in_step(counts, t.core_split, own) == 1);
  CHECK(deal_rounds(counts, t, own, 0).share == 1);
  CHECK(deal_rounds(counts, t, own, 1).positions == 1);
}

TEST_CASE("all rounds are dealt, whatever the tiling") {
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    Random random(seed);
    Shape shape;
    shape.pairs = random.between(1, 20);
    shape.rows = random.between(1, 40);
    const Tiling t = tiling(random.between(1, shape.pairs), random.between(1, shape.rows),
                            random.chance(50) ? CoreSplit::kHeads : CoreSplit::kQuery);
    const TileCounts counts = count_tiles(shape, t);
    const CoreLayout layout{random.between(1, 6), random.chance(50)};
    std::int64_t rows = 0;
    for (std::int64_t core = 0; core < active_cores(counts, t.core_split, layout); ++core) {
      const CoreRounds dealt = deal_rounds(counts, t, layout, core);
      const std::int64_t pairs = dealt.full_groups * dealt.heads + dealt.edge_heads;
      rows += pairs * ((dealt.positions - 1) * dealt.rows_full + dealt.rows_last);
      REQUIRE(dealt.rounds() > 0);
      REQUIRE(dealt.rounds() <= deal_rounds(counts, t, layout, 0).rounds());
    }
    REQUIRE(rows == shape.pairs * shape.rows);
  }
}

Candidate candidate(std::int64_t cycles, std::int64_t energy, std::int64_t traffic,
                    std::int64_t peak, std::int64_t heads) {
  Candidate c;
  c.figures = {cycles, energy, traffic, peak};
  c.tiling.heads = heads;
  return c;
}

TEST_CASE("ties break by cycles, energy, peak L1 and factors, in this order") {
  const Candidate base = candidate(10, 20, 30, 40, 2);
  CHECK(ranks_before(Objective::kLatency, candidate(9, 99, 99, 99, 9), base));
  CHECK(ranks_before(Objective::kLatency, candidate(10, 19, 99, 99, 9), base));
  CHECK(ranks_before(Objective::kLatency, candidate(10, 20, 99, 39, 9), base));
  CHECK(ranks_before(Objective::kLatency, candidate(10, 20, 99, 40, 1), base));
  CHECK_FALSE(ranks_before(Objective::kLatency, base, base));
  CHECK(ranks_before(Objective::kEnergy, candidate(99, 19, 99, 99, 9), base));
  CHECK(ranks_before(Objective::kTraffic, candidate(99, 99, 29, 99, 9), base));
  CHECK(ranks_before(Objective::kTraffic, candidate(9, 99, 30, 99, 9), base));
  CHECK(ranks_before(Objective::kEdp, candidate(8, 24, 99, 99, 9), base));
  CHECK_FALSE(ranks_before(Objective::kEdp, candidate(8, 26, 1, 1, 1), base));
}

TEST_CASE("energy times delay does not overflow") {
  Figures large;
  large.cycles = std::numeric_limits<std::int64_t>::max();
  large.energy_fj = static_cast<Int128>(1) << 100;
  Figures larger = large;
  larger.energy_fj += 1;
  CHECK(objective_value(Objective::kEdp, large) < objective_value(Objective::kEdp, larger));
  CHECK(objective_value(Objective::kEdp, large).to_double() ==
        Approx(std::ldexp(1.0, 100) * std::ldexp(1.0, 63)));
}

}  // namespace
}  // namespace tilewright::test
