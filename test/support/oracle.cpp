#include "test/support/oracle.h"

#include <algorithm>
#include <array>
#include <tuple>

#include <fmt/format.h>

#include "costmodel/details.h"
#include "costmodel/reference.h"
#include "test/support/random_case.h"
#include "test/support/simulation.h"

namespace tilewright::test {
namespace {

constexpr double kMostOperations = 2500;
constexpr double kMostBalancedOperations = 25'000;
constexpr std::array kObjectives{Objective::kLatency, Objective::kEnergy, Objective::kEdp,
                                 Objective::kTraffic};

Problem problem_of(const OracleCase& drawn) {
  return make_problem(drawn.hardware, drawn.workload, *drawn.schedule, drawn.variant);
}

/// Queues that drift apart settle into a period of a few rounds, whose length divides this.
constexpr std::int64_t kPeriod = 12;

/// One phase on the busiest core, with any number of rounds.
class PhaseProbe {
 public:
  PhaseProbe(const OracleCase& drawn, std::size_t phase) {
    const Problem problem = problem_of(drawn);
    Evaluator evaluator(problem);
    const auto costs = evaluator.operation_costs(drawn.tiling, drawn.objective);
    const Plan& plan = problem.plans.of(drawn.tiling);
    const CoreRounds rounds =
        deal_rounds(count_tiles(problem.shape, drawn.tiling), drawn.tiling, problem.layout, 0);
    times_ = evaluator.phase_times(drawn.tiling, costs, plan.phases()[phase], rounds);
    times_.full_groups = 1;
    times_.edge_heads = 0;
    length_ = watches_steps(problem, drawn.tiling) ? &times_.sub_tiles : &times_.positions;
  }
  PhaseProbe(const PhaseProbe&) = delete;
  PhaseProbe& operator=(const PhaseProbe&) = delete;

  /// Rounds of the group; where steps are watched, steps of a round.
  std::int64_t length() const { return *length_; }

  /// What kPeriod more rounds add to the makespan of `length` rounds.
  std::int64_t growth(std::int64_t length) {
    *length_ = length;
    const std::int64_t from = phase_makespan(times_);
    *length_ = length + kPeriod;
    return phase_makespan(times_) - from;
  }

 private:
  PhaseTimes times_;
  std::int64_t* length_ = nullptr;
};

/// But for a merge, whose rounds do not depend on the tiling.
std::size_t phases_of(const OracleCase& drawn) {
  const Problem problem = problem_of(drawn);
  const Plan& plan = problem.plans.of(drawn.tiling);
  return plan.phase_count - (plan.phases().back().merges ? 1 : 0);
}

/// Many query tiles over few keys: thousands of rounds. With an online softmax perhaps the other
/// way round: thousands of steps.
void make_long(Random& random, const Schedule& schedule, Workload& workload) {
  workload.q_len = random.log_between(500, 6000);
  workload.kv_len = random.between(1, 8);
  const Plan plan = schedule.plan(shape_of(workload), {}, schedule.variants().front());
  if (plan.phases().front().online && random.chance(50)) {
    std::swap(workload.q_len, workload.kv_len);
  }
  keep_valid(workload);
}

/// Where a schedule has several phases, two slots tie neighbouring queues together: the lag between
/// them moves by no more than what their operations differ. It has most room with several heads a
/// round, uneven sub-tiles that are streamed, and stores that do not share a channel with loads:
/// one such draw in forty drifts for more than 100 rounds, of others one in a thousand. False if
/// there is only one head or column.
bool make_uneven(Random& random, const Shape& shape, OracleCase& drawn) {
  if (shape.pairs == 1 || shape.cols == 1) {
    return false;
  }
  Tiling& t = drawn.tiling;
  t.heads = std::min(shape.pairs, random.between(2, 4));
  t.kv_cols = random.between(1, shape.cols - 1);
  t.kv_resident = false;
  t.buffers = 2;
  drawn.hardware.dram.shared_channel = false;
  return true;
}

/// Makes the load queue and another one nearly equally busy. First a bandwidth at which a round's
/// loads take thousands of cycles; then the largest start-up of the vector or matrix unit that does
/// not slow the steady state down, give or take a few cycles. The lag between two such queues
/// closes by those few cycles a round. False if the start-up binds from the first cycle on.
bool balance(Random& random, OracleCase& drawn) {
  const Tiling& t = drawn.tiling;
  Hardware& hw = drawn.hardware;
  const std::size_t count = phases_of(drawn);
  const Workload& w = drawn.workload;
  // A round's (or step's) loads; of several phases, those of the one with the softmax.
  const std::int64_t cols = watches_steps(problem_of(drawn), t) ? t.kv_cols : w.kv_len;
  const std::int64_t elements = count == 1 ? (t.q_rows + cols) * w.qk_dim : t.q_rows * w.kv_len;
  const std::int64_t bytes = t.heads * elements * w.bytes.input;
  const std::int64_t wanted =
      count == 1 ? random.log_between(1000, 20'000) : random.log_between(5000, 100'000);
  hw.dram.bandwidth_bytes_per_s =
      std::max<std::int64_t>(1, bytes * (hw.clock_hz / wanted) * hw.cores);
  hw.dram.latency_cycles = random.chance(50) ? 0 : random.log_between(1, wanted);
  // Of several phases mostly those with the matmuls: they have sub-tiles.
  const std::size_t phase =
      count == 1 ? 0 : (random.chance(10) ? 1 : static_cast<std::size_t>(random.between(0, 1)) * 2);
  const bool vector = count == 1 ? random.chance(80) : phase == 1;
  std::int64_t& startup = vector ? hw.vector.startup_cycles : hw.matrix.startup_cycles;
  const auto steady = [&](std::int64_t cycles) {
    constexpr std::int64_t kFar = 1 << 13;
    startup = cycles;
    return PhaseProbe(drawn, phase).growth(kFar);
  };
  const std::int64_t least = steady(0);
  std::int64_t free = 0;
  std::int64_t binding = 1 << 20;
  while (binding - free > 1) {
    const std::int64_t middle = free + (binding - free) / 2;
    (steady(middle) == least ? free : binding) = middle;
  }
  startup = std::max<std::int64_t>(0, free + pick(random, std::array{-3, -2, -1, -1, 0, 1, 1, 2}));
  return free > 0;
}

/// Gives a case with many rounds two queues that are nearly balanced; false if it cannot.
bool make_balanced(Random& random, const Shape& shape, OracleCase& drawn) {
  const bool steps = drawn.workload.kv_len > drawn.workload.q_len;
  std::int64_t& size = steps ? drawn.tiling.kv_cols : drawn.tiling.q_rows;
  size = std::min<std::int64_t>(size, 4);
  if (!is_legal(shape, drawn.tiling)) {
    return false;
  }
  if (is_serial(drawn.variant)) {
    return true;
  }
  const bool uneven = phases_of(drawn) > 1 && random.chance(90);
  return (!uneven || make_uneven(random, shape, drawn)) && balance(random, drawn);
}

/// Elementary operations and L1 accesses of the vector unit, operation by operation.
class VectorCount final : public OperationSink {
 public:
  VectorCount(const Shape& shape, const MatrixUnit& array) : shape_(shape), array_(array) {}

  void take(const Operation& op) override {
    if (is_elementwise(op)) {
      array(op);
    } else if (op.unit == Unit::kVector && op.epoch >= 0 && op.vector != VectorKind::kSoftmax) {
      in_parts(op);
    } else if (op.unit == Unit::kVector) {
      whole(op);
    }
  }

  Int128 operations = 0;
  Int128 l1_bytes = 0;
  Int128 array_milli = 0;  ///< cell-cycles of the array's own work

 private:
  void array(const Operation& op) {
    const bool largest = op.vector == VectorKind::kLocalMax;
    array_milli +=
        op.rows * op.cols *
        (largest ? array_.max_millicycles
                 : array_.sub_millicycles + array_.exp_millicycles + array_.sum_millicycles);
    array_milli += op.rows * op.masked_cols * array_.sub_millicycles;
    l1_bytes += op.rows * shape_.bytes.accumulator * (largest ? 1 : 2);
  }

  /// Before the maxima are looked for.
  bool changes_scores(const Operation& op) const {
    return shape_.softcap || shape_.bias_bytes > 0 || op.masked_cols > 0;
  }

  /// An online softmax in parts.
  void in_parts(const Operation& op) {
    const ElementBytes& b = shape_.bytes;
    const bool first = op.sub_tile == op.first_sub_tile;
    std::int64_t figures = 0;
    const auto scores = [&](std::int64_t each, std::int64_t bytes) {
      operations += op.rows * op.cols * each;
      l1_bytes += op.rows * op.cols * bytes;
    };
    switch (op.vector) {
      case VectorKind::kLocalMax:
        scores((shape_.softcap ? 6 : 1) + (shape_.bias_bytes > 0 ? 1 : 0),
               (changes_scores(op) ? 2 : 1) * b.score + shape_.bias_bytes);
        operations += op.rows * op.masked_cols;
        figures = 1;
        break;
      case VectorKind::kUpdate:
        scores(b.score == b.input ? 3 : 4, b.score + b.input);
        operations += 5 * op.rows;
        figures = first ? 4 : 6;
        break;
      case VectorKind::kUpdateMax:
        operations += 3 * op.rows;
        figures = first ? 3 : 4;
        break;
      case VectorKind::kUpdateSum:
        operations += 2 * op.rows;
        figures = first ? 2 : 4;
        break;
      default: {
        const bool clears = op.vector == VectorKind::kRescale && first;
        scores(1, (clears ? 1 : 2) * b.accumulator);
        figures = clears ? 0 : 1;
      }
    }
    l1_bytes += op.rows * b.accumulator * figures;
  }

  void whole(const Operation& op) {
    const ElementBytes& b = shape_.bytes;
    if (op.vector == VectorKind::kSaveState) {
      operations += 2 * op.rows;
      l1_bytes += 4 * op.rows * b.accumulator;
      return;
    }
    if (op.vector == VectorKind::kMerge) {
      // Of every part: maximum, difference, exponential, then sum and O times it and added up.
      operations += op.rows * (op.cols * (3 + 2 * (1 + shape_.v_dim)) + shape_.v_dim);
      l1_bytes += op.rows * b.accumulator * (op.cols * (shape_.v_dim + 2) + shape_.v_dim);
      return;
    }
    if (op.vector == VectorKind::kRescale || op.vector == VectorKind::kNormalise) {
      operations += op.rows * shape_.v_dim;
      l1_bytes += op.rows * b.accumulator * (2 * shape_.v_dim + 1);
      return;
    }
    const bool online = op.vector == VectorKind::kOnlineSoftmax;
    const std::int64_t cast = b.score == b.input ? 0 : 1;
    const std::int64_t cap = shape_.softcap ? 5 : 0;
    const std::int64_t bias = shape_.bias_bytes > 0 ? 1 : 0;
    operations +=
        op.rows * op.cols * ((online ? 4 : 5) + cast + cap + bias) + (online ? 5 * op.rows : 0);
    operations += op.rows * op.masked_cols;
    l1_bytes += op.rows * op.cols * (b.score + b.input + shape_.bias_bytes);
    if (online) {
      // Maximum, sum and factor are written; the first two were read if there were any.
      l1_bytes += op.rows * b.accumulator * (op.sub_tile > op.first_sub_tile ? 5 : 3);
    }
  }

  const Shape& shape_;
  const MatrixUnit& array_;
};

VectorCount vector_count(const Problem& problem, const Tiling& tiling) {
  VectorCount count(problem.shape, problem.hardware.matrix);
  for (const PhasePlan& phase : problem.plans.of(tiling).phases()) {
    expand(problem.shape, tiling, problem.layout, phase, count);
  }
  return count;
}

/// Energy from its definition and what the graph has counted.
Int128 energy_of(const OracleCase& drawn, const Problem& problem, const ReferenceTotals& totals,
                 std::int64_t cycles) {
  const Shape& s = problem.shape;
  const VectorCount vector = vector_count(problem, drawn.tiling);
  const EnergyTable& e = drawn.hardware.energy;
  const Int128 scores = totals.scores;
  const Int128 macs = scores * (s.qk_dim + s.v_dim);
  const Int128 dram = totals.read_bytes + totals.write_bytes;
  const Int128 l0 = totals.l0_bytes;
  const Int128 l1 = dram + l0 + vector.l1_bytes;
  const Int128 array = vector.array_milli * e.mac_fj * s.bytes.input / (2 * kMilli);
  const Int128 layer = array + macs * e.mac_fj * s.bytes.input / 2 +
                       vector.operations * e.vector_op_fj + l1 * e.l1_fj_per_byte +
                       l0 * e.l0_fj_per_byte + dram * e.dram_fj_per_byte;
  return layer * drawn.workload.repeat + static_cast<Int128>(cycles) * e.static_fj_per_cycle;
}

}  // namespace

std::string describe(const OracleCase& drawn) {
  return fmt::format("seed {} schedule {} variant {} objective {} | {}", drawn.seed,
                     drawn.schedule->name(), drawn.variant, static_cast<int>(drawn.objective),
                     describe(drawn.hardware, drawn.workload, drawn.tiling));
}

double operations_of(const OracleCase& drawn) {
  const Problem problem = problem_of(drawn);
  const Plan& plan = problem.plans.of(drawn.tiling);
  return count_operations(problem.shape, drawn.tiling, problem.layout, plan.phases());
}

std::optional<OracleCase> draw_case(std::uint64_t seed, const Schedule& schedule,
                                    std::string_view variant, DrawKind kind,
                                    std::optional<Family> family) {
  const bool balanced = kind == DrawKind::kBalanced;
  Random random(seed);
  OracleCase drawn;
  drawn.seed = seed;
  drawn.schedule = &schedule;
  drawn.variant = variant;
  drawn.objective = pick(random, kObjectives);
  drawn.hardware = random_hardware(random);
  drawn.workload = random_workload(random);
  if (family) {
    make_family(random, *family, drawn.workload);
  }
  keep_runnable(schedule, variant, drawn.workload);
  if (balanced) {
    make_long(random, schedule, drawn.workload);
  }
  const Shape shape = shape_of(drawn.workload);
  const CoreLayout layout{drawn.hardware.cores, drawn.hardware.l1.shared};
  const auto tiling = random_tiling(random, schedule, variant, shape, layout);
  if (!tiling) {
    return std::nullopt;
  }
  drawn.tiling = *tiling;
  if (!balanced && random.chance(20)) {
    make_l0_scarce(random, drawn.workload.bytes.input, drawn.hardware);
  }
  keep_on_array(drawn.workload, drawn.tiling, drawn.hardware);
  if (balanced && !make_balanced(random, shape, drawn)) {
    return std::nullopt;
  }
  const double most = balanced ? kMostBalancedOperations : kMostOperations;
  return operations_of(drawn) <= most ? std::optional(drawn) : std::nullopt;
}

std::optional<std::string> difference(const OracleCase& drawn) {
  const Problem problem = problem_of(drawn);
  Evaluator evaluator(problem);
  const auto found = evaluator.evaluate(drawn.tiling, drawn.objective);
  if (!found) {
    return "does not fit, though L1 is ample";
  }
  const ReferenceGraph graph(evaluator, found->tiling, drawn.objective);
  const ReferenceTotals& t = graph.totals();
  const Details d = details(evaluator, *found, drawn.objective);
  const std::int64_t repeat = drawn.workload.repeat;
  const std::int64_t cycles = drawn.hardware.launch_cycles + repeat * t.cycles;
  const std::array<std::tuple<const char*, Int128, Int128>, 10> figures{{
      {"cycles", found->figures.cycles, cycles},
      {"traffic", found->figures.traffic_bytes, repeat * (t.read_bytes + t.write_bytes)},
      {"read bytes", d.read_bytes, repeat * t.read_bytes},
      {"matrix busy", d.matrix_busy_cycles, repeat * t.matrix_busy_cycles},
      {"vector busy", d.vector_busy_cycles, repeat * t.vector_busy_cycles},
      {"load busy", d.load_busy_cycles, repeat * t.load_busy_cycles},
      {"store busy", d.store_busy_cycles, repeat * t.store_busy_cycles},
      {"overlap", d.overlap_cycles, repeat * t.overlap_cycles},
      {"L0 bytes", d.l0_bytes, repeat * t.l0_bytes},
      {"energy", found->figures.energy_fj, energy_of(drawn, problem, t, cycles)},
  }};
  for (const auto& [name, analytic, reference] : figures) {
    if (analytic != reference) {
      return fmt::format("{}: analytic {}, reference {}", name, analytic, reference);
    }
  }
  return std::nullopt;
}

Transient transient_of(const OracleCase& drawn) {
  const Problem problem = problem_of(drawn);
  Evaluator evaluator(problem);
  const auto histories = simulate(evaluator, drawn.tiling, drawn.objective);
  Transient transient;
  for (std::size_t phase = 0; phase < histories.size(); ++phase) {
    PhaseProbe probe(drawn, phase);
    std::int64_t length = probe.length();
    const std::int64_t settled = probe.growth(length);
    while (length > 1 && probe.growth(length - 1) == settled) {
      --length;
    }
    transient.makespan_rounds = std::max(transient.makespan_rounds, length - 1);
    transient.drifting_rounds =
        std::max(transient.drifting_rounds, drifting_rounds(histories[phase]));
  }
  return transient;
}

}  // namespace tilewright::test
