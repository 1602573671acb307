// Lower bounds never exceed what any candidate of their box costs.
#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <optional>

#include "common/math.h"
#include "costmodel/coarse_bound.h"
#include "test/support/counts.h"
#include "test/support/random_case.h"
#include "test/support/random_space.h"

namespace tilewright::test {
namespace {

constexpr std::uint64_t kSeed = 9001;

constexpr std::array kObjectives{Objective::kLatency, Objective::kEnergy, Objective::kEdp,
                                 Objective::kTraffic};

struct Range {
  std::int64_t low = 1;
  std::int64_t high = 1;
};

Range any_range(Random& random, std::int64_t length) {
  const std::int64_t a = random.log_between(1, length);
  const std::int64_t b = random.log_between(1, length);
  return {std::min(a, b), std::max(a, b)};
}

/// Sizes that cut `length` into the same number of tiles.
Range class_range(Random& random, std::int64_t length) {
  const std::int64_t tiles = ceil_div(length, random.log_between(1, length));
  const std::int64_t least = ceil_div(length, tiles);
  const std::int64_t most = tiles == 1 ? length : ceil_div(length, tiles - 1) - 1;
  const Range part = any_range(random, most - least + 1);
  return {least + part.low - 1, least + part.high - 1};
}

template <typename MakeRange>
ClassBox random_box(Random& random, const Problem& problem, const Mode& mode,
                    const MakeRange& range) {
  const std::array lengths{problem.shape.pairs, problem.shape.rows, problem.shape.cols};
  ClassBox box;
  box.mode = mode;
  for (std::size_t axis = 0; axis < lengths.size(); ++axis) {
    const Range r = range(random, lengths[axis]);
    box.low[axis] = r.low;
    box.high[axis] = r.high;
  }
  return box;
}

Tiling member(Random& random, const ClassBox& box) {
  return tiling_of(box.mode, random.between(box.low[0], box.high[0]),
                   random.between(box.low[1], box.high[1]),
                   random.between(box.low[2], box.high[2]));
}

/// Random members of the box: none fits if the bound says so, none costs less in any figure.
/// Returns how many fitted.
std::int64_t check_members(Random& random, Evaluator& evaluator, const ClassBox& box,
                           const std::optional<Figures>& bound) {
  constexpr int kMembers = 6;
  std::int64_t fitted = 0;
  for (int i = 0; i < kMembers; ++i) {
    const Tiling tiling = member(random, box);
    if (!is_legal(evaluator.problem().shape, tiling)) {
      continue;
    }
    const Objective objective = pick(random, kObjectives);
    const auto candidate = evaluator.evaluate(tiling, objective);
    if (!candidate) {
      continue;
    }
    ++fitted;
    INFO(describe(evaluator.problem().hardware, evaluator.problem().workload, tiling));
    REQUIRE(bound);
    REQUIRE(bound->cycles <= candidate->figures.cycles);
    REQUIRE(bound->energy_fj <= candidate->figures.energy_fj);
    REQUIRE(bound->traffic_bytes <= candidate->figures.traffic_bytes);
    REQUIRE(bound->l1_peak_bytes <= candidate->figures.l1_peak_bytes);
    REQUIRE(objective_value(objective, *bound) <= objective_value(objective, candidate->figures));
  }
  return fitted;
}

/// Many tiles of a few array sizes each: what small cases hardly have.
void make_long_and_masked(Random& random, SpaceCase& drawn) {
  Workload& w = drawn.workload;
  w.q_len = random.between(8, 120);
  w.kv_len = w.q_len + (random.chance(40) ? random.between(1, 60) : 0);
  make_family(random, random.chance(60) ? Family::kCausal : Family::kWindow, w);
  keep_runnable(find_schedule(drawn.schedule), drawn.options.variant, w);
  drawn.hardware.l1.capacity_bytes = std::int64_t{1} << 40U;
}

SpaceCase long_masked_case(std::uint64_t seed) {
  SpaceCase drawn = random_space(seed);
  Random random = Random::of(kSeed, 2, seed);
  make_long_and_masked(random, drawn);
  return drawn;
}

/// Calls visit(random, problem, mode) for every mode of `count` random spaces.
template <typename Visit>
void for_each_mode(std::int64_t count, const Visit& visit,
                   SpaceCase (*draw)(std::uint64_t) = random_space) {
  for (std::int64_t i = 0; i < count; ++i) {
    SpaceCase drawn = draw(kSeed + static_cast<std::uint64_t>(i));
    drawn.options.pins.clear();
    INFO(describe(drawn));
    Problem problem = make_problem(drawn.hardware, drawn.workload, find_schedule(drawn.schedule),
                                   drawn.options.variant);
    if (L0Tiles(drawn.hardware, problem.shape).misfit()) {
      continue;
    }
    const DesignSpace space =
        make_space(problem, drawn.options.variant, TileSizes::kAll, drawn.options.pins);
    Random random = Random::of(kSeed, 1, static_cast<std::uint64_t>(i));
    Evaluator evaluator(problem);
    for (const Mode& mode : space.modes) {
      visit(random, problem, evaluator, mode);
    }
  }
}

TEST_CASE("Evaluator::lower_bound never exceeds a candidate of its class") {
  std::int64_t fitted = 0;
  for_each_mode(counted(1500), [&](Random& random, const Problem& problem, Evaluator& evaluator,
                                   const Mode& mode) {
    for (int boxes = 0; boxes < 4; ++boxes) {
      const ClassBox box = random_box(random, problem, mode, class_range);
      fitted += check_members(random, evaluator, box, evaluator.lower_bound(box));
    }
  });
  CHECK((!counts_are_full() || fitted > 20'000));
}

TEST_CASE("Evaluator::least_of_any_cut never exceeds a candidate, however its columns are cut") {
  std::int64_t fitted = 0;
  for_each_mode(counted(1500), [&](Random& random, const Problem& problem, Evaluator& evaluator,
                                   const Mode& mode) {
    if (!evaluator.bounds_any_cut(mode)) {
      return;
    }
    for (int boxes = 0; boxes < 4; ++boxes) {
      ClassBox box = random_box(random, problem, mode, class_range);
      const Range cols = any_range(random, problem.shape.cols);
      box.low[2] = cols.low;
      box.high[2] = cols.high;
      const std::int64_t cycles =
          evaluator.least_of_any_cut(box, std::numeric_limits<std::int64_t>::max());
      fitted += check_members(random, evaluator, box, Figures{cycles, 0, 0, 0});
    }
  });
  CHECK((!counts_are_full() || fitted > 10'000));
}

TEST_CASE("CoarseBound never exceeds a candidate of any box") {
  std::int64_t fitted = 0;
  for_each_mode(counted(1500), [&](Random& random, const Problem& problem, Evaluator& evaluator,
                                   const Mode& mode) {
    const CoarseBound coarse(problem);
    for (int boxes = 0; boxes < 4; ++boxes) {
      const ClassBox box = random_box(random, problem, mode, any_range);
      fitted += check_members(random, evaluator, box, coarse(box));
    }
  });
  CHECK((!counts_are_full() || fitted > 20'000));
}

TEST_CASE("CoarseBound never exceeds a candidate where a box is a single class") {
  for_each_mode(counted(1000), [&](Random& random, const Problem& problem, Evaluator& evaluator,
                                   const Mode& mode) {
    const CoarseBound coarse(problem);
    const ClassBox box = random_box(random, problem, mode, class_range);
    check_members(random, evaluator, box, coarse(box));
  });
}

/// A tenth of the size at most between the ends.
Range narrow_range(Random& random, std::int64_t length) {
  const std::int64_t low = random.log_between(1, length);
  return {low, std::min(length, low + random.between(0, low / 10))};
}

TEST_CASE("CoarseBound never exceeds a candidate under a mask, in boxes of a few sizes") {
  std::int64_t fitted = 0;
  for_each_mode(
      counted(150),
      [&](Random& random, const Problem& problem, Evaluator& evaluator, const Mode& mode) {
        const CoarseBound coarse(problem);
        for (int boxes = 0; boxes < 4; ++boxes) {
          const ClassBox box = random_box(random, problem, mode, narrow_range);
          fitted += check_members(random, evaluator, box, coarse(box));
        }
      },
      long_masked_case);
  CHECK((!counts_are_full() || fitted > 20'000));
}

/// Many tiles of a few arrays and L0 buffers each, on a machine on which little but matmuls takes
/// time: a bound of theirs that is too high shows.
SpaceCase matmul_case(std::uint64_t seed) {
  SpaceCase drawn = random_space(seed);
  Random random = Random::of(kSeed, 3, seed);
  Workload& w = drawn.workload;
  w.mask = Mask::kNone;
  w.window = 0;
  w.q_len = random.between(20, 300);
  w.kv_len = random.between(20, 600);
  keep_runnable(find_schedule(drawn.schedule), drawn.options.variant, w);
  Hardware& hw = drawn.hardware;
  hw.l1.capacity_bytes = std::int64_t{1} << 40U;
  hw.l0 = {4096 * random.between(1, 3), 4096 * random.between(1, 3), 8192 * random.between(1, 3),
           std::int64_t{1} << 40U};
  hw.matrix.startup_cycles = random.between(0, 200);
  hw.vector.lanes = 1 << 20;
  hw.dram.bandwidth_bytes_per_s = hw.clock_hz * 1000;
  hw.dram.latency_cycles = 0;
  return drawn;
}

TEST_CASE("CoarseBound never exceeds a candidate where matmuls take most of the time") {
  std::int64_t fitted = 0;
  const auto visit = [&](Random& random, const Problem& problem, Evaluator& evaluator,
                         const Mode& mode) {
    const CoarseBound coarse(problem);
    for (int boxes = 0; boxes < 4; ++boxes) {
      ClassBox box = random_box(random, problem, mode, narrow_range);
      fitted += check_members(random, evaluator, box, coarse(box));
      const Range rows = class_range(random, problem.shape.rows);
      box.low[1] = rows.low;
      box.high[1] = rows.high;
      fitted += check_members(random, evaluator, box, coarse(box));
    }
  };
  for_each_mode(counted(300), visit, matmul_case);
  CHECK((!counts_are_full() || fitted > 20'000));
}

TEST_CASE("Evaluator::lower_bound never exceeds a candidate under a mask on long axes") {
  for_each_mode(
      counted(150),
      [&](Random& random, const Problem& problem, Evaluator& evaluator, const Mode& mode) {
        const ClassBox box = random_box(random, problem, mode, class_range);
        check_members(random, evaluator, box, evaluator.lower_bound(box));
        // A bound that need not be tight is a bound all the same.
        check_members(random, evaluator, box, evaluator.lower_bound(box, 0));
      },
      long_masked_case);
}

/// Sizes of a class, as many as three.
Range few_of_class(Random& random, std::int64_t length) {
  const Range range = class_range(random, length);
  const std::int64_t low = random.between(range.low, range.high);
  return {low, std::min(range.high, low + random.between(0, 2))};
}

/// The same where loads of K and V matter, few of which all candidates of a wide box have alike.
SpaceCase masked_loads_case(std::uint64_t seed) {
  SpaceCase drawn = long_masked_case(seed);
  drawn.hardware.dram.bandwidth_bytes_per_s = std::max<std::int64_t>(1, drawn.hardware.clock_hz);
  return drawn;
}

TEST_CASE(
    "Evaluator::lower_bound never exceeds a candidate under a mask, in boxes of a few sizes") {
  std::int64_t fitted = 0;
  for_each_mode(
      counted(150),
      [&](Random& random, const Problem& problem, Evaluator& evaluator, const Mode& mode) {
        for (int boxes = 0; boxes < 4; ++boxes) {
          const ClassBox box = random_box(random, problem, mode, few_of_class);
          fitted += check_members(random, evaluator, box, evaluator.lower_bound(box));
        }
      },
      masked_loads_case);
  CHECK((!counts_are_full() || fitted > 20'000));
}

/// A space of flash3 under a mask in which everything fits.
SpaceCase masked_flash3(std::uint64_t seed) {
  SpaceCase drawn = random_space(seed);
  drawn.schedule = "flash3";
  drawn.options.variant = "two-stream";
  drawn.hardware.l1.capacity_bytes = std::int64_t{1} << 40;
  Workload& w = drawn.workload;
  w.q_len = std::min(w.q_len, w.kv_len);
  w.window = w.mask == Mask::kNone ? static_cast<std::int64_t>(seed % 5) : w.window;
  w.mask = Mask::kCausal;
  return drawn;
}

/// Checks the bounds of all ranges of sub-tiles within a class, where q_rows is `rows`.
void check_all_ranges(Evaluator& evaluator, const Mode& mode, std::int64_t rows) {
  const std::int64_t cols = evaluator.problem().shape.cols;
  for (std::int64_t low = 1; low <= cols; ++low) {
    std::int64_t least = std::numeric_limits<std::int64_t>::max();
    for (std::int64_t high = low; high <= cols && ceil_div(cols, high) == ceil_div(cols, low);
         ++high) {
      const Tiling tiling = tiling_of(mode, 1, rows, high);
      if (const auto candidate = evaluator.evaluate(tiling, Objective::kLatency)) {
        least = std::min(least, candidate->figures.cycles);
      }
      const auto bound = evaluator.lower_bound({mode, {1, rows, low}, {1, rows, high}});
      INFO("kv_cols from " << low << " "
                           << describe(evaluator.problem().hardware, evaluator.problem().workload,
                                       tiling));
      REQUIRE((!bound || bound->cycles <= least));
    }
  }
}

// Where a look-ahead counts steps, one step fewer may take longer (docs/search.md).
TEST_CASE("under a mask the bound of flash3 holds for classes with any number of steps a round") {
  for (std::int64_t i = 0; i < counted(200); ++i) {
    const SpaceCase drawn = masked_flash3(kSeed + static_cast<std::uint64_t>(i));
    Problem problem = make_problem(drawn.hardware, drawn.workload, find_schedule(drawn.schedule),
                                   drawn.options.variant);
    if (L0Tiles(drawn.hardware, problem.shape).misfit()) {
      continue;
    }
    Evaluator evaluator(problem);
    for (const Mode& mode : make_space(problem, "", TileSizes::kAll, {}).modes) {
      for (std::int64_t rows = 1; rows <= std::min<std::int64_t>(problem.shape.rows, 4); ++rows) {
        check_all_ranges(evaluator, mode, rows);
      }
    }
  }
}

}  // namespace
}  // namespace tilewright::test
