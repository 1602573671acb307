// Online softmax on real numbers: broken programs are found, and half precision keeps its bound.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>

#include "test/support/counts.h"
#include "test/support/random_case.h"
#include "test/support/replay_case.h"

namespace tilewright::test {
namespace {

constexpr std::uint64_t kSeed = 20'260'903;

/// Two pairs, four query tiles of four sub-tiles; L1 slots are not rounded up.
OracleCase small_case() {
  OracleCase drawn;
  Random random(1);
  drawn.schedule = &find_schedule("flash3");
  drawn.variant = "two-stream";
  drawn.hardware = random_hardware(random);
  drawn.hardware.cores = 1;
  drawn.hardware.l1.alignment_bytes = 1;
  drawn.workload.name = "small";
  drawn.workload.heads = drawn.workload.kv_heads = 2;
  drawn.workload.q_len = 24;
  drawn.workload.kv_len = 32;
  drawn.workload.qk_dim = drawn.workload.v_dim = 8;
  drawn.tiling = {1, 6, 8, false, 2, 1, Overwrite::kNone, CoreSplit::kHeads, {}, {}};
  return drawn;
}

/// The violations of a plan of small_case() after `breaks` has changed it.
template <typename Break>
Violations violations_of(const Break& breaks) {
  ReplayCase item(small_case());
  ReplayPlan plan = item.plan();
  REQUIRE(item.run(plan).passed());
  breaks(plan);
  return item.run(plan).violations;
}

/// Takes out the first operation of this kind.
void drop(ReplayPlan& plan, VectorKind kind) {
  const auto found = std::find_if(plan.steps.begin(), plan.steps.end(), [&](const Step& step) {
    return step.operation.unit == Unit::kVector && step.operation.vector == kind;
  });
  REQUIRE(found != plan.steps.end());
  plan.steps.erase(found);
}

TEST_CASE("replay: a rescaling that is left out is named by the product that misses it") {
  const Violations found =
      violations_of([](ReplayPlan& plan) { drop(plan, VectorKind::kRescale); });
  REQUIRE(found.count > 0);
  const Violation& first = found.first.front();
  CHECK(first.operation == "matmul to O (core 0, round 0, pair 0, query tile 0, sub-tile 1)");
  CHECK(first.slot == "out[0] of core 0");
  CHECK(first.content == "O of pair 0, query tile 0 after 1 sub-tiles, rescaled");
  CHECK(first.problem ==
        "is read before it is written; O of pair 0, query tile 0 after 1 sub-tiles is there");
}

TEST_CASE("replay: a division that is left out is named by the store") {
  const Violations found =
      violations_of([](ReplayPlan& plan) { drop(plan, VectorKind::kNormalise); });
  REQUIRE(found.count > 0);
  CHECK(found.first.front().operation == "store O (core 0, round 0, pair 0, query tile 0)");
  CHECK(found.first.front().content == "O of pair 0, query tile 0 after 4 sub-tiles, normalised");
}

TEST_CASE("replay: an online softmax that is left out is named with its sub-tile") {
  const Violations found =
      violations_of([](ReplayPlan& plan) { drop(plan, VectorKind::kOnlineSoftmax); });
  REQUIRE(found.count > 0);
  const auto state =
      std::find_if(found.first.begin(), found.first.end(), [](const Violation& violation) {
        return violation.operation ==
                   "online softmax to P (core 0, round 0, pair 0, query tile 0, sub-tile 1)" &&
               violation.content == "state of pair 0, query tile 0 after 1 sub-tiles";
      });
  CHECK(state != found.first.end());
}

TEST_CASE("replay: slots of an online softmax that are one byte shorter fail") {
  using Pool = SlotUse::Pool;
  for (const Pool pool :
       {Pool::kInput, Pool::kKey, Pool::kValue, Pool::kScore, Pool::kState, Pool::kOutput}) {
    const Violations found =
        violations_of([pool](ReplayPlan& plan) { plan.slots[0].shrink(pool, 1); });
    REQUIRE(found.count > 0);
    CHECK_THAT(found.first.front().problem, Catch::Contains("of a slot of"));
  }
}

TEST_CASE("replay: with accumulators and state in half precision, online softmax keeps its bound") {
  std::int64_t halves = 0;
  for_each_case(kSeed, counted(300), find_schedule("flash3"), "", DrawKind::kRandom,
                [&](OracleCase drawn) {
                  drawn.workload.bytes.input = drawn.workload.bytes.kv = 2;
                  drawn.workload.bytes.score = drawn.workload.bytes.accumulator = 2;
                  const ReplayReport report = ReplayCase(drawn).run(ReplayType::kFp16);
                  INFO(describe(drawn) << "\n" << faults(report));
                  REQUIRE(report.passed());
                  halves += report.error.relative > 1e-5 ? 1 : 0;
                });
  CHECK((!counts_are_full() || halves > 200));
}

}  // namespace
}  // namespace tilewright::test
