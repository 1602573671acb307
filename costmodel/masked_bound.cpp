// Of Evaluator::lower_bound() what a mask needs: sums over all query tiles, and the walk over what
// every candidate of a class sees at least (docs/search.md).
#include <algorithm>
#include <limits>
#include <numeric>

#include "common/math.h"
#include "costmodel/evaluator.h"

namespace tilewright {

/// What the busiest core has of a phase: no less than the average of all.
struct Evaluator::PhaseWork {
  std::int64_t cores = 1;  ///< that share the work of `pairs` pairs
  std::int64_t pairs = 0;
  std::int64_t loaders = 1;  ///< the same of the loads of K and V
  std::int64_t rounds = 0;
  std::int64_t first = 0;  ///< cycles of the stages
  std::int64_t second = 0;
  VectorSums vector;

  std::int64_t on_core(std::int64_t of_pair) const { return ceil_div(pairs * of_pair, cores); }
  std::int64_t writer(const PhasePlan& phase) const {
    if (phase.has_second) {
      return second + vector.rescale + vector.normalise;
    }
    return phase.has_softmax ? vector.softmax : first;
  }
  /// Matrix and vector unit alone; one after the other where a phase does not overlap them.
  std::int64_t units(const PhasePlan& phase) const {
    const std::int64_t matrix = first + second;
    return phase.score_slots() == 1 ? matrix + vector.softmax + vector.rescale
                                    : std::max({matrix, vector.all(), second + vector.rescale});
  }
};

namespace {

/// In epochs, fewer steps may meet in slower ones: only the sums count. A single candidate is as
/// soon evaluated, and from far below `enough` a walk hardly leads above.
bool worth_walking(const Sizes& sizes, const Plan& plan, const MaskedBox& high, std::int64_t sums,
                   std::int64_t enough) {
  constexpr std::int64_t kUnlimited = std::int64_t{1} << 61U;
  const bool single = sizes.tiling.q_rows == high.q_rows && sizes.tiling.kv_cols == high.kv_cols;
  return !plan.phases().front().epochs && !single &&
         (enough >= kUnlimited || 4 * sums >= 3 * enough);
}

}  // namespace

/// `sizes.visible` is left as the sums that the bound is made of.
std::int64_t Evaluator::least_masked_cycles(Sizes& sizes, const Plan& plan,
                                            const Choices<>& choices, const MaskedBox& high,
                                            std::int64_t enough) const {
  sizes.visible = quick_visible_sums(problem_.shape, sizes.tiling, high, sizes.counts);
  std::int64_t cycles = least_masked_sums(sizes, plan, choices);
  if (cycles > enough) {
    return cycles;
  }
  sizes.visible =
      least_visible_sums(problem_.shape, sizes.tiling, high, sizes.counts, problem_.layout);
  cycles = std::max(cycles, least_masked_sums(sizes, plan, choices));
  return cycles <= enough && worth_walking(sizes, plan, high, cycles, enough)
             ? std::max(cycles, least_masked_walk(sizes, plan, choices, high))
             : cycles;
}

/// Of every phase the units' work, the transfers, and what goes through its slots.
std::int64_t Evaluator::least_masked_sums(const Sizes& sizes, const Plan& plan,
                                          const Choices<>& choices) const {
  const CoreRounds& busiest = sizes.busiest;
  const bool by_heads = sizes.tiling.core_split == CoreSplit::kHeads;
  const std::int64_t of_busiest = busiest.full_groups * busiest.heads + busiest.edge_heads;
  PhaseWork work;
  work.cores = by_heads ? 1 : sizes.active;
  work.pairs = by_heads ? of_busiest : problem_.shape.pairs;
  const bool apart = !by_heads && busiest.share == 1;
  work.loaders = apart ? sizes.active : 1;
  work.rounds =
      apart ? sizes.counts.groups * sizes.counts.q_tiles / sizes.active : busiest.rounds();
  const auto matmuls = [&](MatmulKind kind) {
    std::int64_t cycles = 0;
    for (std::size_t i = 0; i < sizes.visible.matmuls.size(); ++i) {
      cycles += sizes.visible.matmuls[i] * choices[index_of(kind)].tile[i].cycles;
    }
    return work.on_core(cycles);
  };
  const VectorSums vector = least_masked_vector(sizes);
  std::int64_t sum = 0;
  for (const PhasePlan& phase : plan.phases()) {
    work.first = phase.has_first ? matmuls(phase.first_kind) : 0;
    work.second = phase.has_second ? matmuls(MatmulKind::kPV) : 0;
    work.vector = {phase.has_softmax || phase.online ? work.on_core(vector.softmax) : 0,
                   work.on_core(vector.rescale), work.on_core(vector.normalise)};
    const std::int64_t channel = least_channel_cycles(sizes, phase);
    if (problem_.serial) {
      sum += work.first + work.second + work.vector.all() + channel;
      continue;
    }
    const std::int64_t busy = work.units(phase) + least_around(sizes, phase);
    std::int64_t cycles = std::max(channel, busy);
    if (!phase.epochs) {
      cycles = std::max(cycles, least_slot_cycles(sizes, phase, work));
    } else if (phase.online) {
      const EpochSums epochs = least_epochs(sizes, phase, choices, work.pairs);
      // The first loads and the last store may be among those that are waited for.
      cycles = std::max({cycles, ceil_div(epochs.work + epochs.waits, work.cores),
                         ceil_div(epochs.work, work.cores) + least_around(sizes, phase)});
    }
    sum += cycles;
  }
  return sum;
}

/// The loads before the first operation of matrix and vector unit, and the store after the last
/// one.
std::int64_t Evaluator::least_around(const Sizes& sizes, const PhasePlan& phase) const {
  if (phase.epochs && !phase.has_second) {
    return 0;
  }
  const Shape& shape = problem_.shape;
  const TransferCost& transfer = transfers_[static_cast<std::size_t>(sizes.active - 1)];
  const std::int64_t rows = std::min(sizes.tiling.q_rows, sizes.counts.edge_rows);
  // What is seen of S or P may be a single key.
  const auto rounds = [&](Operand operand, std::int64_t full) {
    return sizes.counts.edge_heads * transfer.cycles(rows * row_bytes(shape, operand, full, 1));
  };
  std::int64_t cycles = rounds(phase.input, phase.input_row_bytes) +
                        problem_.hardware.dram.latency_cycles +
                        rounds(phase.output, phase.output_row_bytes);
  if (phase.has_first) {
    const auto keys = load_times(sizes, phase, sizes.busiest.share)[0];
    // In epochs all pairs load before the first matmul.
    cycles += (phase.epochs ? sizes.counts.edge_heads : 1) * std::min(keys.full, keys.edge);
  }
  return cycles;
}

/// All bytes at the whole machine's bandwidth.
std::int64_t Evaluator::least_channel_cycles(const Sizes& sizes, const PhasePlan& phase) const {
  const Shape& shape = problem_.shape;
  const auto stream = [&](MatmulKind kind) {
    return stream_bytes(shape, sizes, problem_.layout, kind);
  };
  const std::int64_t loads = input_bytes(shape, sizes, phase) +
                             (phase.has_first ? stream(phase.first_kind) : 0) +
                             (phase.loads_values() ? stream(MatmulKind::kPV) : 0);
  const std::int64_t stores = output_bytes(shape, sizes, phase);
  const bool one = problem_.hardware.dram.shared_channel || problem_.serial;
  return transfers_.front().busy_cycles(shape.pairs *
                                        (one ? loads + stores : std::max(loads, stores)));
}

/// What reuses one of `buffers` slots waits for its last reader: every so many rounds (sub-tiles)
/// go through load, latency and reader one after the other, or through writer and store.
std::int64_t Evaluator::least_slot_cycles(const Sizes& sizes, const PhasePlan& phase,
                                          const PhaseWork& work) const {
  const Shape& shape = problem_.shape;
  const TransferCost& transfer = transfers_[static_cast<std::size_t>(sizes.active - 1)];
  const std::int64_t latency = problem_.hardware.dram.latency_cycles;
  const auto rows = [&](std::int64_t of_pair) {
    return transfer.busy_cycles(work.pairs * of_pair / work.cores);
  };
  const std::int64_t input = rows(input_bytes(shape, sizes, phase));
  const std::int64_t store = rows(output_bytes(shape, sizes, phase));
  const std::int64_t reader = phase.has_first ? work.first : work.vector.softmax;
  std::int64_t chain = std::max(input + work.rounds * latency + reader, work.writer(phase) + store);
  if (sizes.tiling.kv_resident || !phase.has_first) {
    return chain / sizes.tiling.buffers;
  }
  const auto [keys, values] = load_times(sizes, phase, sizes.busiest.share);
  const VisibleSums& visible = sizes.visible;
  const auto stream = [&](const LoadTimes<std::int64_t>& load, std::int64_t matmuls) {
    const std::int64_t of_pair = (visible.loads - visible.narrow_loads) * (load.full + latency) +
                                 visible.narrow_loads * (load.edge + latency);
    return work.pairs * of_pair / work.loaders + matmuls;
  };
  if (phase.values_in_keys) {
    // A slot has K of a step, all pairs of which are loaded before its softmax and its P V.
    const std::int64_t of_pair =
        (visible.loads - visible.narrow_loads) * keys.full + visible.narrow_loads * keys.edge;
    const std::int64_t reused =
        work.pairs * of_pair / work.loaders + work.vector.softmax + work.second;
    return std::max(chain / sizes.tiling.buffers,
                    reused / (phase.lookahead + sizes.tiling.buffers));
  }
  const std::int64_t first = stream(keys, work.first);
  const std::int64_t second = phase.has_second ? stream(values, work.second) : 0;
  chain = std::max({chain, first, second});
  if (sizes.tiling.buffers > 1 || phase.online || phase.score_slots() > 1) {
    return chain / sizes.tiling.buffers;
  }
  if (!phase.has_second) {
    // Q of the next round waits for this one's matmuls, K stands behind it (and, where it goes
    // first, behind the store).
    const bool store_first = phase.store_first && problem_.hardware.dram.shared_channel;
    return std::max(chain, input + first + (store_first ? store : 0));
  }
  // One matmul after the other, with softmax between; but for the first loads of a round.
  const std::int64_t ahead = keys.full + values.full + 2 * latency;
  return std::max(chain, first + work.vector.softmax + second - work.rounds * ahead);
}

/// Of one pair, on all cores.
VectorSums Evaluator::least_masked_vector(const Sizes& sizes) const {
  const VisibleSums& visible = sizes.visible;
  const std::int64_t rounds = sizes.counts.q_tiles;
  if (!problem_.online()) {
    return {vector_.least_softmax_cycles(visible.scores, rounds), 0, 0};
  }
  const std::int64_t steps = std::max(
      rounds, std::accumulate(visible.matmuls.begin(), visible.matmuls.end(), std::int64_t{0}));
  if (problem_.on_array()) {
    VectorSums sums =
        online_.least({problem_.shape.rows, rounds, steps, steps - rounds, 0, visible.row_visits});
    sums.softmax = online_.least_state_cycles(visible.row_visits, steps, 1);
    return sums;
  }
  return online_.least(
      {problem_.shape.rows, rounds, steps, steps - rounds, visible.scores, visible.row_visits});
}

/// The makespan of what every candidate of the box does at least, under its least durations.
std::int64_t Evaluator::least_masked_walk(const Sizes& sizes, const Plan& plan,
                                          const Choices<>& choices, const MaskedBox& high) const {
  const TransferCost& transfer = transfers_[static_cast<std::size_t>(sizes.active - 1)];
  // Of cores apart, the one with the last tile sees most.
  const bool apart = sizes.tiling.core_split == CoreSplit::kQuery && sizes.busiest.share == 1;
  const std::int64_t core = apart ? (sizes.counts.q_tiles - 1) % problem_.layout.cores : 0;
  const CoreRounds rounds = deal_rounds(sizes.counts, sizes.tiling, problem_.layout, core);
  std::int64_t cycles = 0;
  for (const PhasePlan& phase : plan.phases()) {
    const MaskedRounds low(problem_.shape, sizes.tiling, rounds, phase, transfer, vector_);
    const MaskedRounds least(low, high, sizes.counts, problem_.hardware.matrix);
    PhaseTimes times;
    times_of(sizes, rounds, phase, choices, times);
    times.masked = &least;
    // Groups of other candidates have other numbers of steps.
    times.key_slots = std::numeric_limits<std::int64_t>::max();
    cycles += phase_makespan(times);
  }
  return cycles;
}

}  // namespace tilewright
