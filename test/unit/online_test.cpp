// Costs, counts and slots of an online softmax, in exact numbers.
#include <catch2/catch.hpp>

#include <cstdint>

#include "costmodel/evaluator.h"

namespace tilewright::test {
namespace {

constexpr std::int64_t kStartup = 3;
constexpr std::int64_t kFixed = kStartup + 2 * 5;

Hardware machine() {
  Hardware hw;
  hw.clock_hz = 1'000'000'000;
  hw.cores = 1;
  hw.matrix = {4, 4, 1, 2, true, false, false, {1000, 1000, 1000}};
  hw.vector = {16, kStartup, 5, 1000, 1000, 1000, 1000, 1000, 1000, 1000};
  hw.l0 = {1 << 16, 1 << 16, 1 << 16, 64};
  hw.l1 = {1 << 20, false, 1};
  hw.dram = {1'000'000'000, 0, 1, 0, false};
  return hw;
}

Shape shape(std::int64_t score_bytes) {
  Shape s;
  s.pairs = 2;
  s.rows = 3;
  s.cols = 4;
  s.v_dim = 10;
  s.bytes.input = s.bytes.kv = 2;
  s.bytes.score = score_bytes;
  s.bytes.accumulator = 4;
  return s;
}

TEST_CASE("online softmax takes four operations an element, five a row and two reductions") {
  const OnlineCost cost(machine(), shape(2));
  CHECK(cost.softmax_cycles(4L, 20L) == kFixed + 5 * 4 + 1 * 5);
  CHECK(cost.softmax_cycles(4L, 21L) == kFixed + 6 * 4 + 1 * 5);
  CHECK(cost.softmax_cycles(17L, 1L) == kFixed + 2 * 4 + 2 * 5);
}

TEST_CASE("where a mask hides scores of a sub-tile, online softmax adds to all of them first") {
  const OnlineCost cost(machine(), shape(2));
  CHECK(cost.masked_softmax_cycles(4L, 20L) == cost.softmax_cycles(4L, 20L) + 5);
  CHECK(cost.masked_softmax_cycles(4L, 21L) == cost.softmax_cycles(4L, 21L) + 6);
}

TEST_CASE("online softmax casts where P is narrower than S") {
  CHECK(OnlineCost(machine(), shape(4)).softmax_cycles(4L, 20L) == kFixed + 5 * 5 + 1 * 5);
}

TEST_CASE("fractions of a cycle of elements and rows are rounded up together") {
  Hardware hw = machine();
  hw.vector.exp_millicycles = 1250;
  // 5 x 4.25 + 5.25 = 26.5
  CHECK(OnlineCost(hw, shape(2)).softmax_cycles(4L, 20L) == kFixed + 27);
}

TEST_CASE("O is rescaled by multiplications and normalised by divisions") {
  Hardware hw = machine();
  hw.vector.mul_millicycles = 2000;
  hw.vector.div_millicycles = 7000;
  const OnlineCost cost(hw, shape(2));
  CHECK(cost.rescale_cycles(4L) == kStartup + 3 * 2);
  CHECK(cost.normalise_cycles(4L) == kStartup + 3 * 7);
}

TEST_CASE("the least vector work of a whole is what one tile costs, and no more than its parts") {
  const Shape s = shape(4);
  const OnlineCost cost(machine(), s);
  CHECK(cost.least(3, 1, 1).softmax == cost.softmax_cycles(3L, 4L));
  CHECK(cost.least(3, 1, 1).rescale == 0);
  CHECK(cost.least(3, 1, 2).rescale == cost.rescale_cycles(3L));
  CHECK(cost.least(3, 1, 1).normalise == cost.normalise_cycles(3L));
  CHECK(cost.least(3, 2, 2).softmax <=
        2 * cost.softmax_cycles(2L, 2L) + 2 * cost.softmax_cycles(1L, 2L));
}

TEST_CASE("an online softmax has the state of every row and O to see to, but divides no scores") {
  const OnlineWork two = online_work(shape(4), {}, 2);
  // 6 rows, twice the state and O; 24 scores.
  CHECK(two.operations == 6 * 2 * (5 + 10) - 24);
  // State written twice and read once; O read and written twice, with one figure.
  CHECK(two.l1_bytes == 6 * 4 * (2 * 3 + 2 + 2 * (2 * 10 + 1)));
}

/// Bytes of a kind of slot, all slots together.
std::int64_t slot_bytes(const Footprint& footprint, Operand operand) {
  std::int64_t bytes = 0;
  for (std::size_t i = 0; i < footprint.count; ++i) {
    bytes += footprint.kinds[i].operand == operand ? footprint.kinds[i].bytes() : 0;
  }
  return bytes;
}

TEST_CASE("scores and state are kept for the steps in flight, no more") {
  Workload workload;
  workload.name = "small";
  workload.heads = workload.kv_heads = 4;
  workload.q_len = 12;
  workload.kv_len = 40;
  workload.qk_dim = workload.v_dim = 8;
  workload.bytes.input = workload.bytes.kv = 2;
  workload.bytes.score = workload.bytes.accumulator = 4;
  const Hardware hw = machine();
  const Problem problem = make_problem(hw, workload, find_schedule("flash3"), "");
  const Evaluator evaluator(problem);
  Tiling t;
  t.heads = 2;
  t.q_rows = 6;
  t.kv_cols = 10;
  t.buffers = 2;
  t.lookahead = 2;
  const Footprint footprint = evaluator.peak_footprint(t);
  CHECK(slot_bytes(footprint, Operand::kQ) == 2 * (2 * 6 * 8 * 2));
  CHECK(slot_bytes(footprint, Operand::kK) == 2 * (10 * 8 * 2));
  CHECK(slot_bytes(footprint, Operand::kV) == 2 * (10 * 8 * 2));
  CHECK(slot_bytes(footprint, Operand::kS) == 3 * (2 * 6 * 10 * 4));
  CHECK(slot_bytes(footprint, Operand::kP) == 0);
  CHECK(slot_bytes(footprint, Operand::kState) == 3 * (2 * 6 * 3 * 4));
  CHECK(slot_bytes(footprint, Operand::kO) == 2 * (2 * 6 * 8 * 4));
}

}  // namespace
}  // namespace tilewright::test
