#include "test/support/random_space.h"

#include <algorithm>
#include <array>
#include <limits>

#include <fmt/format.h>

#include "costmodel/evaluator.h"
#include "search/objectives.h"
#include "test/support/random_case.h"

namespace tilewright::test {
namespace {

/// V in K, a bias; draws nothing from `random` itself, so that seeds stay what they were.
void draw_shape(const Random& random, Workload& w) {
  Random own(Random(random).next());
  if (own.chance(25)) {
    w.v_in_k = true;
    w.v_dim = own.between(1, w.qk_dim);
  }
  if (own.chance(25)) {
    w.bias_bytes = pick(own, std::array<std::int64_t, 3>{1, 2, 4});
  }
}

Workload small_workload(Random& random) {
  Workload w = random_workload(random);
  w.batch = 1;
  w.q_len = random.between(1, w.heads == w.kv_heads ? 24 : 8);
  w.kv_len = random.between(1, 24);
  keep_valid(w);
  draw_shape(random, w);
  return w;
}

/// Buffers of a few array tiles, so that speed and traffic may ask for different cuts.
void make_l0_scarce(Random& random, const ElementBytes& bytes, Hardware& hardware) {
  const ArraySides most = array_reach(hardware.matrix);
  L0Buffers& l0 = hardware.l0;
  l0.left_bytes = most.m * most.k * bytes.input * random.between(1, 6);
  l0.right_bytes = most.n * most.k * bytes.input * random.between(1, 6);
  l0.accumulator_bytes = most.m * most.n * bytes.accumulator * random.between(1, 4);
}

/// At most two axes and one mode factor are held.
Pins random_pins(Random& random, const Workload& workload, const ModeValues& values) {
  const Shape shape = shape_of(workload);
  Pins pins;
  if (random.chance(30)) {
    pins["q_rows"] = std::to_string(random.between(1, shape.rows));
  }
  if (random.chance(30)) {
    pins["kv_cols"] = std::to_string(random.between(1, shape.cols));
  }
  if (random.chance(30)) {
    pins["kv_resident"] = random.chance(50) ? "true" : "false";
  }
  if (random.chance(20) && values.buffers.front() == 1) {
    pins["buffers"] = "1";
  }
  return pins;
}

}  // namespace

std::string describe(const SpaceCase& c) {
  std::string pins;
  for (const auto& [name, value] : c.options.pins) {
    pins += fmt::format(" {}={}", name, value);
  }
  return fmt::format("seed {} {} {} objective {} tile sizes {} L1 {} pins{} | {}", c.seed,
                     c.schedule, c.options.variant, c.options.objective,
                     static_cast<int>(c.options.tile_sizes), c.hardware.l1.capacity_bytes, pins,
                     describe(c.hardware, c.workload, Tiling{}));
}

SpaceCase random_space(std::uint64_t seed) {
  Random random(seed);
  SpaceCase drawn;
  drawn.seed = seed;
  drawn.hardware = random_hardware(random);
  drawn.workload = small_workload(random);
  const Schedule& schedule = *pick(random, all_schedules());
  drawn.schedule = schedule.name();
  drawn.options.variant = pick(random, schedule.variants());
  keep_runnable(schedule, drawn.options.variant, drawn.workload);
  drawn.options.objective = pick(random, all_objectives()).name;
  drawn.options.tile_sizes = pick(
      random, std::array{TileSizes::kAll, TileSizes::kAll, TileSizes::kDivisors, TileSizes::kPow2});
  drawn.options.threads = 1;
  if (random.chance(30)) {
    make_l0_scarce(random, drawn.workload.bytes, drawn.hardware);
  }
  if (random.chance(75)) {
    const FootprintRange range = footprint_range(drawn);
    drawn.hardware.l1.capacity_bytes =
        random.log_between(std::max<std::int64_t>(1, range.least - range.least / 10), range.most);
  }
  if (random.chance(40)) {
    drawn.options.pins =
        random_pins(random, drawn.workload, schedule.searched(drawn.options.variant));
  }
  return drawn;
}

Tiling random_start(Random& random) {
  Tiling start;
  start.heads = random.between(1, 9);
  start.q_rows = random.between(1, 40);
  start.kv_cols = random.between(1, 40);
  start.kv_resident = random.chance(50);
  start.buffers = random.between(1, 3);
  start.lookahead = random.between(0, 4);
  start.overwrite = random.chance(20) ? Overwrite::kKey : Overwrite::kNone;
  start.core_split = random.chance(50) ? CoreSplit::kQuery : CoreSplit::kHeads;
  return start;
}

FootprintRange footprint_range(const SpaceCase& drawn) {
  const Schedule& schedule = find_schedule(drawn.schedule);
  Problem problem = make_problem(drawn.hardware, drawn.workload, schedule, drawn.options.variant);
  const DesignSpace space =
      make_space(problem, drawn.options.variant, TileSizes::kAll, drawn.options.pins);
  const Evaluator evaluator(problem);
  FootprintRange range{std::numeric_limits<std::int64_t>::max(), 1};
  const Shape& shape = problem.shape;
  for (const Mode& mode : space.modes) {
    const Tiling low = tiling_of(mode, 1, 1, 1);
    const Tiling high = tiling_of(mode, shape.pairs, shape.rows, shape.cols);
    if (is_legal(shape, low)) {
      range.least = std::min(range.least, evaluator.peak_footprint(low).bytes);
    }
    if (mode.overwrite == Overwrite::kNone) {
      range.most = std::max(range.most, evaluator.peak_footprint(high).bytes);
    }
  }
  range.most = std::max(range.most, range.least);
  return range;
}

}  // namespace tilewright::test
