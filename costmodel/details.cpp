#include "costmodel/details.h"

namespace tilewright {
namespace {

struct Busy {
  std::int64_t matrix = 0;
  std::int64_t vector = 0;
  std::int64_t load = 0;
  std::int64_t store = 0;
};

std::int64_t per_head(std::int64_t sub_tiles, std::int64_t full, std::int64_t edge) {
  return (sub_tiles - 1) * full + edge;
}

/// Load cycles of one stage: streamed every round, resident at the first of every group, and what
/// an overwrite destroyed again at every round.
std::int64_t stream_load(const PhaseTimes& t, const StageTimes& full, const StageTimes& last,
                         const StageTimes& resident, bool overwritten, std::int64_t heads,
                         std::int64_t groups) {
  const auto at_every_round = [&](std::int64_t sub_tiles) {
    return heads * ((t.positions - 1) * per_head(sub_tiles, full.load_full, full.load_edge) +
                    per_head(sub_tiles, last.load_full, last.load_edge));
  };
  if (!t.kv_resident) {
    return at_every_round(t.sub_tiles);
  }
  if (!overwritten) {
    return heads * per_head(t.sub_tiles, resident.load_full, resident.load_edge);
  }
  return groups * (t.sub_tiles - t.overwritten) * resident.load_full +
         at_every_round(t.overwritten);
}

/// An operation of every sub-tile of a pair in an online round under a mask.
struct StepTimes {
  std::int64_t full = 0;
  std::int64_t edge = 0;
  std::int64_t masked = 0;
  std::int64_t masked_edge = 0;
};
std::int64_t masked_sum(const MaskedRound& round, const StepTimes& times) {
  const std::int64_t last = round.sub_tiles - 1;
  const bool last_masked = round.masks(last);
  const std::int64_t masked = round.sub_tiles - round.whole - (last_masked ? 1 : 0);
  const std::int64_t before = masked * times.masked + (last - masked) * times.full;
  const std::int64_t masked_last = round.narrow ? times.masked_edge : times.masked;
  return before + (last_masked ? masked_last : (round.narrow ? times.edge : times.full));
}

/// Vector cycles of a pair in an online round under a mask.
std::int64_t masked_steps(const PhaseTimes& t, const MaskedRound& round, const RoundTimes& times) {
  if (!t.epochs) {
    return masked_sum(round, {times.softmax, times.softmax_edge, times.masked_softmax,
                              times.masked_softmax_edge}) +
           per_head(round.sub_tiles, times.rescale, times.normalise);
  }
  return masked_sum(round, {times.softmax, times.softmax_edge, times.softmax, times.softmax_edge}) +
         masked_sum(round, {times.beside, times.beside_edge, times.masked_beside,
                            times.masked_beside_edge}) +
         round.sub_tiles * times.rescale + times.normalise;
}

/// What the array does with scores beside matmuls.
std::int64_t masked_array(const MaskedRound& round, const RoundTimes& times) {
  return masked_sum(round, {times.array_max, times.array_max_edge, times.masked_array_max,
                            times.masked_array_max_edge}) +
         masked_sum(round,
                    {times.array_exp, times.array_exp_edge, times.array_exp, times.array_exp_edge});
}

Busy masked_busy(const PhaseTimes& t) {
  const std::int64_t heads = t.full_groups * t.heads + t.edge_heads;
  Busy busy;
  for (std::int64_t position = 0; position < t.positions; ++position) {
    const MaskedRound round = t.masked->at(position);
    const RoundTimes times = t.masked->times(round, position == t.positions - 1 ? t.last : t.full);
    const std::int64_t due = t.kv_resident ? round.due : round.sub_tiles;
    const auto loads = [due](const StageTimes& stage) {
      return due == 0 ? 0 : per_head(due, stage.load_full, stage.load_edge);
    };
    busy.vector += heads * (t.online ? masked_steps(t, round, times) : times.softmax);
    busy.store += heads * times.store;
    const std::int64_t last_bias = round.narrow ? times.bias_edge : times.bias;
    const std::int64_t bias =
        t.online ? per_head(round.sub_tiles, times.bias, last_bias) : times.bias;
    busy.load += heads * (times.input + bias + loads(times.first) + loads(times.second));
    busy.matrix +=
        heads * (times.first.matmul_all + times.second.matmul_all + masked_array(round, times));
  }
  return busy;
}

/// Vector cycles of a round's pair.
std::int64_t vector_of(const PhaseTimes& t, const RoundTimes& round) {
  if (!t.online) {
    return round.softmax;
  }
  const std::int64_t softmax = per_head(t.sub_tiles, round.softmax, round.softmax_edge);
  const std::int64_t rescales = t.epochs ? t.sub_tiles : t.sub_tiles - 1;
  return softmax + rescales * round.rescale + round.normalise +
         per_head(t.sub_tiles, round.beside, round.beside_edge);
}

/// Of what the array does with scores beside matmuls.
std::int64_t array_of(const PhaseTimes& t, const RoundTimes& round) {
  return per_head(t.sub_tiles, round.array_max + round.array_exp,
                  round.array_max_edge + round.array_exp_edge);
}

Busy busy_of(const PhaseTimes& t) {
  if (t.masked != nullptr) {
    return masked_busy(t);
  }
  const std::int64_t groups = t.full_groups + (t.edge_heads > 0 ? 1 : 0);
  const std::int64_t heads = t.full_groups * t.heads + t.edge_heads;
  const auto rounds = [&](std::int64_t full, std::int64_t last) {
    return heads * ((t.positions - 1) * full + last);
  };
  const auto matmuls = [&](const StageTimes& times) {
    return per_head(t.sub_tiles, times.matmul_full, times.matmul_edge);
  };
  Busy busy;
  busy.vector = t.has_softmax ? rounds(vector_of(t, t.full), vector_of(t, t.last)) : 0;
  // S leaves, and P comes, by sub-tiles where a phase is one operator.
  const auto whole = [&](bool by_tile, std::int64_t time, std::int64_t edge) {
    return by_tile ? per_head(t.sub_tiles, time, edge) : time;
  };
  busy.store = rounds(whole(t.store_by_tile, t.full.store, t.full.store_edge),
                      whole(t.store_by_tile, t.last.store, t.last.store_edge));
  busy.load = rounds(whole(t.input_by_tile, t.full.input, t.full.input_edge),
                     whole(t.input_by_tile, t.last.input, t.last.input_edge));
  busy.load += rounds(whole(t.online, t.full.bias, t.full.bias_edge),
                      whole(t.online, t.last.bias, t.last.bias_edge));
  busy.matrix = rounds(array_of(t, t.full), array_of(t, t.last));
  if (t.has_first) {
    busy.matrix += rounds(matmuls(t.full.first), matmuls(t.last.first));
    busy.load += stream_load(t, t.full.first, t.last.first, t.resident_first,
                             t.overwrite == Overwrite::kKey, heads, groups);
  }
  if (t.has_second) {
    busy.matrix += rounds(matmuls(t.full.second), matmuls(t.last.second));
    busy.load += stream_load(t, t.full.second, t.last.second, t.resident_second,
                             t.overwrite == Overwrite::kValue, heads, groups);
  }
  return busy;
}

bool same_rounds(const CoreRounds& a, const CoreRounds& b, bool masked) {
  return a.full_groups == b.full_groups && a.edge_heads == b.edge_heads &&
         a.positions == b.positions && a.rows_last == b.rows_last && a.sub_tiles == b.sub_tiles &&
         a.has_edge_cols == b.has_edge_cols && (!masked || a.first_tile == b.first_tile);
}

/// PhaseTimes with the masked rounds that they point to.
struct CoreTimes {
  CoreTimes(const Evaluator& evaluator, const Tiling& tiling, const OperationCosts& costs,
            const PhasePlan& phase, const CoreRounds& rounds)
      : masked(evaluator.problem().shape, tiling, rounds, phase, costs.transfer, costs.vector),
        times(evaluator.phase_times(tiling, costs, phase, rounds)) {
    times.masked = evaluator.problem().shape.mask.causal ? &masked : nullptr;
  }
  CoreTimes(const CoreTimes&) = delete;
  CoreTimes& operator=(const CoreTimes&) = delete;

  MaskedRounds masked;
  PhaseTimes times;
};

void add_core(Details& sum, const Busy& busy, std::int64_t overlap, std::int64_t core) {
  sum.matrix_busy_cycles += busy.matrix;
  sum.vector_busy_cycles += busy.vector;
  sum.load_busy_cycles += busy.load;
  sum.store_busy_cycles += busy.store;
  sum.overlap_cycles += overlap;
  if (core == 0) {
    sum.busiest[0] += busy.matrix;
    sum.busiest[1] += busy.vector;
    sum.busiest[2] += busy.load;
    sum.busiest[3] += busy.store;
  }
}

/// Of `parts` parts.
void add_merge(Details& sum, const Problem& problem, std::int64_t parts) {
  const MergeTimes row = problem.merges.times(parts);
  for (std::int64_t core = 0; core < merging_cores(problem.shape, problem.layout); ++core) {
    const std::int64_t rows = merged_rows(problem.shape, problem.layout, core);
    add_core(sum, {0, rows * row.merge, rows * row.load, rows * row.store}, 0, core);
  }
}

}  // namespace

Details details(Evaluator& evaluator, const Candidate& candidate, Objective objective,
                bool overlap) {
  const Problem& problem = evaluator.problem();
  const Shape& shape = problem.shape;
  const Tiling& tiling = candidate.tiling;
  const Sizes sizes = sizes_of(shape, tiling, problem.layout);
  const TileCounts& counts = sizes.counts;
  const OperationCosts costs = evaluator.operation_costs(tiling, objective);
  const Plan& plan = problem.plans.of(tiling);

  Details sum;
  for (const PhasePlan& phase : plan.phases()) {
    sum.write_bytes += shape.pairs * output_bytes(shape, sizes, phase);
    if (phase.merges) {
      add_merge(sum, problem, sizes.active);
      continue;
    }
    const PhaseDeal deal = phase_deal(shape, tiling, problem.layout, phase);
    const TileCounts dealt = count_tiles(shape, deal.tiling);
    const std::int64_t active = active_cores(dealt, tiling.core_split, deal.layout);
    const CoreRounds first = deal_rounds(dealt, deal.tiling, deal.layout, 0);
    CoreRounds before;
    Busy busy;
    std::int64_t overlapped = 0;
    for (std::int64_t core = 0; core < active; ++core) {
      const CoreRounds rounds = deal_rounds(dealt, deal.tiling, deal.layout, core);
      if (core == 0 || !same_rounds(rounds, before, shape.mask.causal)) {
        const CoreTimes own(evaluator, tiling, costs, phase, rounds);
        CoreTimes leader(evaluator, tiling, costs, phase, rounds.share > 1 ? first : rounds);
        leader.times.last_differs = leader.times.last_differs || own.times.last_differs;
        busy = busy_of(own.times);
        overlapped = overlap ? phase_overlap(leader.times, own.times) : 0;
      }
      add_core(sum, busy, overlapped, core);
      before = rounds;
    }
  }
  const std::int64_t repeat = problem.workload.repeat;
  for (std::int64_t* figure :
       {&sum.write_bytes, &sum.matrix_busy_cycles, &sum.vector_busy_cycles, &sum.load_busy_cycles,
        &sum.store_busy_cycles, &sum.overlap_cycles}) {
    *figure *= repeat;
  }
  for (std::int64_t& figure : sum.busiest) {
    figure *= repeat;
  }
  sum.read_bytes = candidate.figures.traffic_bytes - sum.write_bytes;
  sum.l0_bytes = repeat * evaluator.l0_traffic(tiling, costs);
  const std::int64_t scores =
      shape.pairs * (shape.mask.causal ? sizes.visible.scores : shape.rows * shape.cols);
  sum.l1_bytes = sum.l0_bytes + candidate.figures.traffic_bytes +
                 repeat * scores * (shape.bytes.score + shape.bytes.input + shape.bias_bytes);
  const PhasePlan& front = plan.phases().front();
  if (front.online) {
    const OnlineWork work = shape.mask.causal
                                ? online_work(shape, front,
                                              LayerWork{scores, shape.pairs * sizes.visible.masked,
                                                        shape.pairs * sizes.visible.row_visits})
                                : online_work(shape, front, counts.sub_tiles);
    const bool parts = tiling.core_split == CoreSplit::kKeyValue;
    const Int128 of_parts = parts ? parts_work(shape, sizes.active).l1_bytes : 0;
    sum.l1_bytes += repeat * static_cast<std::int64_t>(work.l1_bytes + of_parts);
  }
  return sum;
}

}  // namespace tilewright
