// Programs that are broken on purpose: whatever is wrong must be found, and said where.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "test/support/counts.h"
#include "test/support/random_case.h"
#include "test/support/replay_case.h"

namespace tilewright::test {
namespace {

constexpr std::uint64_t kSeed = 20'260'802;
constexpr std::int64_t kCases = 15;   ///< of every variant
constexpr std::int64_t kBreaks = 30;  ///< of every case

/// Calls breaks(plan, random), which returns whether it broke the plan, many times for cases of
/// every schedule and variant, and requires that each broken plan fails.
template <typename Break>
void require_caught(const Break& breaks) {
  std::int64_t broken = 0;
  Random random(kSeed);
  const auto check = [&](const OracleCase& drawn) {
    ReplayCase item(drawn);
    const ReplayPlan plan = item.plan();
    for (std::int64_t i = 0; i < kBreaks; ++i) {
      ReplayPlan copy = plan;
      if (!breaks(copy, random)) {
        continue;
      }
      ++broken;
      INFO(describe(drawn));
      REQUIRE_FALSE(item.run(copy).passed());
    }
  };
  for (const Schedule* schedule : all_schedules()) {
    for (const std::string_view variant : schedule->variants()) {
      for_each_case(kSeed, counted(kCases), *schedule, variant, DrawKind::kRandom, check);
    }
  }
  CHECK(broken > 0);
}

std::size_t any_step(const ReplayPlan& plan, Random& random) {
  return static_cast<std::size_t>(
      random.between(0, static_cast<std::int64_t>(plan.steps.size()) - 1));
}

/// The first step after `from` that reads, for the same pair, a content that `from` writes; 0 if
/// none.
std::size_t reader_of(const std::vector<Step>& steps, std::size_t from) {
  const auto same = [](const SlotUse& a, const SlotUse& b) {
    return a.pool == b.pool && a.index == b.index && a.content == b.content;
  };
  for (std::size_t i = from + 1; i < steps.size(); ++i) {
    if (steps[i].phase != steps[from].phase ||
        steps[i].operation.core != steps[from].operation.core ||
        steps[i].operation.pair != steps[from].operation.pair) {
      continue;
    }
    for (const SlotUse& written : steps[from].write_slots()) {
      for (const SlotUse& read : steps[i].read_slots()) {
        if (same(written, read)) {
          return i;
        }
      }
    }
  }
  return 0;
}

/// An operation that moves nothing: cores may share a sub-tile of fewer bytes than there are cores.
bool is_empty(const Step& step) {
  const Operation& op = step.operation;
  return (op.unit == Unit::kLoad || op.unit == Unit::kStore) && op.payload_bytes == 0;
}

TEST_CASE("replay: a program without one of its operations fails") {
  require_caught([](ReplayPlan& plan, Random& random) {
    const std::size_t i = any_step(plan, random);
    if (is_empty(plan.steps[i])) {
      return false;
    }
    plan.steps.erase(plan.steps.begin() + static_cast<std::ptrdiff_t>(i));
    return true;
  });
}

TEST_CASE("replay: a program with an operation after its reader fails") {
  require_caught([](ReplayPlan& plan, Random& random) {
    const std::size_t i = any_step(plan, random);
    const std::size_t reader = reader_of(plan.steps, i);
    // What is loaded again and again may still be there from the time before.
    const Operation& op = plan.steps[i].operation;
    const bool stream = op.operand == Operand::kK || op.operand == Operand::kV;
    if (reader == 0 || stream) {
      return false;
    }
    std::swap(plan.steps[i], plan.steps[reader]);
    return true;
  });
}

TEST_CASE("replay: a program that does something twice fails") {
  require_caught([](ReplayPlan& plan, Random& random) {
    const std::size_t i = any_step(plan, random);
    const Operation& op = plan.steps[i].operation;
    const bool changes_nothing = op.unit == Unit::kVector || op.operand == Operand::kS ||
                                 is_elementwise(op) ||
                                 (op.unit == Unit::kMatrix && op.sub_tile == op.first_sub_tile);
    if (is_empty(plan.steps[i]) || (op.unit != Unit::kLoad && changes_nothing)) {
      return false;
    }
    plan.steps.insert(plan.steps.begin() + static_cast<std::ptrdiff_t>(i), plan.steps[i]);
    return true;
  });
}

/// A small case with everything in it; L1 slots are not rounded up.
OracleCase small_case(Overwrite overwrite) {
  OracleCase drawn;
  Random random(1);
  drawn.schedule = &find_schedule("mas");
  drawn.variant = "two-stream";
  drawn.hardware = random_hardware(random);
  drawn.hardware.cores = 1;
  drawn.hardware.l1.alignment_bytes = 1;
  drawn.workload.name = "small";
  drawn.workload.heads = drawn.workload.kv_heads = 2;
  drawn.workload.q_len = 24;
  drawn.workload.kv_len = 32;
  drawn.workload.qk_dim = drawn.workload.v_dim = 8;
  drawn.tiling = {1,  6, 8, overwrite != Overwrite::kNone, 2, 1, overwrite, CoreSplit::kHeads,
                  {}, {}};
  return drawn;
}

/// The violations of a plan of small_case() after `breaks` has changed it.
template <typename Break>
Violations violations_of(Overwrite overwrite, const Break& breaks) {
  ReplayCase item(small_case(overwrite));
  ReplayPlan plan = item.plan();
  REQUIRE(item.run(plan).passed());
  breaks(plan);
  return item.run(plan).violations;
}

std::size_t find_step(const ReplayPlan& plan, Unit unit, Operand operand, std::int64_t round) {
  const auto found = std::find_if(plan.steps.begin(), plan.steps.end(), [&](const Step& step) {
    return step.operation.unit == unit && step.operation.operand == operand &&
           step.operation.round == round;
  });
  REQUIRE(found != plan.steps.end());
  return static_cast<std::size_t>(found - plan.steps.begin());
}

TEST_CASE("replay: slots that are one byte shorter fail, whatever they hold") {
  using Pool = SlotUse::Pool;
  for (const Pool pool :
       {Pool::kInput, Pool::kKey, Pool::kValue, Pool::kScore, Pool::kProbability, Pool::kOutput}) {
    const Violations found = violations_of(
        Overwrite::kNone, [pool](ReplayPlan& plan) { plan.slots[0].shrink(pool, 1); });
    REQUIRE(found.count > 0);
    CHECK_THAT(found.first.front().problem, Catch::Contains("of a slot of"));
  }
}

TEST_CASE("replay: a dropped load is named by its reader, slot and content") {
  const Violations found = violations_of(Overwrite::kNone, [](ReplayPlan& plan) {
    const std::size_t i = find_step(plan, Unit::kLoad, Operand::kV, 0);
    plan.steps.erase(plan.steps.begin() + static_cast<std::ptrdiff_t>(i));
  });
  REQUIRE(found.count > 0);
  const Violation& first = found.first.front();
  CHECK(first.operation == "matmul to O (core 0, round 0, pair 0, query tile 0, sub-tile 0)");
  CHECK(first.slot == "v[0] of core 0");
  CHECK(first.content == "V of pair 0, sub-tile 0");
  CHECK(first.problem == "is read before it is written");
}

TEST_CASE("replay: what is overwritten too early is named with what took its place") {
  const Violations found = violations_of(Overwrite::kNone, [](ReplayPlan& plan) {
    // The scores of round 2 take the slot of those of round 0.
    const std::size_t softmax = find_step(plan, Unit::kVector, Operand::kP, 0);
    const std::size_t later = find_step(plan, Unit::kMatrix, Operand::kS, 2);
    std::rotate(plan.steps.begin() + static_cast<std::ptrdiff_t>(softmax),
                plan.steps.begin() + static_cast<std::ptrdiff_t>(later),
                plan.steps.begin() + static_cast<std::ptrdiff_t>(later) + 1);
  });
  const auto softmax =
      std::find_if(found.first.begin(), found.first.end(), [](const Violation& violation) {
        return violation.operation == "softmax to P (core 0, round 0, pair 0, query tile 0)";
      });
  REQUIRE(softmax != found.first.end());
  CHECK(softmax->slot == "s[0] of core 0");
  CHECK_THAT(softmax->problem,
             Catch::StartsWith("is still needed but overwritten; S of pair 0, query "
                               "tile 2 is there, the last writer was matmul to S"));
}

TEST_CASE("replay: under overwrite the destroyed sub-tiles must be loaded again") {
  for (const auto& [overwrite, operand] :
       {std::pair{Overwrite::kKey, Operand::kK}, std::pair{Overwrite::kValue, Operand::kV}}) {
    const Violations found = violations_of(overwrite, [operand = operand](ReplayPlan& plan) {
      const std::size_t i = find_step(plan, Unit::kLoad, operand, 2);
      REQUIRE(plan.steps[i].writes[0].pool == SlotUse::Pool::kScore);
      plan.steps.erase(plan.steps.begin() + static_cast<std::ptrdiff_t>(i));
    });
    REQUIRE(found.count > 0);
    CHECK_THAT(found.first.front().operation, Catch::StartsWith("matmul to"));
  }
}

TEST_CASE("replay: O stored twice or never is found") {
  const Violations twice = violations_of(Overwrite::kNone, [](ReplayPlan& plan) {
    const std::size_t i = find_step(plan, Unit::kStore, Operand::kO, 0);
    plan.steps.insert(plan.steps.begin() + static_cast<std::ptrdiff_t>(i), plan.steps[i]);
  });
  CHECK(twice.count == 6);
  CHECK(twice.first.front().problem == "was stored 2 times, expected once");
  const Violations never = violations_of(Overwrite::kNone, [](ReplayPlan& plan) {
    const std::size_t i = find_step(plan, Unit::kStore, Operand::kO, 7);
    plan.steps.erase(plan.steps.begin() + static_cast<std::ptrdiff_t>(i));
  });
  CHECK(never.count == 6);
  CHECK(never.first.front().problem == "was stored 0 times, expected once");
}

}  // namespace
}  // namespace tilewright::test
