#include "replay/replay.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "common/error.h"
#include "replay/attention.h"
#include "replay/machine.h"
#include "replay/prediction.h"
#include "schedules/expand_epochs.h"
#include "search/objectives.h"

namespace tilewright {
namespace {

/// Every row of O must have been stored once.
void check_output(const DramTensors& dram, std::int64_t pairs, Violations& violations) {
  const DramTensor& output = dram.of(Operand::kO);
  for (std::int64_t pair = 0; pair < pairs; ++pair) {
    for (std::int64_t row = 0; row < output.rows(); ++row) {
      const int stores = output.stores(pair, row);
      if (stores != 1) {
        violations.add({"end of the program", "DRAM",
                        fmt::format("O of pair {}, row {}", pair, row),
                        fmt::format("was stored {} times, expected once", stores)});
      }
    }
  }
}

/// |a - b|; infinite if one is no number, which every comparison would let pass.
double difference(double a, double b) {
  const double distance = std::abs(a - b);
  return std::isfinite(distance) ? distance : std::numeric_limits<double>::infinity();
}

NumericError compare(const Problem& problem, const Tiling& tiling, const Elements& elements,
                     const DramTensors& dram) {
  NumericError error;
  const DramTensor& output = dram.of(Operand::kO);
  std::vector<float> found(static_cast<std::size_t>(output.cols()));
  const auto take = [&](std::int64_t row, std::span<const double> expected) {
    output.read_row(row / output.rows(), row % output.rows(), found);
    for (std::size_t i = 0; i < found.size(); ++i) {
      error.absolute = std::max(error.absolute, difference(found[i], expected[i]));
    }
  };
  const AttentionScale scale = attention(problem.workload, dram, take);
  error.output_scale = scale.output;
  error.relative = error.absolute / scale.output;
  error.bound = error_bound(problem, elements, tiling, scale);
  return error;
}

/// What was moved beside what was predicted; also of an operand that should not have moved.
std::vector<OperandTraffic> traffic_of(const Problem& problem, const Tiling& tiling,
                                       const MovedBytes& moved) {
  std::vector<OperandTraffic> list;
  for (OperandTraffic& traffic : predicted_traffic(problem, tiling)) {
    const auto index = static_cast<std::size_t>(traffic.operand);
    traffic.loaded = moved.loaded[index];
    traffic.stored = moved.stored[index];
    if (traffic.loaded + traffic.stored > 0 || !traffic.as_predicted()) {
      list.push_back(traffic);
    }
  }
  return list;
}

MemoryUse memory_of(const Problem& problem, const Tiling& tiling, const ReplayPlan& plan) {
  MemoryUse use;
  use.arenas = static_cast<std::int64_t>(plan.l1_count);
  use.capacity_bytes = problem.hardware.l1.capacity_bytes;
  use.predicted_bytes = Evaluator(problem).peak_footprint(tiling).bytes;
  for (std::size_t i = 0; i < plan.l1_count; ++i) {
    use.peak_bytes = std::max(use.peak_bytes, plan.arenas[i].peak());
  }
  return use;
}

/// The per-operand predictions must add up to the model's own total.
void check_total(const ReplayReport& report, std::int64_t total, Violations& violations) {
  std::int64_t predicted = 0;
  for (const OperandTraffic& traffic : report.traffic) {
    predicted += traffic.loaded_predicted + traffic.stored_predicted;
  }
  if (predicted != total) {
    violations.add({"cost model", "DRAM", "all operands",
                    fmt::format("has {} bytes in total, {} operand by operand", total, predicted)});
  }
}

}  // namespace

bool ReplayReport::traffic_as_predicted() const {
  return std::all_of(traffic.begin(), traffic.end(),
                     [](const OperandTraffic& one) { return one.as_predicted(); });
}

bool ReplayReport::passed() const {
  return violations.count == 0 && error.within_bound() && traffic_as_predicted() &&
         memory.fragmentation_bytes() == 0;
}

namespace {

/// A memory for each array, as large as what is said to be in it.
void add_arrays(const Problem& problem, const Sizes& sizes, const PhasePlan& phase,
                ReplayPlan& plan) {
  const Tiling& tiling = sizes.tiling;
  const ElementBytes& bytes = problem.shape.bytes;
  const SlotKind scores{
      Operand::kS,
      tiling.heads * tiling.q_rows * tiling.kv_cols * std::max(bytes.score, bytes.input),
      epoch_score_slots(phase), sizes.active};
  for (std::int64_t core = 0; core < sizes.active; ++core) {
    plan.arenas.emplace_back(scores.slot_bytes * scores.slots, 1);
  }
  plan.slots.back().place_in_arrays(scores, plan.l1_count, plan.arenas);
}

}  // namespace

ReplayPlan make_replay_plan(Evaluator& evaluator, const Tiling& tiling, Objective objective) {
  const Problem& problem = evaluator.problem();
  const Sizes sizes = sizes_of(problem.shape, tiling, problem.layout);
  const L1Memory& l1 = problem.hardware.l1;
  const auto phases = problem.plans.of(tiling).phases();
  const std::int64_t cores =
      phases.back().merges ? std::max(sizes.active, merging_cores(problem.shape, problem.layout))
                           : sizes.active;
  const std::int64_t arenas = l1.shared ? 1 : cores;
  ReplayPlan plan;
  plan.l1_count = static_cast<std::size_t>(arenas);
  plan.arenas.assign(plan.l1_count, OffsetAllocator(l1.capacity_bytes, l1.alignment_bytes));
  for (const PhasePlan& phase : phases) {
    for (OffsetAllocator& arena : plan.arenas) {
      arena.release_all();
    }
    const Footprint slots =
        footprint(problem.shape, sizes, problem.layout, problem.alignment, phase);
    plan.slots.emplace_back(problem, slots, plan.arenas);
    if (phase.on_array) {
      add_arrays(problem, sizes, phase, plan);
    }
  }
  plan.steps = record_program(evaluator, tiling, objective);
  return plan;
}

ReplayReport execute(const Problem& problem, const Tiling& tiling, const ReplayPlan& plan,
                     const ReplayOptions& options) {
  ReplayReport report;
  const Elements elements = elements_of(problem.workload, options.type);
  const std::int64_t parts =
      active_cores(count_tiles(problem.shape, tiling), tiling.core_split, problem.layout);
  DramTensors dram(problem.shape, elements, problem.plans.of(tiling).phases(), parts, options.seed);
  LocalMemory memory(plan.arenas, elements.scale, report.violations);
  Machine machine(problem, tiling, elements, dram, memory, report.violations);
  std::size_t phases = 0;
  for (const Step& step : plan.steps) {
    while (phases <= step.phase) {
      memory.enter_phase(plan.slots[phases++]);
    }
    machine.execute(step);
  }
  check_output(dram, problem.shape.pairs, report.violations);
  report.type = options.type;
  report.seed = options.seed;
  report.operations = static_cast<std::int64_t>(plan.steps.size());
  report.reloaded_sub_tiles = machine.reloaded();
  report.macs = machine.macs();
  report.traffic = traffic_of(problem, tiling, machine.moved());
  report.memory = memory_of(problem, tiling, plan);
  report.error = compare(problem, tiling, elements, dram);
  return report;
}

ReplayReport replay(const Hardware& hardware, const Workload& workload, const Result& result,
                    const ReplayOptions& options) {
  if (!result.tiling) {
    throw InputError("there is no tiling to replay");
  }
  const Tiling& tiling = *result.tiling;
  const Schedule& schedule = find_schedule(result.schedule);
  const Problem whole = make_problem(hardware, workload, schedule, result.variant);
  const ReplaySample sample =
      sample_of(workload, tiling, whole.layout, whole.plans.of(tiling).phases(), options.budget);
  Problem problem = make_problem(hardware, sample.workload, schedule, result.variant);
  problem.pinned_qk = tiling.l0_qk;
  problem.pinned_pv = tiling.l0_pv;
  Evaluator evaluator(problem);
  const Objective objective = find_objective(result.l0_objective);
  ReplayReport report =
      execute(problem, tiling, make_replay_plan(evaluator, tiling, objective), options);
  const auto candidate = evaluator.evaluate(tiling, objective);
  check_total(report, candidate->figures.traffic_bytes / problem.workload.repeat,
              report.violations);
  report.memory.predicted_bytes = result.cost.l1_peak_bytes;
  report.extent = sample.extent;
  report.hw = hardware.name;
  report.workload = workload.name;
  report.schedule = result.schedule;
  report.variant = result.variant;
  return report;
}

}  // namespace tilewright
