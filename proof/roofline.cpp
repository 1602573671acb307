#include "proof/roofline.h"

#include <algorithm>

#include "schedules/visible.h"

namespace tilewright {

Roofline::Roofline(const Problem& problem)
    : problem_(problem),
      shape_(problem.shape),
      vector_(problem.hardware, problem.shape),
      online_(problem.hardware, problem.shape),
      transfer_(problem.hardware, 1),
      pass_milli_(pass_millicycles(problem.hardware.matrix, problem.shape.bytes.input)),
      seen_(shape_.mask.causal ? visible_scores(shape_) : shape_.rows * shape_.cols),
      seen_keys_(shape_.mask.causal ? shape_.cols - keys_of(shape_, 0).first : shape_.cols),
      most_keys_(shape_.mask.window > 0 ? shape_.mask.window : shape_.cols) {
  if (!problem.parts_fj.empty()) {
    least_parts_fj_ = *std::min_element(problem.parts_fj.begin(), problem.parts_fj.end());
  }
}

Roofline::Counts Roofline::counts_of(const ClassBox& box) const {
  const CoreLayout& layout = problem_.layout;
  Counts counts;
  counts.groups = ceil_div(shape_.pairs, box.high[0]);
  counts.q_tiles = ceil_div(shape_.rows, box.high[1]);
  counts.sub_tiles = ceil_div(shape_.cols, box.high[2]);
  counts.core_groups = counts.groups;
  counts.core_q_tiles = counts.q_tiles;
  counts.core_sub_tiles = counts.sub_tiles;
  std::int64_t& dealt = box.mode.core_split == CoreSplit::kHeads   ? counts.core_groups
                        : box.mode.core_split == CoreSplit::kQuery ? counts.core_q_tiles
                                                                   : counts.core_sub_tiles;
  counts.active = std::min(layout.cores, dealt);
  dealt = ceil_div(dealt, layout.cores);
  return counts;
}

/// At least the average; and where the groups are the same all over the box, the groups that the
/// first core gets, of which the last of all may be short.
std::int64_t Roofline::pairs_of_busiest(const ClassBox& box, const Counts& counts) const {
  if (box.mode.core_split != CoreSplit::kHeads) {
    return shape_.pairs;
  }
  const std::int64_t cores = problem_.layout.cores;
  const std::int64_t average = ceil_div(shape_.pairs, cores);
  if (ceil_div(shape_.pairs, box.low[0]) != counts.groups) {
    return average;
  }
  const bool has_last = (counts.groups - 1) % cores == 0;
  const std::int64_t others = counts.groups - counts.core_groups;
  return std::max(average,
                  has_last ? shape_.pairs - others * box.high[0] : counts.core_groups * box.low[0]);
}

/// Under a mask a query tile computes all keys up to those that its last row sees, and a sub-tile
/// is computed by all rows that see its first key. Tiles of the lowest sizes waste least.
std::int64_t Roofline::computed_scores(const ClassBox& box) const {
  if (!shape_.mask.causal) {
    return seen_;
  }
  const std::int64_t s = shape_.mask.sharing;
  // Of r rows, the one i before the last sees (i - s + 1) / s keys less: (r (r - 1) / 2 - r (s -
  // 1)) / s in all. The sum over so many tiles is least if they are equal.
  const Int128 rows = shape_.rows;
  const Int128 tiles = ceil_div(shape_.rows, box.low[1]);
  const Int128 by_rows = (rows * rows / tiles - rows - 2 * rows * (s - 1)) / (2 * s);
  // Of c own keys of queries, the one i behind the first is seen by i s rows less. A window would
  // hide the first key from some of them.
  const Int128 keys = shape_.rows / s;
  const Int128 sub_tiles = ceil_div(shape_.cols, box.low[2]);
  const Int128 by_cols =
      shape_.mask.window > 0 ? Int128{0} : s * (keys * keys / sub_tiles - keys) / 2;
  return seen_ + static_cast<std::int64_t>(std::max({Int128{0}, by_rows, by_cols}));
}

Roofline::Work Roofline::work(const ClassBox& box, const Counts& counts) const {
  Work all;
  all.rows = shape_.rows;
  all.cols = shape_.cols;
  all.scores = computed_scores(box);
  if (!shape_.mask.causal) {
    all.steps = counts.q_tiles * counts.sub_tiles;
    all.row_visits = shape_.rows * counts.sub_tiles;
    all.col_visits = shape_.cols * counts.q_tiles;
    return all;
  }
  all.row_visits = std::max(shape_.rows, ceil_div(all.scores, box.high[2]));
  all.col_visits = std::max(seen_keys_, ceil_div(seen_, box.high[1]));
  all.steps = std::max(counts.q_tiles, ceil_div(all.row_visits, box.high[1]));
  return all;
}

Roofline::Work Roofline::share(const Work& all, const ClassBox& box, const Counts& counts) const {
  const std::int64_t cores = problem_.layout.cores;
  Work core = all;
  switch (box.mode.core_split) {
    case CoreSplit::kHeads:
      break;
    case CoreSplit::kQuery:
      core.rows = ceil_div(all.rows, cores);
      core.scores = ceil_div(all.scores, cores);
      core.row_visits = ceil_div(all.row_visits, cores);
      core.col_visits = ceil_div(all.col_visits, cores);
      core.steps = ceil_div(all.steps, cores);
      break;
    case CoreSplit::kKeyValue:
      core.cols = ceil_div(all.cols, cores);
      core.scores = core.rows * core.cols;
      core.row_visits = core.rows * counts.core_sub_tiles;
      core.col_visits = core.cols * counts.q_tiles;
      core.steps = counts.q_tiles * counts.core_sub_tiles;
      break;
  }
  return core;
}

Roofline::Least Roofline::least_of(const ClassBox& box) const {
  const Counts counts = counts_of(box);
  const Work all = work(box, counts);
  return {box, counts, pairs_of_busiest(box, counts), share(all, box, counts), all};
}

// Slots: the bytes of each at the lowest sizes, as many as the fewest contents need. Alignment only
// adds.

/// Of K or V. Under an overwrite, what stays and what P takes are a whole operand together.
std::int64_t Roofline::kv_slot_bytes(const Least& least, MatmulKind kind,
                                     std::int64_t streamed_cols, std::int64_t loads) const {
  const Mode& mode = least.box.mode;
  const std::int64_t column = stream_col_bytes(shape_, kind);
  if (!mode.kv_resident) {
    return streamed_cols * column * std::min(mode.buffers, loads);
  }
  const std::int64_t slots =
      mode.overwrite == Overwrite::kNone ? std::min(mode.buffers, least.counts.core_groups) : 1;
  const std::int64_t cols = mode.core_split == CoreSplit::kKeyValue ? least.core.cols : shape_.cols;
  return least.box.low[0] * cols * column * slots;
}

std::int64_t Roofline::epoch_slot_bytes(const Least& least, const PhasePlan& phase) const {
  const ClassBox& box = least.box;
  const Counts& counts = least.counts;
  const bool by_tile = phase.online || !phase.has_second;
  const std::int64_t cols = by_tile ? box.low[2] : most_keys_;
  const std::int64_t steps = counts.core_rounds() * (by_tile ? counts.sub_tiles : 1);
  const std::int64_t copies = problem_.layout.l1_shared ? counts.active : 1;
  std::int64_t own = 0;
  if (phase.has_second) {
    const std::int64_t element = std::max(shape_.bytes.score, shape_.bytes.input);
    const std::int64_t row = phase.input_row_bytes + phase.output_slot_row_bytes +
                             phase.state_row_bytes + (phase.on_array ? 0 : cols * element);
    own = copies * box.low[0] * box.low[1] * row;
  }
  const std::int64_t kv_copies = box.mode.core_split == CoreSplit::kQuery ? 1 : copies;
  const std::int64_t heads = box.mode.kv_resident ? 1 : box.low[0];
  const auto stream = [&](MatmulKind kind) {
    return kv_copies * kv_slot_bytes(least, kind, heads * cols, steps);
  };
  return own + (phase.has_first ? stream(phase.first_kind) : 0) +
         (phase.loads_values() ? stream(MatmulKind::kPV) : 0);
}

std::int64_t Roofline::slot_bytes(const Least& least, const PhasePlan& phase) const {
  if (phase.own_rows || phase.merges) {
    return 0;
  }
  if (phase.epochs) {
    return epoch_slot_bytes(least, phase);
  }
  const ClassBox& box = least.box;
  const Counts& counts = least.counts;
  const std::int64_t rows = box.low[0] * box.low[1];
  const std::int64_t rounds = counts.core_rounds();
  const std::int64_t copies = problem_.layout.l1_shared ? counts.active : 1;
  const std::int64_t kv_copies = box.mode.core_split == CoreSplit::kQuery ? 1 : copies;
  const auto row = [&](Operand operand, std::int64_t full) {
    return row_bytes(shape_, operand, full, most_keys_);
  };
  std::int64_t of_rows =
      (row(phase.input, phase.input_row_bytes) + row(phase.output, phase.output_slot_row_bytes)) *
      std::min(box.mode.buffers, rounds);
  if (phase.score_row_bytes > 0) {
    const bool own_p = phase.prob_row_bytes > 0 && box.mode.overwrite == Overwrite::kNone;
    of_rows += most_keys_ * (shape_.bytes.score + (own_p ? shape_.bytes.input : 0)) *
               std::min(phase.score_slots(), rounds);
  }
  if (phase.online) {
    const std::int64_t element = std::max(shape_.bytes.score, shape_.bytes.input);
    of_rows += (box.low[2] * element + phase.state_row_bytes) *
               std::min(phase.lookahead + 1, rounds * counts.core_sub_tiles);
  }
  std::int64_t bytes = copies * rows * of_rows;
  const auto stream = [&](MatmulKind kind) {
    return kv_copies * kv_slot_bytes(least, kind, box.low[2], rounds * counts.core_sub_tiles);
  };
  bytes += phase.has_first ? stream(phase.first_kind) : 0;
  bytes += phase.loads_values() ? stream(MatmulKind::kPV) : 0;
  return bytes;
}

/// However a side is cut, its pieces fill the array at least as often as the whole side.
std::int64_t Roofline::array_passes(const Work& core, MatmulKind kind) const {
  const ArraySides sides = array_sides(problem_.hardware.matrix, kind);
  const bool qk = kind == MatmulKind::kQK;
  const std::int64_t across_cols = qk ? sides.n : sides.k;
  const std::int64_t depth =
      qk ? ceil_div(shape_.qk_dim, sides.k) : ceil_div(shape_.v_dim, sides.n);
  const std::int64_t scores = shape_.mask.causal
                                  ? ceil_div(core.scores, sides.m * across_cols)
                                  : ceil_div(core.rows, sides.m) * ceil_div(core.cols, across_cols);
  return scores * depth;
}

/// One a step, and as many as the buffers need.
std::int64_t Roofline::l0_tiles(const Work& core, MatmulKind kind) const {
  const L0Buffers& l0 = problem_.hardware.l0;
  const ElementBytes& bytes = shape_.bytes;
  const bool qk = kind == MatmulKind::kQK;
  const std::int64_t scores = problem_.on_array() ? 0 : core.scores;
  const std::int64_t left = qk ? core.row_visits * shape_.qk_dim : scores;
  const std::int64_t right = core.col_visits * (qk ? shape_.qk_dim : shape_.v_dim);
  const std::int64_t sums = qk ? scores : core.row_visits * shape_.v_dim;
  return std::max({core.steps, ceil_div(left * bytes.input, l0.left_bytes),
                   ceil_div(right * bytes.kv, l0.right_bytes),
                   ceil_div(sums * bytes.accumulator, l0.accumulator_bytes)});
}

/// Every matmul moves its operands and its result once, P V its result in and out.
std::int64_t Roofline::l0_bytes(const Work& of_pair, MatmulKind kind) const {
  const ElementBytes& bytes = shape_.bytes;
  const std::int64_t scores = problem_.on_array() ? 0 : of_pair.scores;
  if (kind == MatmulKind::kQK) {
    return shape_.qk_dim * (of_pair.row_visits * bytes.input + of_pair.col_visits * bytes.kv) +
           scores * bytes.score;
  }
  return shape_.v_dim *
             (2 * of_pair.row_visits * bytes.accumulator + of_pair.col_visits * bytes.kv) +
         scores * bytes.input;
}

std::int64_t Roofline::matmul_cycles(const Least& least, MatmulKind kind) const {
  const Int128 passes = static_cast<Int128>(least.core_pairs) * array_passes(least.core, kind);
  const auto array = static_cast<std::int64_t>(passes * pass_milli_ / kMilli);
  const std::int64_t startups =
      problem_.hardware.matrix.startup_cycles * least.core_pairs * l0_tiles(least.core, kind);
  const std::int64_t moved = least.core_pairs * l0_bytes(least.core, kind);
  return std::max(array + startups, moved / problem_.hardware.l0.bandwidth_bytes_per_cycle);
}

/// Of one pair: start-ups, and all scores at full lanes.
std::int64_t Roofline::softmax_cycles(const Work& core, const PhasePlan& phase) const {
  if (!phase.has_softmax || phase.on_array) {
    return 0;
  }
  if (phase.online) {
    const std::int64_t none = 0;
    const std::int64_t one = 1;
    return (core.steps - 1) * online_.softmax_cycles(none, none) +
           online_.softmax_cycles(one, core.scores);
  }
  return vector_.least_softmax_cycles(core.scores, 1);
}

std::int64_t Roofline::operand_bytes(const Work& all, Operand operand, std::int64_t full) const {
  const bool scores = operand == Operand::kS || operand == Operand::kP || operand == Operand::kBias;
  return scores ? full / shape_.cols * all.scores : shape_.rows * full;
}

/// Of one pair: once, or once a query tile where they do not stay (of cores that share them, once
/// for a tile of each).
std::int64_t Roofline::stream_bytes(const Least& least, MatmulKind kind) const {
  const Mode& mode = least.box.mode;
  std::int64_t cols = seen_keys_;
  if (!mode.kv_resident) {
    const bool shared = mode.core_split == CoreSplit::kQuery && problem_.layout.l1_shared;
    const std::int64_t once_a_tile =
        shape_.mask.causal
            ? least.all.col_visits / (shared ? problem_.layout.cores : 1)
            : shape_.cols * (shared ? least.counts.core_q_tiles : least.counts.q_tiles);
    cols = std::max(cols, once_a_tile);
  }
  return cols * stream_col_bytes(shape_, kind);
}

/// Of all pairs and cores.
Roofline::Bytes Roofline::dram_bytes(const Least& least, const PhasePlan& phase) const {
  const std::int64_t active = least.counts.active;
  Bytes bytes;
  bytes.loads = operand_bytes(least.all, phase.input, phase.input_row_bytes) *
                (phase.merges || phase.makes_parts() ? active : 1);
  bytes.loads += phase.has_first ? stream_bytes(least, phase.first_kind) : 0;
  bytes.loads += phase.loads_values() ? stream_bytes(least, MatmulKind::kPV) : 0;
  bytes.loads += operand_bytes(least.all, Operand::kBias, phase.bias_row_bytes);
  bytes.stores = operand_bytes(least.all, phase.output, phase.output_row_bytes) *
                 (phase.makes_parts() ? active : 1);
  return {shape_.pairs * bytes.loads, shape_.pairs * bytes.stores};
}

/// The busiest unit, or the transfers. A single stream does matmuls and softmax in turn.
std::int64_t Roofline::phase_cycles(const Least& least, const PhasePlan& phase) const {
  const std::int64_t matrix = (phase.has_first ? matmul_cycles(least, phase.first_kind) : 0) +
                              (phase.has_second ? matmul_cycles(least, MatmulKind::kPV) : 0);
  const std::int64_t softmax = least.core_pairs * softmax_cycles(least.core, phase);
  const Bytes bytes = dram_bytes(least, phase);
  const std::int64_t loads = transfer_.busy_cycles(bytes.loads);
  const std::int64_t stores = transfer_.busy_cycles(bytes.stores);
  if (problem_.serial) {
    return matrix + softmax + loads + stores;
  }
  const std::int64_t channel =
      problem_.hardware.dram.shared_channel ? loads + stores : std::max(loads, stores);
  const bool one_stream = phase.score_slots() == 1;
  return std::max(channel, one_stream ? matrix + softmax : std::max(matrix, softmax));
}

Int128 Roofline::compute_energy(const Least& least) const {
  if (shape_.mask.causal) {
    const Int128 pairs = shape_.pairs;
    return masked_energy(problem_, {pairs * least.all.scores, 0, pairs * least.all.row_visits});
  }
  const Int128 parts =
      least.box.mode.core_split == CoreSplit::kKeyValue ? least_parts_fj_ : Int128{0};
  return problem_.fixed_fj + problem_.online_fj + problem_.sub_tile_fj * least.counts.sub_tiles +
         parts;
}

std::optional<Figures> Roofline::least(const ClassBox& box) const {
  const Least least = least_of(box);
  const Plan& plan = problem_.plans.of(tiling_of(box.mode, 1, 1, 1));
  std::int64_t peak = 0;
  for (const PhasePlan& phase : plan.phases()) {
    peak = std::max(peak, slot_bytes(least, phase));
  }
  if (peak > problem_.hardware.l1.capacity_bytes) {
    return std::nullopt;
  }
  std::int64_t cycles = 0;
  std::int64_t dram = 0;
  std::int64_t l0 = 0;
  for (const PhasePlan& phase : plan.phases()) {
    const Bytes bytes = dram_bytes(least, phase);
    cycles += phase_cycles(least, phase);
    dram += bytes.loads + bytes.stores;
    l0 += phase.has_first ? l0_bytes(least.all, phase.first_kind) : 0;
    l0 += phase.has_second ? l0_bytes(least.all, MatmulKind::kPV) : 0;
  }
  return total_figures(problem_, compute_energy(least), cycles, dram, shape_.pairs * l0, peak);
}

}  // namespace tilewright
