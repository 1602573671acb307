// Expands a phase of a plan into its single operations, in program order.
// This is the definition that the analytic model must equal: plain loops, every slot spelt out.
#pragma once

#include <cstdint>
#include <span>

#include "schedules/plan.h"

namespace tilewright {

enum class Unit : std::uint8_t { kLoad, kStore, kMatrix, kVector };

/// A slot of an operand and which of its successive contents is meant: contents count upwards, and
/// the first writer of a new one waits for the readers of the one before.
struct SlotUse {
  enum class Pool : std::uint8_t {
    kInput,
    kKey,
    kValue,
    kScore,
    kProbability,
    kOutput,
    kLanding,
    kState,
    kBias,
    kArray  ///< scores that the matrix array holds: no slot in L1
  };
  Pool pool = Pool::kInput;
  std::int64_t index = 0;
  std::int64_t content = 0;
  std::int64_t core = 0;  ///< whose slot it is: of what cores in lock-step share, the first one's
};

struct Operation {
  Unit unit = Unit::kLoad;
  Operand operand = Operand::kNone;  ///< what is moved or produced
  MatmulKind matmul = MatmulKind::kQK;
  /// On the array, too: then S or P is not multiplied. Of the load of a bias: what adds it.
  VectorKind vector = VectorKind::kSoftmax;
  std::int64_t core = 0;
  bool follows = false;  ///< starts with the newest operation before it that does not: lock-step
  /// In the form of epochs, from 0 on: it starts when the last one's operations are done; on the
  /// matrix and the vector unit those of the second half after the first half's. Else -1. (Of
  /// transfers the half means nothing.)
  std::int64_t epoch = -1;
  bool second_half = false;
  std::int64_t round = 0;
  std::int64_t pair = 0;    ///< batch x kv-head index in the workload
  std::int64_t q_tile = 0;  ///< may be beyond the last one where a core only helps to load K and V
  std::int64_t sub_tile = 0;
  std::int64_t rows = 0;  ///< of the tile (matrix and vector operations)
  std::int64_t cols = 0;
  std::int64_t first_sub_tile = 0;  ///< of those that rows of S and P of the round have
  std::int64_t row_cols = 0;        ///< columns of these rows
  std::int64_t masked_cols = 0;     ///< softmax: columns of sub-tiles with masked scores
  std::int64_t payload_bytes = 0;   ///< transfers: what this core moves
  std::int64_t timed_bytes = 0;     ///< transfers: what takes the time (the largest share)
  std::span<const SlotUse> reads;
  std::span<const SlotUse> writes;
};

/// What the array does with single scores instead of a matmul.
constexpr bool is_elementwise(const Operation& op) {
  return op.unit == Unit::kMatrix && op.vector != VectorKind::kSoftmax;
}

class OperationSink {
 public:
  virtual ~OperationSink() = default;
  /// The spans of `operation` are valid only during the call.
  virtual void take(const Operation& operation) = 0;
};

/// All operations of `phase`, in an order that respects every queue's program order; loads and
/// stores stand as a shared channel executes them. Core by core, but of cores in lock-step
/// operation by operation: the first core's, then those of the others that start with it.
void expand(const Shape& shape, const Tiling& tiling, const CoreLayout& layout,
            const PhasePlan& phase, OperationSink& sink);

/// Number of operations that expand() would emit over all phases and cores, as a double.
double count_operations(const Shape& shape, const Tiling& tiling, const CoreLayout& layout,
                        std::span<const PhasePlan> phases);

}  // namespace tilewright
