// What a schedule does with a candidate, in hardware-free terms: one or more phases, each a
// pipeline over rounds. expand.h turns a plan into single operations; the cost model reads it
// directly.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "schedules/rounds.h"
#include "schedules/shape.h"
#include "schedules/tiling.h"

namespace tilewright {

enum class MatmulKind : std::uint8_t {
  kQK,  ///< rows x cols x E: scores of a sub-tile; its right operand is a K sub-tile
  kPV   ///< rows x F x cols: adds to the output; its right operand is a V sub-tile
};

/// Place in tables by kind.
constexpr std::size_t index_of(MatmulKind kind) {
  return kind == MatmulKind::kQK ? 0 : 1;
}

/// What the vector unit does in one operation.
enum class VectorKind : std::uint8_t {
  kSoftmax,        ///< of whole score rows
  kOnlineSoftmax,  ///< of one sub-tile, with the state of its rows brought up to date
  kRescale,        ///< O times the correction factor of the next sub-tile's maximum
  kNormalise,      ///< O divided by the sum of its row
  // One online softmax in parts (epochs). On the array: what it does itself, as a matrix operation.
  kLocalMax,      ///< the largest score of each row of a sub-tile
  kExponentials,  ///< P of a sub-tile and its row sums; on the array
  kUpdate,        ///< running maximum, correction factor, P and running sum
  kUpdateMax,     ///< running maximum and correction factor alone
  kUpdateSum,     ///< running sum alone
  // A split of keys and values.
  kSaveState,  ///< maximum and sum of each row put beside O, to be stored with it
  kMerge       ///< O of some rows from its parts
};

/// kState: running maximum, running sum and correction factor of every row (online form).
/// kPart: O of some of the keys, not divided, with the maximum and the sum of every row.
enum class Operand : std::uint8_t { kNone, kQ, kK, kV, kS, kP, kO, kPart, kBias, kState };
inline constexpr std::size_t kDramOperands = 9;  ///< all but the state

/// One phase. A round goes through the stages that are present, in this order:
///   input load -> first matmul (streams K or V) -> softmax -> second matmul (streams V) -> store.
/// Queue order for round i, with L = lookahead: second matmul of round i, then input load and first
/// matmul of round i + L + 1, then the store of round i, then the softmax of round i + L + 1;
/// before that the first L + 1 rounds' loads, first matmuls and softmaxes. A slot is handed over as
/// a whole.
///
/// In the form of epochs (`epochs`) all stages work at once, each on another round (or, `online`,
/// step), and all end in a barrier: expand_epochs.h.
///
/// In the online form (`online`) what is said of rounds holds for steps, the sub-tiles of a round:
/// expand_online.h.
struct PhasePlan {
  Operand input = Operand::kNone;
  std::int64_t input_row_bytes = 0;  ///< per row and pair, in DRAM and in its slot
  bool has_first = false;
  MatmulKind first_kind = MatmulKind::kQK;
  bool has_softmax = false;
  bool has_second = false;           ///< always P V
  bool values_in_keys = false;       ///< P V reads V from the slots of K: V is not loaded
  std::int64_t score_row_bytes = 0;  ///< S slots between first matmul and softmax; 0: none
  std::int64_t prob_row_bytes = 0;   ///< P slots of their own; 0: P takes the slot of S, or none
  Operand output = Operand::kNone;
  std::int64_t output_slot_row_bytes = 0;
  std::int64_t output_row_bytes = 0;  ///< as stored to DRAM
  std::int64_t lookahead = 0;
  /// One more slot of S: a first matmul need not wait for the softmax of the round before.
  bool scores_ahead = false;
  /// The store of round i is issued before the loads of the next round (else after them).
  bool store_first = false;
  /// Online softmax: first matmul, softmax and second matmul sub-tile by sub-tile; P in S's slot.
  bool online = false;
  std::int64_t state_row_bytes = 0;  ///< state slots of an online softmax
  /// Of a bias that is added to the scores, per row of all keys and pair.
  std::int64_t bias_row_bytes = 0;
  bool epochs = false;
  /// Epochs of one operator: softmax alone takes as many whole rows at a time as a tile of the
  /// other operators has scores.
  bool own_rows = false;
  /// What is done with single scores, the matrix array does if it can: they never leave it.
  bool on_array = false;
  /// Merges parts: of every row, `input_row_bytes` from each core that has a part. No matmul, and
  /// rounds of their own: expand_merge.h.
  bool merges = false;

  bool loads_values() const { return has_second && !values_in_keys; }
  /// Bias rows are loaded behind the input of a round, into its slot, or have slots of their own.
  bool bias_in_input() const { return bias_row_bytes > 0 && !online && !(epochs && has_second); }
  bool bias_apart() const { return bias_row_bytes > 0 && !bias_in_input(); }
  bool makes_parts() const { return output == Operand::kPart; }
  std::int64_t score_slots() const { return lookahead + 1 + (scores_ahead ? 1 : 0); }
};

inline constexpr std::size_t kMaxPhases = 3;

struct Plan {
  std::array<PhasePlan, kMaxPhases> phase_table;
  std::size_t phase_count = 0;
  /// Every operation waits for the one before it in program order (FLAT as published).
  bool serial = false;

  std::span<const PhasePlan> phases() const { return {phase_table.data(), phase_count}; }
};

/// Bytes of a row of `operand` where the rows see `cols` keys: of S, P and a bias only these
/// columns are kept. `full`: the bytes of a whole row.
template <typename Number>
Number row_bytes(const Shape& shape, Operand operand, std::int64_t full, const Number& cols) {
  const bool scores = operand == Operand::kS || operand == Operand::kP || operand == Operand::kBias;
  return scores ? choose(cols != shape.cols, Number(full / shape.cols * cols), Number(full))
                : Number(full);
}

/// Bytes of one column of K (V) of one pair.
constexpr std::int64_t key_col_bytes(const Shape& shape) {
  return shape.qk_dim * shape.bytes.kv;
}
constexpr std::int64_t value_col_bytes(const Shape& shape) {
  return shape.v_dim * shape.bytes.kv;
}
constexpr std::int64_t stream_col_bytes(const Shape& shape, MatmulKind kind) {
  return kind == MatmulKind::kQK ? key_col_bytes(shape) : value_col_bytes(shape);
}

/// Elements of a row of a part: O, maximum, sum.
constexpr std::int64_t part_elements(const Shape& shape) {
  return shape.v_dim + 2;
}

/// How a phase is cut and dealt: as the candidate says, but for phases with rows of their own,
/// which are dealt to the cores that the others use.
struct PhaseDeal {
  Tiling tiling;
  CoreLayout layout;
};
PhaseDeal phase_deal(const Shape& shape, const Tiling& tiling, const CoreLayout& layout,
                     const PhasePlan& phase);

/// Steps of a group (rounds, online sub-tiles of its rounds) on the core that has fewest of them,
/// or fewer.
std::int64_t fewest_steps_of_group(const Shape& shape, const TileCounts& counts, CoreSplit split,
                                   const CoreLayout& layout, const PhasePlan& phase);

/// Slots of K (resident: of all of a group's): as many as `buffers`; or, where V is read from them,
/// as many as Q K^T is ahead of P V, for a group of `steps` steps.
std::int64_t key_slots(const PhasePlan& phase, const Tiling& tiling, std::int64_t steps);

/// Sub-tiles of K (V) whose slots P takes under `overwrite`: ceil(bytes(P) / bytes(sub-tile));
/// 0 without overwrite.
template <typename Number>
Number overwritten_sub_tiles(const Shape& shape, const TilingOf<Number>& tiling) {
  if (tiling.overwrite == Overwrite::kNone) {
    return 0;
  }
  const Number probabilities = tiling.heads * tiling.q_rows * shape.cols * shape.bytes.input;
  const std::int64_t col_bytes =
      tiling.overwrite == Overwrite::kKey ? key_col_bytes(shape) : value_col_bytes(shape);
  return divided_up(probabilities, Number(tiling.kv_cols * col_bytes));
}

}  // namespace tilewright
