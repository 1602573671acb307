// An online softmax in parts, as in the epochs of FuseMax (arXiv 2406.10491): every figure of a
// row's state is written on its own, some of them by the array.
#include <algorithm>
#include <cmath>
#include <limits>

#include "replay/kernels.h"
#include "replay/machine.h"
#include "schedules/visible.h"

namespace tilewright {
namespace {

constexpr std::int64_t kFigures = 4;  ///< of a row: maximum, sum, factor, the sub-tile's own
constexpr std::size_t kScores = 2;    // rooms of Machine::scratch(): see machine.cpp
constexpr std::size_t kFirst = 3;
constexpr std::size_t kSecond = 4;
constexpr std::size_t kThird = 5;

constexpr std::int64_t place_of(Figure figure) {
  switch (figure) {
    case Figure::kMaximum:
      return 0;
    case Figure::kSum:
      return 1;
    case Figure::kFactor:
      return 2;
    default:
      return 3;
  }
}

std::span<float> row_of(std::span<float> rows, std::size_t row, std::int64_t cols) {
  const auto width = static_cast<std::size_t>(cols);
  return rows.subspan(row * width, width);
}

Datum figure_datum(const Operation& op, Figure figure, std::int64_t known) {
  return {Operand::kState, op.pair, op.q_tile, known, Adjusted::kNo, figure};
}

}  // namespace

void Machine::element_wise(const Step& step) {
  switch (step.operation.vector) {
    case VectorKind::kLocalMax:
      return local_max(step);
    case VectorKind::kUpdateMax:
      return update_max(step);
    case VectorKind::kExponentials:
      return exponentials(step);
    case VectorKind::kUpdateSum:
      return update_sum(step);
    case VectorKind::kUpdate:
      return update(step);
    default:
      return adjust_in_epoch(step);
  }
}

/// One figure of all rows, known after `known` sub-tiles, from the slot that the step reads.
std::span<float> Machine::read_figure(const Step& step, std::size_t slot, Figure figure,
                                      std::int64_t known, std::size_t room) {
  const std::span<float> values = scratch(room, step.operation.rows);
  Block block = rows_block(step, step.reads[slot], elements_.accumulator, kFigures);
  block.at.byte += place_of(figure) * elements_.accumulator.bytes;
  block.cols = 1;
  memory_.read(step, block, figure_datum(step.operation, figure, known), values);
  return values;
}

void Machine::write_figure(const Step& step, const SlotUse& slot, Figure figure,
                           std::span<const float> values) {
  Block block = rows_block(step, slot, elements_.accumulator, kFigures);
  block.at.byte += place_of(figure) * elements_.accumulator.bytes;
  block.cols = 1;
  memory_.write(step, block,
                figure_datum(step.operation, figure, sub_tiles_before(step.operation) + 1), values);
}

/// The largest score of each row of a sub-tile, after the soft cap, the bias and the mask.
void Machine::local_max(const Step& step) {
  const Operation& op = step.operation;
  const std::span<float> scores = scratch(kScores, op.rows * op.cols);
  const Block block = scores_block(step, step.reads[0], elements_.score);
  memory_.read(step, block, scores_datum(step, Operand::kS), scores);
  if (shape_.softcap) {
    cap_scores(scores);
  }
  add_bias(step, op.cols, scores);
  if (op.masked_cols > 0) {
    hide_scores(step, scores);
  }
  if (shape_.softcap || shape_.bias_bytes > 0 || op.masked_cols > 0) {
    memory_.write(step, block, scores_datum(step, Operand::kS), scores);
  }
  const std::span<float> maxima = scratch(kFirst, op.rows);
  for (std::size_t row = 0; row < maxima.size(); ++row) {
    const std::span<float> values = row_of(scores, row, op.cols);
    maxima[row] = *std::max_element(values.begin(), values.end());
  }
  write_figure(step, step.writes[1], Figure::kOwnMaximum, maxima);
}

/// Minus infinity for what a mask hides.
void Machine::hide_scores(const Step& step, std::span<float> scores) const {
  const Operation& op = step.operation;
  const std::int64_t first_col = op.sub_tile * tiling_.kv_cols;
  for (std::int64_t row = 0; row < op.rows; ++row) {
    const KeyRange keys = keys_of(shape_, first_row(step) + row);
    const std::span<float> values = row_of(scores, static_cast<std::size_t>(row), op.cols);
    for (std::int64_t col = 0; col < op.cols; ++col) {
      const std::int64_t key = first_col + col;
      if (key < keys.first || key >= keys.end) {
        values[static_cast<std::size_t>(col)] = -std::numeric_limits<float>::infinity();
      }
    }
  }
}

/// The maximum of all scores so far, and the factor to it from the one before. Reads the state of
/// this sub-tile, then that of the one before if there is one.
void Machine::update_max(const Step& step) {
  const Operation& op = step.operation;
  const bool array = op.vector == VectorKind::kUpdateMax;
  const std::size_t own_slot = array ? 0 : 1;
  const SlotUse& state = step.writes[array ? 0 : 1];
  const std::span<float> maxima =
      read_figure(step, own_slot, Figure::kOwnMaximum, sub_tiles_before(op) + 1, kFirst);
  const std::span<float> factors = scratch(kSecond, op.rows);
  std::fill(factors.begin(), factors.end(), 0.0F);
  if (sub_tiles_before(op) > 0) {
    const std::span<float> before =
        read_figure(step, own_slot + 1, Figure::kMaximum, sub_tiles_before(op), kThird);
    for (std::size_t row = 0; row < maxima.size(); ++row) {
      maxima[row] = std::max(maxima[row], before[row]);
      factors[row] = std::isinf(maxima[row]) ? 1.0F : std::exp(before[row] - maxima[row]);
    }
  }
  write_figure(step, state, Figure::kMaximum, maxima);
  write_figure(step, state, Figure::kFactor, factors);
}

/// P of a sub-tile and, as they leave the array, the sums of its rows.
void Machine::exponentials(const Step& step) {
  const Operation& op = step.operation;
  const std::span<float> maxima =
      read_figure(step, 1, Figure::kMaximum, sub_tiles_before(op) + 1, kFirst);
  const std::span<float> scores = scratch(kScores, op.rows * op.cols);
  memory_.read(step, scores_block(step, step.reads[0], elements_.score),
               scores_datum(step, Operand::kS), scores);
  const std::span<float> sums = scratch(kSecond, op.rows);
  for (std::size_t row = 0; row < maxima.size(); ++row) {
    sums[row] = exponentials_of_row(row_of(scores, row, op.cols), maxima[row]);
  }
  memory_.write(step, scores_block(step, step.writes[0], elements_.input),
                scores_datum(step, Operand::kP), scores);
  write_figure(step, step.writes[1], Figure::kOwnSum, sums);
}

void Machine::update_sum(const Step& step) {
  const Operation& op = step.operation;
  const std::span<float> sums =
      read_figure(step, 0, Figure::kOwnSum, sub_tiles_before(op) + 1, kFirst);
  if (sub_tiles_before(op) > 0) {
    const std::span<float> factors =
        read_figure(step, 0, Figure::kFactor, sub_tiles_before(op) + 1, kSecond);
    const std::span<float> before =
        read_figure(step, 1, Figure::kSum, sub_tiles_before(op), kThird);
    for (std::size_t row = 0; row < sums.size(); ++row) {
      sums[row] += before[row] * factors[row];
    }
  }
  write_figure(step, step.writes[0], Figure::kSum, sums);
}

/// All of it on the vector unit, but for the maxima of the sub-tile.
void Machine::update(const Step& step) {
  update_max(step);
  const Operation& op = step.operation;
  const std::span<float> maxima = scratch(kFirst, op.rows);
  const std::span<float> factors = scratch(kSecond, op.rows);
  const std::span<float> sums = scratch(kThird, op.rows);
  std::fill(sums.begin(), sums.end(), 0.0F);
  if (sub_tiles_before(op) > 0) {
    read_figure(step, 2, Figure::kSum, sub_tiles_before(op), kThird);
  }
  const std::span<float> scores = scratch(kScores, op.rows * op.cols);
  memory_.read(step, scores_block(step, step.reads[0], elements_.score),
               scores_datum(step, Operand::kS), scores);
  for (std::size_t row = 0; row < maxima.size(); ++row) {
    sums[row] =
        sums[row] * factors[row] + exponentials_of_row(row_of(scores, row, op.cols), maxima[row]);
  }
  memory_.write(step, scores_block(step, step.writes[0], elements_.input),
                scores_datum(step, Operand::kP), scores);
  write_figure(step, step.writes[1], Figure::kSum, sums);
}

/// O before P V of the step: cleared or times the factor; or divided by the sum of its row.
void Machine::adjust_in_epoch(const Step& step) {
  const Operation& op = step.operation;
  const bool last = op.vector == VectorKind::kNormalise;
  const std::int64_t before = sub_tiles_before(op);
  Datum datum{Operand::kO, op.pair, op.q_tile, before + (last ? 1 : 0)};
  if (last || before > 0) {
    const Figure figure = last ? Figure::kSum : Figure::kFactor;
    adjust_output(step, datum, read_figure(step, 0, figure, before + 1, kFirst));
    return;
  }
  const std::span<float> out = scratch(kScores, op.rows * shape_.v_dim);
  std::fill(out.begin(), out.end(), 0.0F);
  datum.adjusted = Adjusted::kRescaled;
  memory_.write(step, output_block(step, step.writes[0]), datum, out);
}

}  // namespace tilewright
