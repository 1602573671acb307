// What the vector unit does in an online softmax (Milakov and Gimelshein, arXiv 1805.02867).
#include <algorithm>

#include "replay/kernels.h"
#include "replay/machine.h"
#include "schedules/visible.h"

namespace tilewright {
namespace {

constexpr std::size_t kColumn = 0;
constexpr std::size_t kState = 1;
constexpr std::size_t kOut = 2;
constexpr std::int64_t kFigures = 3;  ///< of a row's state: maximum, sum, factor

Datum state_datum(const Step& step, std::int64_t sub_tiles) {
  const Operation& op = step.operation;
  return {Operand::kState, op.pair,      op.q_tile,        sub_tiles,
          Adjusted::kNo,   Figure::kAll, op.first_sub_tile};
}

}  // namespace

Block Machine::state_block(const Step& step, const SlotUse& slot) const {
  return rows_block(step, slot, elements_.accumulator, kFigures);
}

/// S of a sub-tile becomes P relative to the newest maximum, and the state of its rows goes on.
void Machine::online_softmax(const Step& step) {
  const Operation& op = step.operation;
  const std::span<float> scores = scratch(kOut, op.rows * op.cols);
  memory_.read(step, scores_block(step, step.reads[0], elements_.score),
               scores_datum(step, Operand::kS), scores);
  if (shape_.softcap) {
    cap_scores(scores);
  }
  add_bias(step, op.cols, scores);
  const std::span<float> states = scratch(kState, op.rows * kFigures);
  const std::int64_t known = sub_tiles_before(op);
  if (known > 0) {
    memory_.read(step, state_block(step, step.reads[1]), state_datum(step, known), states);
  }
  const std::int64_t first_col = op.sub_tile * tiling_.kv_cols;
  for (std::int64_t row = 0; row < op.rows; ++row) {
    float* const own = &states[static_cast<std::size_t>(row * kFigures)];
    RowState state = known > 0 ? RowState{own[0], own[1], own[2]} : RowState{};
    const KeyRange keys = keys_of(shape_, first_row(step) + row);
    online_softmax_row(
        scores.subspan(static_cast<std::size_t>(row * op.cols), static_cast<std::size_t>(op.cols)),
        std::clamp<std::int64_t>(keys.first - first_col, 0, op.cols),
        std::clamp<std::int64_t>(keys.end - first_col, 0, op.cols), state);
    own[0] = state.maximum;
    own[1] = state.sum;
    own[2] = state.factor;
  }
  memory_.write(step, scores_block(step, step.writes[0], elements_.input),
                scores_datum(step, Operand::kP), scores);
  memory_.write(step, state_block(step, step.writes[1]), state_datum(step, known + 1), states);
}

/// O to the maximum of the next sub-tile or, after the last one, divided by the sum.
void Machine::adjust(const Step& step) {
  const Operation& op = step.operation;
  const bool last = op.vector == VectorKind::kNormalise;
  const std::int64_t added = sub_tiles_before(op) + 1;
  const std::int64_t known = added + (last ? 0 : 1);
  const std::span<float> states = scratch(kState, op.rows * kFigures);
  memory_.read(step, state_block(step, step.reads[1]), state_datum(step, known), states);
  const std::span<float> column = scratch(kColumn, op.rows);
  for (std::size_t row = 0; row < column.size(); ++row) {
    column[row] = states[row * static_cast<std::size_t>(kFigures) + (last ? 1 : 2)];
  }
  Datum output = state_datum(step, added);
  output.operand = Operand::kO;
  adjust_output(step, output, column);
}

/// O, which is `datum`, times the factor of its row or divided by its sum.
void Machine::adjust_output(const Step& step, Datum datum, std::span<const float> column) {
  const Operation& op = step.operation;
  const bool last = op.vector == VectorKind::kNormalise;
  const std::span<float> out = scratch(kOut, op.rows * shape_.v_dim);
  const Block output = output_block(step, step.writes[0]);
  memory_.read(step, output, datum, out);
  if (last) {
    divide_rows(column, out);
  } else {
    scale_rows(column, out);
  }
  datum.adjusted = last ? Adjusted::kNormalised : Adjusted::kRescaled;
  memory_.write(step, output, datum, out);
}

}  // namespace tilewright
