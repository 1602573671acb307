// A split of keys and values over the cores: what it deals, what parts and their merge cost, who
// offers it.
#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "common/error.h"
#include "costmodel/merge.h"
#include "search/random.h"
#include "search/space.h"
#include "search/tune.h"

namespace tilewright::test {
namespace {

constexpr std::int64_t kStartup = 3;
constexpr std::int64_t kReduction = 5;

Hardware machine(std::int64_t cores) {
  Hardware hw;
  hw.clock_hz = 1'000'000'000;
  hw.cores = cores;
  hw.matrix = {4, 4, 1, 2, true, false, false, {1000, 1000, 1000}};
  hw.vector = {16, kStartup, kReduction, 1000, 1000, 1000, 1000, 1000, 1000, 1000};
  hw.l0 = {1 << 16, 1 << 16, 1 << 16, 64};
  hw.l1 = {1 << 20, false, 1};
  hw.dram = {1'000'000'000, 0, 1, 0, false};
  return hw;
}

/// 2 K/V heads of 3 query heads each, 2 queries, 40 keys.
Workload workload() {
  Workload w;
  w.name = "decode";
  w.heads = 6;
  w.kv_heads = 2;
  w.q_len = 2;
  w.kv_len = 40;
  w.qk_dim = w.v_dim = 10;
  w.bytes.input = w.bytes.kv = w.bytes.score = 2;
  w.bytes.accumulator = 4;
  return w;
}

Tiling tiling(std::int64_t kv_cols) {
  Tiling t;
  t.q_rows = 4;
  t.kv_cols = kv_cols;
  t.core_split = CoreSplit::kKeyValue;
  return t;
}

TEST_CASE("sub-tiles are dealt round-robin, and every core has all rounds") {
  const Shape shape = shape_of(workload());
  const Tiling t = tiling(7);  // 6 sub-tiles, the last of 5 columns
  const TileCounts counts = count_tiles(shape, t);
  const CoreLayout layout{4, true};
  CHECK(active_cores(counts, t.core_split, layout) == 4);
  CHECK(active_cores(counts, t.core_split, {9, false}) == 6);
  CHECK(cores_in_step(counts, t.core_split, layout) == 1);
  const std::array<std::int64_t, 4> sub_tiles{2, 2, 1, 1};
  const std::array<std::int64_t, 4> cols{14, 12, 7, 7};
  for (std::size_t core = 0; core < 4; ++core) {
    const CoreRounds rounds = deal_rounds(counts, t, layout, static_cast<std::int64_t>(core));
    CHECK(rounds.rounds() == 2 * 2);
    CHECK(rounds.rows_last == 2);
    CHECK(rounds.sub_tiles == sub_tiles[core]);
    CHECK(rounds.has_edge_cols == (core == 1));
    CHECK(cols_of(counts, t, rounds) == cols[core]);
  }
}

TEST_CASE("single rows of all pairs are dealt to the cores that merge") {
  const Shape shape = shape_of(workload());  // 12 rows in all
  CHECK(merging_cores(shape, {5, false}) == 5);
  CHECK(merging_cores(shape, {20, false}) == 12);
  CHECK(merged_rows(shape, {5, false}, 0) == 3);
  CHECK(merged_rows(shape, {5, false}, 1) == 3);
  CHECK(merged_rows(shape, {5, false}, 2) == 2);
}

TEST_CASE("a part costs two moves a row, a merge five operations a part and O of all parts") {
  const OnlineCost cost(machine(1), shape_of(workload()));
  CHECK(cost.save_state_cycles(8L) == kStartup + 1);
  CHECK(cost.save_state_cycles(9L) == kStartup + 2);
  // 4 parts of 10 elements: 3 vectors of 16, times and plus; 1 vector of divisions.
  CHECK(cost.merge_cycles(1, 4) == kStartup + 2 * kReduction + 5 + 3 * 2 + 1);
  CHECK(cost.merge_cycles(1, 17) == kStartup + 2 * kReduction + 2 * 5 + 11 * 2 + 1);
}

TEST_CASE("parts are not divided, but their figures are kept, and their merge divides") {
  const OnlineWork work = parts_work(shape_of(workload()), 3);
  CHECK(work.operations == 12 * (3 * (2 - 10) + 3 * (5 + 2 * 10) + 10));
  // Saved: two figures read and written, O not touched. Merged: 12 figures read a part, 10 written.
  // The states of two parts begin anew: two figures not read each.
  CHECK(work.l1_bytes == 12 * 4 * (3 * (4 - 21 + 12) - 2 * 2 + 10));
}

TEST_CASE("a merge keeps its rows' parts and O in as many slots as there are buffers") {
  const Hardware hw = machine(4);
  const Problem problem = make_problem(hw, workload(), find_schedule("flash2"), "");
  Tiling t = tiling(10);
  t.buffers = 2;
  const PhasePlan& phase = problem.plans.of(t).phases().back();
  const Sizes sizes = sizes_of(problem.shape, t, problem.layout);
  const Footprint slots = footprint(problem.shape, sizes, problem.layout, problem.alignment, phase);
  REQUIRE(slots.count == 2);
  CHECK(slots.kinds[0].bytes() == 2 * 4 * 12 * 4);
  CHECK(slots.kinds[1].bytes() == 2 * 10 * 4);
}

/// The merge as it is defined, row by row.
std::int64_t step_by_step(const MergeTimes& t, const MergeMachine& m, std::int64_t rows) {
  std::vector<std::int64_t> merged;
  std::vector<std::int64_t> stored;
  std::int64_t load = 0;
  std::int64_t store = 0;
  std::int64_t vector = 0;
  std::int64_t there = 0;
  const auto before = [&](const std::vector<std::int64_t>& ends, std::int64_t row) {
    return row < m.buffers ? 0 : ends[static_cast<std::size_t>(row - m.buffers)];
  };
  const auto fetch = [&](std::int64_t row) {
    load = std::max(load, before(merged, row)) + t.load;
    there = load + m.latency;
  };
  const auto merge = [&](std::int64_t row) {
    vector = std::max({vector, there, before(stored, row)}) + t.merge;
    merged.push_back(vector);
  };
  fetch(0);
  merge(0);
  for (std::int64_t row = 0; row < rows; ++row) {
    if (row + 1 < rows) {
      fetch(row + 1);
    }
    std::int64_t& queue = m.shared_channel ? load : store;
    queue = std::max(queue, merged.back()) + t.store;
    stored.push_back(queue);
    if (row + 1 < rows) {
      merge(row + 1);
    }
  }
  return std::max(load, store);
}

TEST_CASE("the makespan of a merge is that of its rows one by one, however many there are") {
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    Random random(seed);
    const MergeTimes times{random.log_between(1, 300), random.log_between(1, 300),
                           random.log_between(1, 300)};
    const MergeMachine with{random.chance(50), random.between(1, 2),
                            random.chance(50) ? 0 : random.log_between(1, 500)};
    const std::int64_t rows = random.log_between(1, 400);
    INFO(seed);
    REQUIRE(merge_makespan(times, with, rows) == step_by_step(times, with, rows));
  }
}

DesignSpace space(const Hardware& hardware, const Workload& work, const char* schedule,
                  const Pins& pins = {}) {
  Problem problem = make_problem(hardware, work, find_schedule(schedule), "");
  return make_space(problem, "", TileSizes::kAll, pins);
}

std::int64_t modes_with_kv(const DesignSpace& space) {
  return std::count_if(space.modes.begin(), space.modes.end(),
                       [](const Mode& mode) { return mode.core_split == CoreSplit::kKeyValue; });
}

TEST_CASE("flash2 and flash3 search a split of keys and values, where there are several cores") {
  const Hardware two = machine(2);
  CHECK(modes_with_kv(space(two, workload(), "flash2")) == 2 * 2);
  CHECK(modes_with_kv(space(two, workload(), "flash3")) == 2 * 2 * 3);
  CHECK(modes_with_kv(space(machine(1), workload(), "flash3")) == 0);
  for (const char* other : {"layerwise", "softpipe", "flat", "tileflow", "mas", "fusemax"}) {
    INFO(other);
    CHECK(modes_with_kv(space(two, workload(), other)) == 0);
  }
  Workload masked = workload();
  masked.mask = Mask::kCausal;
  CHECK(modes_with_kv(space(two, masked, "flash3")) == 0);
}

TEST_CASE("a split of keys and values is refused with the reason") {
  const Pins kv{{"core_split", "kv"}};
  const Hardware two = machine(2);
  CHECK_THROWS_WITH(space(two, workload(), "mas", kv), Catch::Contains("flash2 and flash3"));
  CHECK_THROWS_WITH(space(machine(1), workload(), "flash2", kv), Catch::Contains("one core"));
  Workload masked = workload();
  masked.mask = Mask::kCausal;
  CHECK_THROWS_WITH(space(two, masked, "flash2", kv), Catch::Contains("mask: none"));
  const Tiling t = tiling(10);
  CHECK_FALSE(is_legal(shape_of(masked), t));
  CHECK_THAT(illegal_reason(shape_of(masked), t), Catch::Contains("mask: none"));
  CHECK(space(two, workload(), "flash2", kv).modes.size() == 4);
}

TEST_CASE("factors name a split of keys and values") {
  CHECK(factors_of(tiling(10)).at("core_split") == "kv");
}

TEST_CASE("with few heads and many cores a split of keys and values wins") {
  Hardware hw = machine(8);
  hw.dram.bandwidth_bytes_per_s = 1'000'000'000'000;
  Workload decode = workload();
  decode.kv_heads = 1;
  decode.q_len = 1;
  decode.kv_len = 4096;
  TuneOptions options;
  options.threads = 1;
  const Result best = tune(hw, decode, "flash2", options);
  REQUIRE(best.tiling);
  CHECK(best.proven);
  CHECK(best.tiling->core_split == CoreSplit::kKeyValue);
  options.pins = {{"core_split", "heads"}};
  const Result heads = tune(hw, decode, "flash2", options);
  options.pins = {{"core_split", "q"}};
  const Result queries = tune(hw, decode, "flash2", options);
  CHECK(2 * best.cost.cycles < std::min(heads.cost.cycles, queries.cost.cycles));
}

}  // namespace
}  // namespace tilewright::test
