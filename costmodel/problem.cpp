#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "common/error.h"
#include "costmodel/evaluator.h"
#include "schedules/expand_epochs.h"
#include "schedules/workload_yaml.h"

namespace tilewright {
namespace {

std::string_view pick_variant(const Schedule& schedule, std::string_view variant) {
  if (variant.empty()) {
    return schedule.variants().front();
  }
  for (const std::string_view known : schedule.variants()) {
    if (known == variant) {
      return known;
    }
  }
  throw InputError(fmt::format("schedule '{}' has no variant '{}', expected one of {}",
                               schedule.name(), variant, fmt::join(schedule.variants(), ", ")));
}

/// What online_work() takes.
Int128 online_energy(const Hardware& hardware, const Shape& shape, const OnlineWork& work) {
  const EnergyTable& e = hardware.energy;
  const MatrixUnit& array = hardware.matrix;
  // A cycle of a cell's other work is taken for one of its multiply-accumulates.
  const Int128 array_milli = work.array_scores * (array.max_millicycles + array.sub_millicycles +
                                                  array.exp_millicycles + array.sum_millicycles) +
                             work.array_masked * array.sub_millicycles;
  return work.operations * e.vector_op_fj + work.l1_bytes * e.l1_fj_per_byte +
         array_milli * e.mac_fj * shape.bytes.input / (2 * kMilli);
}

/// The figures of the worst tiling (one row, one column) must fit 64 bits, so that none overflows.
void check_magnitude(const Hardware& hw, const Workload& workload, const Shape& s, bool online) {
  constexpr std::int64_t kMostRows = (std::int64_t{1} << 31U) - 1;
  if (s.rows > kMostRows) {
    throw InputError(
        fmt::format("workload '{}' has {} query rows per key/value head (q_len x heads / "
                    "kv_heads), expected at "
                    "most {}",
                    workload.name, s.rows, kMostRows));
  }
  const auto real = [](std::int64_t value) { return static_cast<double>(value); };
  const double scores = real(s.pairs) * real(s.rows) * real(s.cols) * real(workload.repeat);
  const double dims = real(s.qk_dim) + real(s.v_dim);
  const double burst_cycles = real(hw.dram.burst_bytes + 8 * (s.qk_dim + s.v_dim + 3)) *
                              real(hw.clock_hz) * real(hw.cores) /
                              real(hw.dram.bandwidth_bytes_per_s);
  const double milli = real(pass_millicycles(hw.matrix, s.bytes.input)) / real(kMilli);
  const double matmul = dims * (milli + 1) + dims * real(hw.matrix.startup_cycles) +
                        32 * dims / real(hw.l0.bandwidth_bytes_per_cycle);
  const VectorUnit& unit = hw.vector;
  const double element = real(unit.max_millicycles + unit.sub_millicycles + unit.exp_millicycles +
                              2 * unit.sum_millicycles + unit.div_millicycles +
                              unit.cast_millicycles + softcap_millicycles(unit)) /
                         kMilli;
  const double vector = real(unit.startup_cycles + 2 * unit.reduction_latency_cycles) + element + 1;
  // Beside the softmax of every element, the state of its row and O (in epochs on the array, too);
  // of a split of keys and values, a part of O and its merge.
  const double scale =
      real(2 * unit.mul_millicycles + unit.sum_millicycles + unit.div_millicycles) / kMilli;
  const double array = real(hw.matrix.max_millicycles + hw.matrix.sub_millicycles +
                            hw.matrix.exp_millicycles + hw.matrix.sum_millicycles) /
                       kMilli;
  const double adjust =
      online ? real(4 * unit.startup_cycles) + 2 * element + (dims + 2) * (scale + 1) + array : 0;
  const double transfers =
      9 * (burst_cycles + real(hw.dram.setup_cycles + hw.dram.latency_cycles) + 1);
  const double cycles = scores * (matmul + vector + adjust + transfers) + real(hw.launch_cycles);
  // Both operands, and partial sums read and written, for every element of the reduction.
  const double bytes =
      scores * ((dims + 1) * real(s.bytes.input + s.bytes.kv + 4 * s.bytes.accumulator) +
                real(s.bias_bytes));
  // One operation on all rows of a pair is counted in thousandths.
  const double parts = online ? real(std::min(hw.cores, s.cols)) : 0;
  const double widest =
      (real(s.rows) * (real(s.cols) + dims) + parts * dims) * (element + scale + array) * kMilli;
  constexpr double kLimit = 4.6e18;  // 2^62
  if (cycles > kLimit || bytes > kLimit || widest > kLimit) {
    throw InputError(fmt::format(
        "workload '{}' is too large for '{}': tiles of one element would take about {:.1e} cycles "
        "and move {:.1e} bytes, expected at most {:.1e}",
        workload.name, hw.name, cycles, bytes, kLimit));
  }
}

/// Whether the array can do what is done with single scores, and has room for two arrays full.
bool keeps_scores(const Hardware& hardware, const Shape& shape) {
  const MatrixUnit& unit = hardware.matrix;
  return unit.does_elements() &&
         2 * unit.rows * unit.cols * shape.bytes.accumulator <= hardware.l0.accumulator_bytes;
}

/// Where the schedule can split keys and values.
void add_merges(Problem& problem) {
  Tiling tiling;
  tiling.core_split = CoreSplit::kKeyValue;
  const PhasePlan& last = problem.plans.of(tiling).phases().back();
  if (!last.merges) {
    return;
  }
  problem.merges = MergeCosts(problem.hardware, problem.shape, problem.layout, last);
  for (std::int64_t parts = 1; parts <= problem.layout.cores; ++parts) {
    problem.parts_fj.push_back(
        online_energy(problem.hardware, problem.shape, parts_work(problem.shape, parts)));
  }
}

}  // namespace

Plans::Plans(const Schedule& schedule, const Shape& shape, std::string_view variant, bool array) {
  const auto make = [&](const Mode& mode) {
    Plan& plan = plans_[index_of(tiling_of(mode, 1, 1, 1))];
    plan = schedule.plan(shape, mode, variant);
    for (PhasePlan& phase : plan.phase_table) {
      phase.on_array = phase.on_array && array;
    }
  };
  for (const bool kv_resident : {false, true}) {
    for (std::int64_t buffers = 1; buffers <= kMaxBuffers; ++buffers) {
      for (std::int64_t lookahead = 0; lookahead <= kMaxLookahead; ++lookahead) {
        for (const Overwrite overwrite : {Overwrite::kNone, Overwrite::kKey, Overwrite::kValue}) {
          make({kv_resident, buffers, lookahead, overwrite, CoreSplit::kHeads});
        }
        make({kv_resident, buffers, lookahead, Overwrite::kNone, CoreSplit::kKeyValue});
      }
    }
  }
}

Problem make_problem(const Hardware& hardware, const Workload& workload, const Schedule& schedule,
                     std::string_view variant) {
  check_workload(workload);
  const std::string_view chosen = pick_variant(schedule, variant);
  if (const auto reason = refusal(schedule, workload, chosen)) {
    throw InputError(fmt::format("workload '{}': {}", workload.name, *reason));
  }
  if (pass_millicycles(hardware.matrix, workload.bytes.input) == 0) {
    throw InputError(fmt::format(
        "workload '{}' has {}-byte inputs, but '{}' has no matrix.cycles_per_pass for them",
        workload.name, workload.bytes.input, hardware.name));
  }
  const Shape shape = shape_of(workload);
  const Plans plans(schedule, shape, chosen, keeps_scores(hardware, shape));
  const PhasePlan& first = plans.any().phase_table.front();
  check_magnitude(hardware, workload, shape, first.online);
  Problem problem{hardware,
                  workload,
                  shape,
                  {hardware.cores, hardware.l1.shared},
                  schedule,
                  is_serial(chosen),
                  {},
                  {},
                  compute_energy(hardware, shape,
                                 static_cast<Int128>(shape.pairs) * shape.rows * shape.cols, 0),
                  plans,
                  Divisor(static_cast<std::uint64_t>(hardware.l1.alignment_bytes)),
                  std::make_shared<L0Table>()};
  if (first.online) {
    const auto energy = [&](std::int64_t sub_tiles) {
      return online_energy(hardware, shape, online_work(shape, first, sub_tiles));
    };
    problem.online_fj = energy(0);
    problem.sub_tile_fj = energy(1) - problem.online_fj;
    add_merges(problem);
  }
  return problem;
}

Int128 compute_energy(const Hardware& hardware, const Shape& shape, Int128 scores, Int128 masked) {
  const EnergyTable& e = hardware.energy;
  const Int128 macs = scores * (shape.qk_dim + shape.v_dim);
  const Int128 vector = scores * VectorCost(hardware, shape).operations_per_element() + masked;
  return macs * e.mac_fj * shape.bytes.input / 2 + vector * e.vector_op_fj +
         scores * (shape.bytes.score + shape.bytes.input + shape.bias_bytes) * e.l1_fj_per_byte;
}

Int128 masked_energy(const Problem& problem, const LayerWork& work) {
  const Int128 energy = compute_energy(problem.hardware, problem.shape, work.scores, work.masked);
  if (!problem.online()) {
    return energy;
  }
  const PhasePlan& phase = problem.plans.any().phase_table.front();
  return energy +
         online_energy(problem.hardware, problem.shape, online_work(problem.shape, phase, work));
}

Int128 layer_compute_energy(const Problem& problem, const Sizes& sizes) {
  if (problem.shape.mask.causal) {
    const Int128 pairs = problem.shape.pairs;
    const VisibleSums& visible = sizes.visible;
    return masked_energy(
        problem, {pairs * visible.scores, pairs * visible.masked, pairs * visible.row_visits});
  }
  return unmasked_energy(problem, sizes.tiling.core_split, sizes.active, sizes.counts.sub_tiles);
}

Int128 unmasked_energy(const Problem& problem, CoreSplit split, std::int64_t active,
                       std::int64_t sub_tiles) {
  return problem.fixed_fj + problem.online_fj + problem.sub_tile_fj * sub_tiles +
         parts_energy(problem, split, active);
}

Int128 parts_energy(const Problem& problem, CoreSplit split, std::int64_t active) {
  return split == CoreSplit::kKeyValue ? problem.parts_fj[static_cast<std::size_t>(active - 1)] : 0;
}

Figures total_figures(const Problem& problem, Int128 compute_fj, std::int64_t layer_cycles,
                      std::int64_t dram_bytes, std::int64_t l0_bytes, std::int64_t peak) {
  const EnergyTable& e = problem.hardware.energy;
  const std::int64_t repeat = problem.workload.repeat;
  Figures f;
  f.cycles = problem.hardware.launch_cycles + repeat * layer_cycles;
  f.traffic_bytes = repeat * dram_bytes;
  f.l1_peak_bytes = peak;
  const Int128 layer = compute_fj +
                       static_cast<Int128>(dram_bytes) * (e.dram_fj_per_byte + e.l1_fj_per_byte) +
                       static_cast<Int128>(l0_bytes) * (e.l1_fj_per_byte + e.l0_fj_per_byte);
  f.energy_fj = layer * repeat + static_cast<Int128>(f.cycles) * e.static_fj_per_cycle;
  return f;
}

}  // namespace tilewright
