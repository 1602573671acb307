// What a split of keys and values does beside an online softmax: parts of O with the maximum and
// the sum of every row go through DRAM and are merged (Flash-Decoding).
#include "common/math.h"
#include "replay/kernels.h"
#include "replay/machine.h"

namespace tilewright {
namespace {

constexpr std::size_t kParts = 0;
constexpr std::size_t kState = 1;
constexpr std::size_t kSaved = 2;
constexpr std::size_t kRow = 3;
constexpr std::int64_t kFigures = 3;       ///< of a row's state: maximum, sum, factor
constexpr std::int64_t kSavedFigures = 2;  ///< maximum and sum

Datum part_datum(const Step& step, Operand operand, std::int64_t sub_tiles) {
  const Operation& op = step.operation;
  return {operand, op.pair, op.q_tile, sub_tiles, Adjusted::kNo, Figure::kAll, op.first_sub_tile};
}

}  // namespace

/// O with maxima and sums.
Block Machine::part_block(const Step& step, const SlotUse& slot) const {
  return rows_block(step, slot, elements_.accumulator, part_elements(shape_));
}

/// Beside an O that is complete.
void Machine::save_state(const Step& step) {
  const Operation& op = step.operation;
  memory_.read(step, output_block(step, step.reads[0]),
               part_datum(step, Operand::kO, sub_tiles_before(op) + 1),
               scratch(kRow, op.rows * shape_.v_dim));
  const Datum datum = part_datum(step, Operand::kState, sub_tiles_before(op) + 1);
  const std::span<float> states = scratch(kState, op.rows * kFigures);
  memory_.read(step, state_block(step, step.reads[1]), datum, states);
  const std::span<float> saved = scratch(kSaved, op.rows * kSavedFigures);
  for (std::int64_t row = 0; row < op.rows; ++row) {
    for (std::int64_t i = 0; i < kSavedFigures; ++i) {
      saved[static_cast<std::size_t>(row * kSavedFigures + i)] =
          states[static_cast<std::size_t>(row * kFigures + i)];
    }
  }
  Block block = part_block(step, step.writes[0]);
  block.at.byte += shape_.v_dim * elements_.accumulator.bytes;
  block.cols = kSavedFigures;
  memory_.write(step, block, datum, saved);
}

void Machine::store_part(const Step& step) {
  const Operation& op = step.operation;
  DramTensor& tensor = dram_.of(Operand::kPart);
  const std::int64_t sub_tiles = ceil_div(op.row_cols, tiling_.kv_cols);
  const std::int64_t element = elements_.accumulator.bytes;
  const std::int64_t output_bytes = shape_.v_dim * element;
  const std::int64_t row_bytes = part_elements(shape_) * element;
  const Datum output = part_datum(step, Operand::kO, sub_tiles);
  check_payload(step, op.rows * row_bytes, output);
  SlotByte from = part_block(step, step.reads[0]).at;
  for (std::int64_t row = first_row(step); row < first_row(step) + op.rows; ++row) {
    const std::int64_t at = op.core * row_bytes;
    memory_.read_bytes(step, from, output_bytes, output, tensor.at(op.pair, row, at));
    memory_.read_bytes(step, {from.slot, from.byte + output_bytes}, row_bytes - output_bytes,
                       part_datum(step, Operand::kState, sub_tiles),
                       tensor.at(op.pair, row, at + output_bytes));
    from.byte += row_bytes;
  }
  note_stored(step);
  moved_.stored[static_cast<std::size_t>(Operand::kPart)] += op.rows * row_bytes;
}

/// One row from all its parts.
void Machine::merge(const Step& step) {
  const std::int64_t cols = parts_ * part_elements(shape_);
  const std::span<float> parts = scratch(kParts, cols);
  memory_.read(step, rows_block(step, step.reads[0], elements_.accumulator, cols),
               part_datum(step, Operand::kPart, 0), parts);
  const std::span<float> row = scratch(kRow, shape_.v_dim);
  merge_parts(parts, row);
  Datum datum = part_datum(step, Operand::kO, 0);
  datum.adjusted = Adjusted::kNormalised;
  memory_.write(step, output_block(step, step.writes[0]), datum, row);
}

}  // namespace tilewright
