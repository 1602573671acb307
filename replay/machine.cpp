#include "replay/machine.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/math.h"
#include "replay/kernels.h"
#include "schedules/expand_epochs.h"
#include "schedules/operation_names.h"
#include "schedules/visible.h"

namespace tilewright {
namespace {

using Pool = SlotUse::Pool;

constexpr std::size_t kLeft = 0;
constexpr std::size_t kRight = 1;
constexpr std::size_t kOut = 2;

std::size_t index_of(Operand operand) {
  return static_cast<std::size_t>(operand);
}

Datum rows_datum(const Step& step, Operand operand, std::int64_t added = 0) {
  const Operation& op = step.operation;
  const std::int64_t first = op.epoch < 0 ? op.first_sub_tile : 0;
  return {operand, op.pair, op.q_tile, added, Adjusted::kNo, Figure::kAll, first};
}

Datum sub_tile_datum(const Step& step, Operand operand) {
  return {operand, step.operation.pair, step.operation.sub_tile};
}

std::vector<std::int64_t> rows_by_phase(const Problem& problem, const Tiling& tiling) {
  std::vector<std::int64_t> rows;
  for (const PhasePlan& phase : problem.plans.of(tiling).phases()) {
    const PhaseDeal deal = phase_deal(problem.shape, tiling, problem.layout, phase);
    rows.push_back(phase.merges ? 1 : deal.tiling.q_rows);
  }
  return rows;
}

}  // namespace

Machine::Machine(const Problem& problem, const Tiling& tiling, const Elements& elements,
                 DramTensors& dram, LocalMemory& memory, Violations& violations)
    : problem_(problem),
      shape_(problem.shape),
      tiling_(tiling),
      elements_(elements),
      counts_(count_tiles(shape_, tiling)),
      online_(problem.plans.of(tiling).phases().front().online),
      epochs_(problem.plans.of(tiling).phases().front().epochs),
      one_operator_(epochs_ && !problem.plans.of(tiling).phases().front().has_second),
      sub_tile_steps_(steps_are_sub_tiles(problem.plans.of(tiling).phases().front())),
      values_in_keys_(problem.plans.of(tiling).phases().front().values_in_keys),
      q_rows_(rows_by_phase(problem, tiling)),
      overwritten_(overwritten_sub_tiles(shape_, tiling)),
      together_(cores_in_step(counts_, tiling.core_split, problem.layout)),
      splits_keys_(tiling.core_split == CoreSplit::kKeyValue),
      parts_(splits_keys_ ? active_cores(counts_, tiling.core_split, problem.layout) : 1),
      stride_(deal_rounds(counts_, tiling, problem.layout, 0).sub_tile_stride),
      dram_(dram),
      memory_(memory),
      violations_(violations) {}

void Machine::execute(const Step& step) {
  const Operation& op = step.operation;
  if (epochs_ && op.unit != Unit::kLoad && op.vector != VectorKind::kSoftmax) {
    return element_wise(step);
  }
  switch (op.unit) {
    case Unit::kLoad:
      if (op.operand == Operand::kBias) {
        return load_bias(step);
      }
      return op.operand == Operand::kK || op.operand == Operand::kV ? load_sub_tile(step)
                                                                    : load_rows(step);
    case Unit::kStore:
      return op.operand == Operand::kPart
                 ? store_part(step)
                 : (op.operand == Operand::kO ? store_output(step) : store(step));
    case Unit::kVector:
      if (splits_keys_ && op.vector == VectorKind::kMerge) {
        return merge(step);
      }
      if (splits_keys_ && op.vector == VectorKind::kSaveState) {
        return save_state(step);
      }
      return online_ ? (op.operand == Operand::kO ? adjust(step) : online_softmax(step))
                     : softmax(step);
    case Unit::kMatrix:
      return op.matmul == MatmulKind::kQK ? multiply_scores(step) : multiply_values(step);
  }
}

std::span<float> Machine::scratch(std::size_t which, std::int64_t count) {
  std::vector<float>& room = scratch_[which];
  if (room.size() < static_cast<std::size_t>(count)) {
    room.resize(static_cast<std::size_t>(count));
  }
  return {room.data(), static_cast<std::size_t>(count)};
}

/// All rows of a round's pair in a slot that holds those of the round's other pairs, too.
Block Machine::rows_block(const Step& step, const SlotUse& slot, const Element& element,
                          std::int64_t cols) const {
  const Operation& op = step.operation;
  // Where P takes the place of S, pairs stay as far apart as those of the larger of the two.
  const bool scores = slot.pool == Pool::kScore || slot.pool == Pool::kArray;
  const std::int64_t bytes =
      scores ? std::max(shape_.bytes.score, shape_.bytes.input) : element.bytes;
  return Block::dense({slot, head(step) * op.rows * cols * bytes}, element, op.rows, cols);
}

/// Of whole rows of S or P, the columns of the operation's sub-tile.
Block Machine::columns_of(const Step& step, Block rows) const {
  const std::int64_t before = step.operation.sub_tile - step.operation.first_sub_tile;
  rows.at.byte += before * tiling_.kv_cols * rows.element.bytes;
  rows.cols = step.operation.cols;
  return rows;
}

/// S or P as far as the sub-tile of the operation is concerned: an online softmax has no more.
Block Machine::scores_block(const Step& step, const SlotUse& slot, const Element& element) const {
  return online_ ? rows_block(step, slot, element, step.operation.cols)
                 : columns_of(step, rows_block(step, slot, element, step.operation.row_cols));
}

Datum Machine::scores_datum(const Step& step, Operand operand) const {
  const bool part = online_ || (one_operator_ && step.operation.row_cols != shape_.cols);
  return rows_datum(step, operand, part ? step.operation.sub_tile + 1 : 0);
}

void Machine::check_payload(const Step& step, std::int64_t moved, const Datum& datum) {
  if (moved != step.operation.payload_bytes) {
    violations_.add(
        {operation_text(step.operation), "DRAM", datum_text(datum),
         fmt::format("has {} bytes, but the payload is {}", moved, step.operation.payload_bytes)});
  }
}

void Machine::check_stored(const Step& step, const Datum& datum) {
  const DramTensor& tensor = dram_.of(step.operation.operand);
  const std::int64_t wanted =
      step.operation.operand == Operand::kPart ? std::min(parts_, DramTensor::kMostStores) : 1;
  for (std::int64_t row = 0; row < step.operation.rows; ++row) {
    if (tensor.stores(step.operation.pair, first_row(step) + row) < wanted) {
      violations_.add({operation_text(step.operation), "DRAM", datum_text(datum),
                       "is loaded before it is stored"});
      return;
    }
  }
}

/// The rows of a round in DRAM: whole ones of Q, of S and P the columns that are computed.
Machine::DramRows Machine::dram_rows(const Step& step, const DramTensor& tensor) const {
  const Operation& op = step.operation;
  const std::int64_t element = tensor.element().bytes;
  const bool scores =
      op.operand == Operand::kS || op.operand == Operand::kP || op.operand == Operand::kBias;
  const bool sub_tile = op.operand == Operand::kBias && op.vector != VectorKind::kSoftmax;
  const std::int64_t row_cols = sub_tile ? op.cols : op.row_cols;
  const std::int64_t first = sub_tile ? op.sub_tile : op.first_sub_tile;
  const std::int64_t cols = scores ? row_cols : tensor.cols();
  const std::int64_t before = scores ? first * tiling_.kv_cols : 0;
  if (cols == tensor.cols()) {
    // They stand one after the other, as in the slot: one piece.
    return {first_row(step), 1, cols, 0, op.rows * cols * element};
  }
  return {first_row(step), op.rows, cols, before * element, cols * element};
}

/// The input of a round: Q, or S, P or parts of O that a phase before has stored.
void Machine::load_rows(const Step& step) {
  const Operation& op = step.operation;
  DramTensor& tensor = dram_.of(op.operand);
  const bool scores = op.operand == Operand::kS || op.operand == Operand::kP;
  const Datum datum = scores ? scores_datum(step, op.operand) : rows_datum(step, op.operand);
  if (op.operand != Operand::kQ) {
    check_stored(step, datum);
  }
  const DramRows rows = dram_rows(step, tensor);
  check_payload(step, rows.count * rows.bytes, datum);
  SlotByte to = rows_block(step, step.writes[0], tensor.element(), rows.cols).at;
  for (std::int64_t row = 0; row < rows.count; ++row) {
    memory_.write_bytes(step, to, rows.bytes, datum,
                        tensor.at(op.pair, rows.first + row, rows.first_byte));
    to.byte += rows.bytes;
  }
  moved_.loaded[index_of(op.operand)] += rows.count * rows.bytes;
}

/// The first sub-tile of K (V) whose slot P takes; beyond the last one without overwrite.
std::int64_t Machine::destroyed_from(Operand operand) const {
  const Overwrite own = operand == Operand::kK ? Overwrite::kKey : Overwrite::kValue;
  return counts_.sub_tiles - (tiling_.overwrite == own ? overwritten_ : 0);
}

bool Machine::is_destroyed(const Operation& op, Operand operand) const {
  return op.sub_tile >= destroyed_from(operand);
}

/// What `core` moves of `bytes` that the cores in lock-step load together.
Machine::Share Machine::share_of(std::int64_t core, std::int64_t bytes) const {
  const std::int64_t rank = together_ > 1 ? core : 0;
  const auto begin = [&](std::int64_t of) {
    return bytes / together_ * of + std::min(of, bytes % together_);
  };
  return {begin(rank), begin(rank + 1)};
}

/// Where in its slot a sub-tile of K or V starts.
SlotByte Machine::sub_tile_place(const Step& step, std::span<const SlotUse> slots,
                                 Operand operand) const {
  const Operation& op = step.operation;
  const std::int64_t column =
      operand == Operand::kK ? key_col_bytes(shape_) : value_col_bytes(shape_);
  const std::int64_t tile = tiling_.kv_cols * column;
  if (slots[0].pool == Pool::kProbability) {
    return {slots[0], (op.sub_tile - destroyed_from(operand)) * tile};
  }
  if (slots[0].pool == Pool::kScore) {
    return {slots[0], slots[1].index * tile};
  }
  if (!tiling_.kv_resident && (epochs_ || values_in_keys_)) {
    // A slot has what a step needs, of all its pairs: a sub-tile each, or all of a round.
    const std::int64_t before = (op.sub_tile - op.first_sub_tile) * tile;
    return sub_tile_steps_ ? SlotByte{slots[0], head(step) * tile}
                           : SlotByte{slots[0], head(step) * op.row_cols * column + before};
  }
  if (!tiling_.kv_resident) {
    return {slots[0], 0};
  }
  if (splits_keys_) {
    return {slots[0], head(step) * op.row_cols * column + sub_tiles_before(op) * tile};
  }
  const std::int64_t cols = std::min(shape_.cols, destroyed_from(operand) * tiling_.kv_cols);
  return {slots[0], head(step) * cols * column + op.sub_tile * tile};
}

void Machine::load_sub_tile(const Step& step) {
  const Operation& op = step.operation;
  const bool in_keys = op.operand == Operand::kV && shape_.v_in_k;
  const DramTensor& tensor = dram_.of(in_keys ? Operand::kK : op.operand);
  const Datum datum = sub_tile_datum(step, op.operand);
  const std::int64_t row_bytes =
      op.operand == Operand::kK ? key_col_bytes(shape_) : value_col_bytes(shape_);
  const Share share = share_of(op.core, op.cols * row_bytes);
  check_payload(step, share.end - share.begin, datum);
  SlotByte to = sub_tile_place(step, step.write_slots(), op.operand);
  if (is_destroyed(op, op.operand)) {
    reloaded_ += to.slot.pool == Pool::kScore && !op.follows ? 1 : 0;
  }
  const std::int64_t first_row = op.sub_tile * tiling_.kv_cols;
  // Of rows that have more than V, piece by piece.
  const std::int64_t whole = in_keys ? row_bytes : share.end;
  for (std::int64_t at = share.begin; at < share.end;) {
    const std::int64_t row = in_keys ? at / row_bytes : 0;
    const std::int64_t end = std::min(share.end, (row + 1) * whole);
    memory_.write_bytes(step, {to.slot, to.byte + at}, end - at, datum,
                        tensor.at(op.pair, first_row + row, at - row * whole));
    at = end;
  }
  moved_.loaded[index_of(op.operand)] += share.end - share.begin;
}

/// The right operand of a matmul, as op.cols rows of `cols` elements.
std::span<float> Machine::read_sub_tile(const Step& step, Operand operand, std::int64_t cols) {
  const Operation& op = step.operation;
  const std::span<float> right = scratch(kRight, op.cols * cols);
  const bool in_keys = operand == Operand::kV && values_in_keys_;
  const Operand held = in_keys ? Operand::kK : operand;
  const SlotByte at = sub_tile_place(step, step.read_slots(), held);
  const Block block{at, elements_.kv, op.cols, cols, in_keys ? shape_.qk_dim : cols};
  memory_.read(step, block, sub_tile_datum(step, held), right);
  return right;
}

/// O of a round's pair; the maxima and sums of a part stand beside it.
Block Machine::output_block(const Step& step, const SlotUse& slot) const {
  if (!splits_keys_ || merges(step)) {
    return rows_block(step, slot, elements_.accumulator, shape_.v_dim);
  }
  Block block = part_block(step, slot);
  block.cols = shape_.v_dim;
  return block;
}

/// S = Q K^T for the columns of one sub-tile.
void Machine::multiply_scores(const Step& step) {
  const Operation& op = step.operation;
  const std::span<float> right = read_sub_tile(step, Operand::kK, shape_.qk_dim);
  const std::span<float> left = scratch(kLeft, op.rows * shape_.qk_dim);
  const Block queries = rows_block(step, step.read_slots().back(), elements_.input, shape_.qk_dim);
  memory_.read(step, queries, rows_datum(step, Operand::kQ), left);
  const std::span<float> out = scratch(kOut, op.rows * op.cols);
  macs_ += op.rows * op.cols * shape_.qk_dim;
  multiply_transposed({op.rows, op.cols, shape_.qk_dim}, left, right, out);
  const Block scores = scores_block(step, step.writes[0], elements_.score);
  memory_.write(step, scores, scores_datum(step, Operand::kS), out);
}

/// O += P V for one sub-tile; the first one starts O.
void Machine::multiply_values(const Step& step) {
  const Operation& op = step.operation;
  const std::span<float> right = read_sub_tile(step, Operand::kV, shape_.v_dim);
  const std::span<float> left = scratch(kLeft, op.rows * op.cols);
  const Block probs = scores_block(step, step.read_slots().back(), elements_.input);
  memory_.read(step, probs, scores_datum(step, Operand::kP), left);
  const std::span<float> out = scratch(kOut, op.rows * shape_.v_dim);
  std::fill(out.begin(), out.end(), 0.0F);
  const Block output = output_block(step, step.writes[0]);
  const std::int64_t added = one_operator_ ? op.sub_tile : sub_tiles_before(op);
  if (added > 0 || (online_ && epochs_)) {
    Datum so_far = rows_datum(step, Operand::kO, added);
    so_far.adjusted = online_ ? Adjusted::kRescaled : Adjusted::kNo;
    memory_.read(step, output, so_far, out);
  }
  macs_ += op.rows * op.cols * shape_.v_dim;
  multiply_add({op.rows, shape_.v_dim, op.cols}, left, right, out);
  memory_.write(step, output, rows_datum(step, Operand::kO, added + 1), out);
}

void Machine::softmax(const Step& step) {
  const Operation& op = step.operation;
  const std::span<float> rows = scratch(kOut, op.rows * op.row_cols);
  const Block scores = rows_block(step, step.reads[0], elements_.score, op.row_cols);
  memory_.read(step, scores, rows_datum(step, Operand::kS), rows);
  if (shape_.softcap) {
    cap_scores(rows);
  }
  add_bias(step, op.row_cols, rows);
  const std::int64_t first_col = op.first_sub_tile * tiling_.kv_cols;
  for (std::int64_t row = 0; row < op.rows; ++row) {
    const KeyRange keys = keys_of(shape_, first_row(step) + row);
    softmax_row(rows.subspan(static_cast<std::size_t>(row * op.row_cols),
                             static_cast<std::size_t>(op.row_cols)),
                keys.first - first_col, keys.end - first_col);
  }
  const Block probs = rows_block(step, step.writes[0], elements_.input, op.row_cols);
  memory_.write(step, probs, rows_datum(step, Operand::kP), rows);
}

void Machine::note_stored(const Step& step) {
  for (std::int64_t row = 0; row < step.operation.rows; ++row) {
    dram_.of(step.operation.operand).note_store(step.operation.pair, first_row(step) + row);
  }
}

/// S or P, as they are.
void Machine::store(const Step& step) {
  const Operation& op = step.operation;
  DramTensor& tensor = dram_.of(op.operand);
  const Datum datum = scores_datum(step, op.operand);
  const DramRows rows = dram_rows(step, tensor);
  check_payload(step, rows.count * rows.bytes, datum);
  SlotByte from = rows_block(step, step.reads[0], tensor.element(), rows.cols).at;
  for (std::int64_t row = 0; row < rows.count; ++row) {
    memory_.read_bytes(step, from, rows.bytes, datum,
                       tensor.at(op.pair, rows.first + row, rows.first_byte));
    from.byte += rows.bytes;
  }
  note_stored(step);
  moved_.stored[index_of(op.operand)] += rows.count * rows.bytes;
}

/// O, from accumulators to elements of the input's type.
void Machine::store_output(const Step& step) {
  const Operation& op = step.operation;
  DramTensor& tensor = dram_.of(Operand::kO);
  Datum datum = rows_datum(step, Operand::kO, ceil_div(op.row_cols, tiling_.kv_cols));
  datum.adjusted = online_ ? Adjusted::kNormalised : Adjusted::kNo;
  check_payload(step, op.rows * tensor.row_bytes(), datum);
  const std::span<float> rows = scratch(kOut, op.rows * shape_.v_dim);
  memory_.read(step, output_block(step, step.reads[0]), datum, rows);
  encode(tensor.element(), rows, tensor.at(op.pair, first_row(step)));
  note_stored(step);
  moved_.stored[index_of(Operand::kO)] += op.rows * tensor.row_bytes();
}

}  // namespace tilewright
