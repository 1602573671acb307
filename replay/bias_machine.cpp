// A bias of the scores: its loads, and adding it before the softmax.
#include <algorithm>
#include <functional>

#include "replay/machine.h"

namespace tilewright {
namespace {

constexpr std::size_t kBias = 6;  // a room of Machine::scratch(): see machine.cpp

/// Of whole rows or, where softmax is online, of a sub-tile.
Datum bias_datum(const Step& step) {
  const Operation& op = step.operation;
  const bool sub_tile = op.vector != VectorKind::kSoftmax;
  return {Operand::kBias, op.pair, op.q_tile, sub_tile ? op.sub_tile + 1 : 0};
}

}  // namespace

/// The bias of a round's pair or of its sub-tile. Behind the input of all pairs, if it has no slot
/// of its own.
Block Machine::bias_block(const Step& step, const SlotUse& slot, std::int64_t cols) const {
  const Operation& op = step.operation;
  Block block = rows_block(step, slot, elements_.bias, cols);
  if (slot.pool == SlotUse::Pool::kInput) {
    const PhasePlan& phase = problem_.plans.of(tiling_).phases()[step.phase];
    block.at.byte += tiling_.heads * op.rows *
                     row_bytes(shape_, phase.input, phase.input_row_bytes, op.row_cols);
  }
  return block;
}

/// Adds it to `scores`. It is in the last slot that the step reads.
void Machine::add_bias(const Step& step, std::int64_t cols, std::span<float> scores) {
  if (shape_.bias_bytes == 0) {
    return;
  }
  const Operation& op = step.operation;
  const std::span<float> bias = scratch(kBias, op.rows * cols);
  memory_.read(step, bias_block(step, step.read_slots().back(), cols), bias_datum(step), bias);
  std::transform(scores.begin(), scores.end(), bias.begin(), scores.begin(), std::plus<>());
}

void Machine::load_bias(const Step& step) {
  const Operation& op = step.operation;
  DramTensor& tensor = dram_.of(Operand::kBias);
  const Datum datum = bias_datum(step);
  const DramRows rows = dram_rows(step, tensor);
  check_payload(step, rows.count * rows.bytes, datum);
  SlotByte to = bias_block(step, step.writes[0], rows.cols).at;
  for (std::int64_t row = 0; row < rows.count; ++row) {
    memory_.write_bytes(step, to, rows.bytes, datum,
                        tensor.at(op.pair % shape_.bias_pairs, rows.first + row, rows.first_byte));
    to.byte += rows.bytes;
  }
  moved_.loaded[static_cast<std::size_t>(Operand::kBias)] += rows.count * rows.bytes;
}

}  // namespace tilewright
