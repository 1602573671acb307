#include "random_case.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "common/math.h"
#include "schedules/visible.h"

namespace tilewright::test {

namespace {

/// What arrays may have beside multiply-accumulates; draws nothing from `random` itself, so that
/// seeds stay what they were.
void draw_array(const Random& random, MatrixUnit& matrix) {
  Random own(Random(random).next());
  matrix.qk_spatial = own.chance(85) ? Spatial::kOutput : Spatial::kLeft;
  matrix.pv_spatial = own.chance(70) ? Spatial::kOutput : Spatial::kLeft;
  if (own.chance(40)) {
    for (std::int64_t* cost : {&matrix.max_millicycles, &matrix.sub_millicycles,
                               &matrix.exp_millicycles, &matrix.sum_millicycles}) {
      *cost = own.chance(50) ? 1000 : own.between(100, 6000);
    }
  }
}

}  // namespace

ArraySides array_reach(const MatrixUnit& unit) {
  const ArraySides qk = array_sides(unit, MatmulKind::kQK);
  const ArraySides pv = array_sides(unit, MatmulKind::kPV);
  return {std::max(qk.m, pv.m), std::max(qk.n, pv.n), std::max(qk.k, pv.k)};
}

void keep_on_array(const Workload& workload, const Tiling& tiling, Hardware& hardware) {
  MatrixUnit& unit = hardware.matrix;
  const std::int64_t rows = std::min(tiling.q_rows, unit.rows);
  if (2 * rows * tiling.kv_cols * workload.bytes.accumulator > hardware.l0.accumulator_bytes) {
    unit.max_millicycles = unit.sub_millicycles = unit.exp_millicycles = unit.sum_millicycles = 0;
  }
}

Hardware random_hardware(Random& random) {
  Hardware hw;
  hw.name = "random";
  hw.clock_hz = random.between(1, 40) * 100'000'000;
  hw.cores = random.chance(40) ? 1 : random.between(2, 5);
  hw.launch_cycles = random.chance(50) ? 0 : random.between(1, 5000);
  hw.matrix.rows = random.log_between(1, 32);
  hw.matrix.cols = random.log_between(1, 32);
  hw.matrix.depth = random.chance(70) ? 1 : random.log_between(1, 16);
  hw.matrix.startup_cycles = random.chance(30) ? 0 : random.between(1, 40);
  hw.matrix.output_stationary = random.chance(60);
  hw.matrix.left_stationary = random.chance(40);
  hw.matrix.right_stationary = random.chance(40);
  if (!hw.matrix.left_stationary && !hw.matrix.right_stationary) {
    hw.matrix.output_stationary = true;
  }
  hw.matrix.pass_millicycles = {500, random.chance(70) ? 1000 : random.between(300, 3000), 4000};
  hw.vector.lanes = random.log_between(1, 256);
  hw.vector.startup_cycles = random.chance(40) ? 0 : random.between(1, 30);
  hw.vector.reduction_latency_cycles = random.chance(40) ? 0 : random.between(1, 30);
  for (std::int64_t* cost :
       {&hw.vector.max_millicycles, &hw.vector.sub_millicycles, &hw.vector.exp_millicycles,
        &hw.vector.sum_millicycles, &hw.vector.div_millicycles, &hw.vector.mul_millicycles,
        &hw.vector.cast_millicycles}) {
    *cost = random.chance(60) ? 1000 : random.between(100, 6000);
  }
  hw.l0.left_bytes = random.log_between(4096, 1 << 18);
  hw.l0.right_bytes = random.log_between(4096, 1 << 18);
  hw.l0.accumulator_bytes = random.log_between(8192, 1 << 18);
  hw.l0.bandwidth_bytes_per_cycle = random.log_between(4, 1024);
  hw.l1.capacity_bytes = std::int64_t{1} << 40;
  hw.l1.shared = random.chance(50);
  hw.l1.alignment_bytes = random.chance(50) ? 1 : std::int64_t{1} << random.between(1, 7);
  hw.dram.bandwidth_bytes_per_s = random.log_between(1, 2000) * 100'000'000;
  hw.dram.latency_cycles = random.chance(35) ? 0 : random.log_between(1, 2000);
  hw.dram.burst_bytes = random.chance(50) ? 1 : std::int64_t{1} << random.between(1, 8);
  hw.dram.setup_cycles = random.chance(50) ? 0 : random.log_between(1, 200);
  hw.dram.shared_channel = random.chance(50);
  hw.energy = {random.between(0, 2000), random.between(0, 2000),  random.between(0, 200),
               random.between(0, 2000), random.between(0, 40000), random.between(0, 100000)};
  draw_array(random, hw.matrix);
  return hw;
}

void make_l0_scarce(Random& random, std::int64_t input_bytes, Hardware& hw) {
  hw.matrix.rows = random.between(1, 4);
  hw.matrix.cols = random.between(1, 4);
  hw.matrix.depth = random.between(1, 4);
  const ArraySides most = array_reach(hw.matrix);
  hw.l0.left_bytes = most.m * most.k * input_bytes * random.between(1, 8);
  hw.l0.right_bytes = most.n * most.k * input_bytes * random.between(1, 8);
  hw.l0.accumulator_bytes = most.m * most.n * 4 * random.between(1, 6);
  hw.l0.bandwidth_bytes_per_cycle = random.log_between(1, 64);
}

Workload random_workload(Random& random) {
  Workload w;
  w.name = "random";
  w.batch = random.chance(60) ? 1 : random.between(2, 3);
  w.kv_heads = random.between(1, 5);
  w.heads = w.kv_heads * (random.chance(70) ? 1 : random.between(2, 3));
  w.q_len = random.log_between(1, 60);
  w.kv_len = random.log_between(1, 60);
  w.qk_dim = random.log_between(1, 40);
  w.v_dim = random.chance(50) ? w.qk_dim : random.log_between(1, 40);
  w.bytes.input =
      std::array<std::int64_t, 3>{1, 2, 4}[static_cast<std::size_t>(random.between(0, 2))];
  w.bytes.kv = w.bytes.input / (random.chance(70) ? 1 : random.between(1, w.bytes.input));
  w.bytes.score = random.chance(50) ? w.bytes.input : 4;
  w.bytes.accumulator = 4;
  w.softcap = random.chance(15);
  if (random.chance(35)) {
    w.mask = Mask::kCausal;
    w.q_len = std::min(w.q_len, w.kv_len);
    w.window = random.chance(50) ? 0 : random.between(1, w.kv_len + 2);
  }
  w.repeat = random.chance(60) ? 1 : random.between(2, 30);
  return w;
}

void make_family(Random& random, Family family, Workload& w) {
  switch (family) {
    case Family::kSelf:
      w.mask = Mask::kNone;
      w.kv_heads = w.heads;
      w.kv_len = w.q_len;
      break;
    case Family::kGrouped:
      w.kv_heads = random.between(1, 3);
      w.heads = w.kv_heads * random.between(2, 5);
      break;
    case Family::kCross:
      w.mask = Mask::kNone;
      w.kv_len = w.q_len + random.between(1, 40);
      std::swap(w.q_len, random.chance(50) ? w.kv_len : w.q_len);
      break;
    case Family::kDecode:
      w.q_len = random.between(1, 4);
      w.kv_len = random.log_between(w.q_len, 300);
      break;
    case Family::kCausal:
    case Family::kWindow:
      w.mask = Mask::kCausal;
      w.q_len = std::min(w.q_len, w.kv_len);
      w.window = family == Family::kWindow ? random.between(1, w.kv_len) : 0;
      break;
    case Family::kLatent:
      w.kv_heads = 1;
      w.heads = random.between(2, 8);
      w.qk_dim = w.v_dim + random.between(1, 10);
      break;
    case Family::kLatentDecode:
      w.kv_heads = random.between(1, 2);
      w.heads = w.kv_heads * random.between(1, 8);
      w.qk_dim = w.v_dim + random.between(0, 10);
      w.v_in_k = true;
      if (random.chance(60)) {
        w.q_len = random.between(1, 3);
        w.kv_len = random.log_between(w.q_len, 100);
      }
      break;
    case Family::kBias:
      w.bias_bytes = pick(random, std::array<std::int64_t, 3>{1, 2, 4});
      if (random.chance(20)) {
        w.v_dim = random.between(1, w.qk_dim);
        w.v_in_k = true;
      }
      break;
    case Family::kInt8:
      w.bytes.kv = 1;
      w.bytes.input = random.chance(50) ? 1 : w.bytes.input;
      break;
  }
  w.window = w.mask == Mask::kNone ? 0 : w.window;
  keep_valid(w);
}

std::int64_t mask_cycles(const Hardware& hardware, const Workload& workload, const Tiling& tiling,
                         bool online) {
  const Shape shape = shape_of(workload);
  std::int64_t cycles = 0;
  const auto add = [&](std::int64_t scores) {
    const std::int64_t vectors = ceil_div(scores, hardware.vector.lanes);
    cycles += ceil_div(vectors * hardware.vector.sub_millicycles, kMilli);
  };
  for (std::int64_t first = 0; first < shape.rows; first += tiling.q_rows) {
    const std::int64_t rows = std::min(tiling.q_rows, shape.rows - first);
    const Visible seen = visible_to(shape, tiling, first, rows);
    if (!online) {
      add(rows * seen.masked_cols);
      continue;
    }
    for (std::int64_t j = seen.first; j < seen.end(); ++j) {
      const std::int64_t cols = std::min(tiling.kv_cols, shape.cols - j * tiling.kv_cols);
      add(seen.masks(j) ? rows * cols : 0);
    }
  }
  return workload.repeat * shape.pairs * cycles;
}

void keep_runnable(const Schedule& schedule, std::string_view variant, Workload& workload) {
  if (schedule.refuses(workload, variant)) {
    workload.mask = Mask::kNone;
    workload.window = 0;
  }
}

void keep_valid(Workload& workload) {
  if (workload.q_len > workload.kv_len) {
    workload.mask = Mask::kNone;
    workload.window = 0;
  }
}

namespace {

/// Also on one core. Draws nothing from `random` itself, so that seeds stay what they were.
bool draws_split_keys(const Random& random, const ModeValues& values, const Shape& shape) {
  const auto& splits = values.core_split;
  const bool has = std::find(splits.begin(), splits.end(), CoreSplit::kKeyValue) != splits.end();
  return has && !shape.mask.causal && Random(Random(random).next()).chance(40);
}

}  // namespace

std::optional<Tiling> random_tiling(Random& random, const Schedule& schedule,
                                    std::string_view variant, const Shape& shape,
                                    const CoreLayout& layout) {
  const ModeValues values = schedule.legal(variant);
  Tiling t;
  t.heads = random.log_between(1, shape.pairs);
  t.q_rows = random.log_between(1, shape.rows);
  t.kv_cols = random.log_between(1, shape.cols);
  t.kv_resident = random.chance(50);
  t.buffers = pick(random, values.buffers);
  t.lookahead = pick(random, values.lookahead);
  t.overwrite = pick(random, values.overwrite);
  t.core_split = layout.cores > 1 && random.chance(50) ? CoreSplit::kQuery : CoreSplit::kHeads;
  if (draws_split_keys(random, values, shape)) {
    t.core_split = CoreSplit::kKeyValue;
  }
  if (t.overwrite != Overwrite::kNone) {
    t.heads = 1;
    t.kv_resident = true;
    t.lookahead = 1;
  }
  return is_legal(shape, t) ? std::optional(t) : std::nullopt;
}

std::string describe(const Hardware& hw, const Workload& w, const Tiling& t) {
  return fmt::format(
      "cores {} shared L1 {} shared channel {} latency {} | batch {} heads {}/{} M {} N {} E {} F "
      "{} "
      "bytes {}/{}/{} softcap {} causal {} window {} V in K {} bias {} | heads={} q_rows={} "
      "kv_cols={} "
      "kv_resident={} buffers={} lookahead={} "
      "overwrite={} core_split={}",
      hw.cores, hw.l1.shared, hw.dram.shared_channel, hw.dram.latency_cycles, w.batch, w.heads,
      w.kv_heads, w.q_len, w.kv_len, w.qk_dim, w.v_dim, w.bytes.input, w.bytes.kv, w.bytes.score,
      w.softcap, w.mask == Mask::kCausal, w.window, w.v_in_k, w.bias_bytes, t.heads, t.q_rows,
      t.kv_cols, t.kv_resident, t.buffers, t.lookahead, static_cast<int>(t.overwrite),
      static_cast<int>(t.core_split));
}

}  // namespace tilewright::test
