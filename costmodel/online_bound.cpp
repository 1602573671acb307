// Of Evaluator::lower_bound() what online phases need: the lines, i.e. durations as linear
// functions of a full tile's rows or columns that are nowhere above the true ones, and sums over
// masked epochs (docs/search.md).
#include <algorithm>

#include "costmodel/evaluator.h"

namespace tilewright {
namespace {

/// A step of an online epoch on the matrix and on the vector unit, in both halves.
struct EpochHalves {
  std::int64_t scores = 0;
  std::int64_t update = 0;
  std::int64_t output = 0;
  std::int64_t beside = 0;

  void add(std::int64_t count, const EpochHalves& step) {
    scores += count * step.scores;
    update += count * step.update;
    output += count * step.output;
    beside += count * step.beside;
  }
  std::int64_t cycles() const { return std::max(scores, update) + std::max(output, beside); }
};

}  // namespace

/// Of `pairs` pairs under a mask; transfers are compared with the work of full steps.
Evaluator::EpochSums Evaluator::least_epochs(const Sizes& sizes, const PhasePlan& phase,
                                             const Choices<>& choices, std::int64_t pairs) const {
  const auto step = [&](std::size_t i) {
    const bool edge = i % 2 != 0;
    RoundTimes times;
    epoch_times(sizes, phase, i < 2 ? sizes.tiling.q_rows : sizes.counts.edge_rows, times);
    const auto matmul = [&](MatmulKind kind) { return choices[index_of(kind)].tile[i].cycles; };
    return EpochHalves{matmul(MatmulKind::kQK) + (edge ? times.array_max_edge : times.array_max),
                       (edge ? times.softmax_edge : times.softmax) + times.rescale,
                       matmul(MatmulKind::kPV) + (edge ? times.array_exp_edge : times.array_exp),
                       edge ? times.beside_edge : times.beside};
  };
  EpochHalves all;
  for (std::size_t i = 0; i < sizes.visible.matmuls.size(); ++i) {
    all.add(sizes.visible.matmuls[i], step(i));
  }
  // Among groups of as many pairs, no epoch has more work than full steps.
  const std::int64_t alike = sizes.busiest.full_groups * sizes.busiest.heads;
  return {pairs * all.cycles(), alike * least_waits(sizes, phase, step(0).cycles())};
}

/// Of one pair on all cores: by how much single epochs' transfers exceed `work` at least.
std::int64_t Evaluator::least_waits(const Sizes& sizes, const PhasePlan& phase,
                                    std::int64_t work) const {
  const TransferCost& transfer = transfers_[static_cast<std::size_t>(sizes.active - 1)];
  const auto beyond = [work](std::int64_t transfers) {
    return std::max<std::int64_t>(0, transfers - work);
  };
  const auto of_rows = [&](std::int64_t row_bytes) {
    return beyond(transfer.cycles(sizes.tiling.q_rows * row_bytes));
  };
  const std::int64_t rounds = sizes.counts.q_tiles;
  std::int64_t waits = of_rows(phase.input_row_bytes);
  if (problem_.hardware.dram.shared_channel) {
    waits += of_rows(phase.output_row_bytes);
  }
  waits *= rounds - 1;  // the last one may be short
  if (!sizes.tiling.kv_resident) {
    // An epoch loads K of one step and V of the one before. Each round may have a narrow sub-tile.
    const auto [keys, values] = load_times(sizes, phase, sizes.busiest.share);
    const VisibleSums& visible = sizes.visible;
    const std::int64_t wide = visible.matmuls[0] + visible.matmuls[2] - rounds - sizes.active;
    waits += std::max<std::int64_t>(0, wide) * beyond(keys.full + values.full);
  }
  return waits;
}

/// A matmul under its array passes, not rounded up along one side, and one start-up; in units of
/// 1 / kLineUnit cycles. Linear in that side.
std::int64_t Evaluator::matmul_line(const MatmulTile& tile, std::int64_t MatmulTile::*along) const {
  const MatrixUnit& unit = problem_.hardware.matrix;
  Int128 passes =
      static_cast<Int128>(pass_millicycles(unit, problem_.shape.bytes.input)) * kLineUnit;
  std::int64_t side = 1;
  const auto cut = [&](std::int64_t MatmulTile::*dimension, std::int64_t width) {
    if (dimension == along) {
      side = width;
    } else {
      passes *= ceil_div(tile.*dimension, width);
    }
  };
  const ArraySides sides = array_sides(unit, tile.kind);
  cut(&MatmulTile::m, sides.m);
  cut(&MatmulTile::n, sides.n);
  cut(&MatmulTile::k, sides.k);
  const auto rate = static_cast<std::int64_t>(passes / (static_cast<Int128>(side) * kMilli));
  return tile.*along * rate + unit.startup_cycles * kLineUnit;
}

/// `out` has the least durations of the matmuls in those units already.
void Evaluator::online_along_rows(const Sizes& sizes, const PhasePlan& phase, std::int64_t rows,
                                  RoundTimes& out) const {
  const std::int64_t cols = sizes.tiling.kv_cols;
  const std::int64_t edge_cols = sizes.counts.edge_cols;
  out.softmax = online_.softmax_line(rows, cols, kLineUnit);
  out.softmax_edge = online_.softmax_line(rows, edge_cols, kLineUnit);
  out.rescale = online_.rescale_line(rows, kLineUnit);
  out.normalise = phase.makes_parts() ? online_.save_state_line(rows, kLineUnit)
                                      : online_.normalise_line(rows, kLineUnit);
  matmuls_along_rows(sizes, rows, out);
}

void Evaluator::epochs_along_rows(const Sizes& sizes, const PhasePlan& phase, std::int64_t rows,
                                  RoundTimes& out) const {
  const std::int64_t cols = sizes.tiling.kv_cols;
  const std::int64_t edge_cols = sizes.counts.edge_cols;
  out.rescale = online_.rescale_line(rows, kLineUnit);
  out.normalise = online_.normalise_line(rows, kLineUnit);
  if (phase.on_array) {
    out.softmax = out.softmax_edge = online_.update_max_line(rows, kLineUnit);
    out.beside = out.beside_edge = online_.update_sum_line(rows, kLineUnit);
    for (std::int64_t* time :
         {&out.array_max, &out.array_max_edge, &out.array_exp, &out.array_exp_edge}) {
      *time *= kLineUnit;
    }
  } else {
    out.softmax = online_.update_line(rows, cols, kLineUnit);
    out.softmax_edge = online_.update_line(rows, edge_cols, kLineUnit);
    out.beside = online_.local_max_line(rows, cols, kLineUnit);
    out.beside_edge = online_.local_max_line(rows, edge_cols, kLineUnit);
  }
  matmuls_along_rows(sizes, rows, out);
}

void Evaluator::matmuls_along_rows(const Sizes& sizes, std::int64_t rows, RoundTimes& out) const {
  const std::int64_t cols = sizes.tiling.kv_cols;
  const std::int64_t edge_cols = sizes.counts.edge_cols;
  const auto raise = [&](MatmulKind kind, std::int64_t width, std::int64_t& time) {
    const MatmulTile tile = matmul_tile(problem_.shape, kind, rows, width);
    time = std::max(time, matmul_line(tile, &MatmulTile::m));
  };
  raise(MatmulKind::kQK, cols, out.first.matmul_full);
  raise(MatmulKind::kQK, edge_cols, out.first.matmul_edge);
  raise(MatmulKind::kPV, cols, out.second.matmul_full);
  raise(MatmulKind::kPV, edge_cols, out.second.matmul_edge);
}

/// `least` in units of 1 / kLineUnit cycles, raised to functions of the columns of a full sub-tile.
PhaseTimes Evaluator::online_along_cols(const Sizes& sizes, const PhaseTimes& least,
                                        std::int64_t cols) const {
  const Shape& shape = problem_.shape;
  const TransferCost& transfer = transfers_[static_cast<std::size_t>(sizes.active - 1)];
  const std::int64_t edge_cols = shape.cols - (sizes.counts.sub_tiles - 1) * cols;
  PhaseTimes times = least;
  times.latency *= kLineUnit;
  const auto raise = [](std::int64_t& time, std::int64_t line) {
    time = std::max(time * kLineUnit, line);
  };
  const auto load = [&](MatmulKind kind, std::int64_t width) {
    return width * (transfer.line_rate(stream_col_bytes(shape, kind), kLineUnit) /
                    sizes.busiest.share) +
           transfer.setup() * kLineUnit;
  };
  const auto stage = [&](MatmulKind kind, std::int64_t rows, StageTimes& out) {
    const auto along = kind == MatmulKind::kQK ? &MatmulTile::n : &MatmulTile::k;
    raise(out.matmul_full, matmul_line(matmul_tile(shape, kind, rows, cols), along));
    raise(out.matmul_edge, matmul_line(matmul_tile(shape, kind, rows, edge_cols), along));
    raise(out.load_full, load(kind, cols));
    raise(out.load_edge, load(kind, edge_cols));
  };
  const auto place = [&](RoundTimes& round, std::int64_t rows) {
    stage(MatmulKind::kQK, rows, round.first);
    stage(MatmulKind::kPV, rows, round.second);
    raise(round.softmax, online_.softmax_line_of_cols(rows, cols, kLineUnit));
    raise(round.softmax_edge, online_.softmax_line_of_cols(rows, edge_cols, kLineUnit));
    if (shape.bias_bytes > 0) {
      const std::int64_t rate = transfer.line_rate(rows * shape.bias_bytes, kLineUnit);
      raise(round.bias, cols * rate + transfer.setup() * kLineUnit);
      raise(round.bias_edge, edge_cols * rate + transfer.setup() * kLineUnit);
    }
    for (std::int64_t* time : {&round.input, &round.store, &round.rescale, &round.normalise}) {
      *time *= kLineUnit;
    }
  };
  place(times.full, sizes.busiest.rows_full);
  place(times.last, sizes.busiest.rows_last);
  times.drop_edge_cols(sizes.busiest);
  return times;
}

}  // namespace tilewright
