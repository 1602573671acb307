// The parts of a replay by themselves.
#include <catch2/catch.hpp>

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>

#include "common/error.h"
#include "hw_profiles/hardware_yaml.h"
#include "replay/element.h"
#include "replay/half.h"
#include "replay/offset_allocator.h"
#include "replay/replay.h"
#include "report/replay_card.h"
#include "schedules/workload_yaml.h"
#include "search/tune.h"

namespace tilewright::test {
namespace {

TEST_CASE("half: every half survives the way to float and back") {
  for (std::uint32_t bits = 0; bits < 0x10000U; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const float value = half_to_float(half);
    if (std::isnan(value)) {
      REQUIRE(std::isnan(half_to_float(float_to_half(value))));
    } else {
      REQUIRE(float_to_half(value) == half);
    }
  }
}

TEST_CASE("half: values between two halves go to the nearer one, ties to the even one") {
  for (std::uint32_t bits = 0; bits + 1 < 0x7C00U; ++bits) {
    const auto low = static_cast<std::uint16_t>(bits);
    const auto high = static_cast<std::uint16_t>(bits + 1);
    const float middle = (half_to_float(low) + half_to_float(high)) / 2;
    REQUIRE(float_to_half(middle) == (low % 2 == 0 ? low : high));
    REQUIRE(float_to_half(std::nextafter(middle, 0.0F)) == low);
    REQUIRE(float_to_half(std::nextafter(middle, 1e9F)) == high);
  }
}

TEST_CASE("half: 65,519 is finite, 65,520 is infinite, the sign stays") {
  CHECK(half_to_float(float_to_half(65519.0F)) == 65504.0F);
  CHECK(std::isinf(half_to_float(float_to_half(65520.0F))));
  CHECK(half_to_float(float_to_half(-1e30F)) == -std::numeric_limits<float>::infinity());
  CHECK(std::signbit(half_to_float(float_to_half(-0.0F))));
}

TEST_CASE("allocator: first fit, aligned, full to the last byte and not one more") {
  OffsetAllocator memory(100, 8);
  CHECK(memory.allocate(20) == 0);
  CHECK(memory.allocate(40) == 24);
  CHECK(memory.allocate(37) == std::nullopt);
  CHECK(memory.allocate(36) == 64);
  CHECK(memory.peak() == 100);
  memory.release(24);
  CHECK(memory.allocate(41) == std::nullopt);
  CHECK(memory.allocate(16) == 24);
  CHECK(memory.allocate(24) == 40);
  memory.release_all();
  CHECK(memory.allocate(100) == 0);
}

TEST_CASE("elements: single precision widens all bytes alike, half precision none") {
  Workload workload;
  workload.bytes = {1, 2, 4, 1};
  const Elements wide = elements_of(workload, ReplayType::kFp32);
  CHECK(wide.scale == 4);
  CHECK(wide.input.storage() == 4);
  CHECK(wide.score.storage() == 8);
  CHECK(wide.accumulator.storage() == 16);
  CHECK_THROWS_AS(elements_of(workload, ReplayType::kFp16), InputError);
  workload.bytes = {2, 2, 4, 2};
  const Elements half = elements_of(workload, ReplayType::kFp16);
  CHECK(half.scale == 1);
  CHECK(half.input.half);
  CHECK_FALSE(half.accumulator.half);
}

Workload many_tiles(std::int64_t kv_heads) {
  Workload workload;
  workload.name = "many";
  workload.heads = 2 * kv_heads;
  workload.kv_heads = kv_heads;
  workload.q_len = 2000;
  workload.kv_len = 100;
  workload.qk_dim = workload.v_dim = 16;
  return workload;
}

TEST_CASE("sample: a layer that is too large is replayed in part, with its whole footprint") {
  const Hardware machine = load_hardware("mas-edge");
  for (const std::string schedule : {"layerwise", "flat", "mas"}) {
    for (const std::string split : {"heads", "q"}) {
      const Workload workload = many_tiles(50);
      TuneOptions options;
      options.pins = {{"core_split", split}, {"q_rows", "64"}, {"kv_cols", "40"}};
      const Result result = tune(machine, workload, schedule, options);
      ReplayOptions small;
      small.budget.macs = 1e8;
      const ReplayReport report = replay(machine, workload, result, small);
      INFO(schedule << " " << split);
      CHECK(report.passed());
      CHECK_FALSE(report.extent.is_all());
      CHECK(report.extent.all_pairs == 50);
      CHECK(report.extent.all_rows == 4000);
      CHECK(static_cast<double>(report.macs) <= small.budget.macs);
      CHECK(report.memory.peak_bytes == result.cost.l1_peak_bytes);
    }
  }
}

TEST_CASE("sample: a layer of which not even three tiles are affordable is refused") {
  const Hardware machine = load_hardware("mas-edge");
  const Workload workload = many_tiles(1);
  const Result result = tune(machine, workload, "flat", {});
  ReplayOptions tiny;
  tiny.budget.macs = 1000;
  CHECK_THROWS_WITH(replay(machine, workload, result, tiny),
                    Catch::Contains("too large to replay"));
}

TEST_CASE("replay: query heads that share K and V give what each gives by itself") {
  const Hardware machine = load_hardware("flat-edge");
  Workload workload = many_tiles(2);
  workload.heads = 8;
  workload.batch = 2;
  workload.q_len = 70;
  for (const std::string schedule : {"layerwise", "flat", "mas"}) {
    const Result result = tune(machine, workload, schedule, {});
    const ReplayReport report = replay(machine, workload, result, {});
    CHECK(report.passed());
    CHECK(report.extent.pairs == 4);
    CHECK(report.extent.rows == 280);
  }
}

TEST_CASE("replay: the seed decides the numbers") {
  const Hardware machine = load_hardware("flat-edge");
  const Workload workload = many_tiles(1);
  const Result result = tune(machine, workload, "flat", {});
  const auto scale = [&](std::uint64_t seed) {
    ReplayOptions options;
    options.seed = seed;
    return replay(machine, workload, result, options).error.output_scale;
  };
  CHECK(scale(1) == scale(1));
  CHECK(scale(1) != scale(2));
}

/// A report in which everything is as it should be.
ReplayReport good_report() {
  ReplayReport report;
  report.hw = "npu";
  report.workload = "net";
  report.schedule = "flat";
  report.variant = "serial";
  report.extent = {3, 9, 20, 20};
  report.error = {1e-7, 2e-7, 0.5, 5e-6};
  report.traffic = {{Operand::kQ, 4096, 4096, 0, 0}, {Operand::kO, 0, 0, 2048, 2048}};
  report.memory = {2, 1000, 640, 640};
  return report;
}

TEST_CASE("replay card: a good report says what was done") {
  const std::string card = replay_card(good_report());
  CHECK_THAT(card, Catch::StartsWith("net on npu, schedule flat (serial): replay in fp32"));
  CHECK_THAT(card, Catch::Contains("a sample, 3 of 9 pairs and 20 of 20 query rows"));
  CHECK_THAT(card, Catch::Contains("Q 4,096 bytes\n"));
  CHECK_THAT(card, Catch::Contains("640 of 1,000 bytes in each of 2, as predicted"));
  CHECK_THAT(card, Catch::EndsWith("all as predicted\n"));
}

/// The card and the message of a report after `spoil` has changed it: both must say `text`.
template <typename Spoil>
void expect_failure(const std::string& on_card, const std::string& in_message, const Spoil& spoil) {
  ReplayReport report = good_report();
  spoil(report);
  CHECK_FALSE(report.passed());
  CHECK_THAT(replay_card(report), Catch::Contains(on_card) && Catch::EndsWith("FAILED\n"));
  CHECK_THAT(replay_failure_text(report), Catch::Contains(in_message));
}

TEST_CASE("replay card: whatever is wrong is on it") {
  expect_failure("Q 4,095 (NOT 4,096)", "traffic",
                 [](ReplayReport& report) { report.traffic[0].loaded = 4095; });
  expect_failure("NOT as predicted: 8 bytes of fragmentation", "L1 peak",
                 [](ReplayReport& report) { report.memory.peak_bytes = 648; });
  expect_failure("NOT within the bound 5e-06", "largest error",
                 [](ReplayReport& report) { report.error.absolute = 1; });
  expect_failure("2 VIOLATIONS", "2 violations, the first: load K: K in k[0] is late",
                 [](ReplayReport& report) {
                   report.violations.add({"load K", "k[0]", "K", "is late"});
                   report.violations.add({"load V", "v[0]", "V", "is late"});
                 });
}

}  // namespace
}  // namespace tilewright::test
