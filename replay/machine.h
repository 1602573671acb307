// Executes operations one by one on real numbers: loads and stores between DRAM and L1, matmuls and
// softmax on L1 alone.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "costmodel/evaluator.h"
#include "replay/dram_tensors.h"
#include "replay/local_memory.h"

namespace tilewright {

/// Bytes that operations moved, by Operand.
struct MovedBytes {
  std::array<std::int64_t, kDramOperands> loaded{};
  std::array<std::int64_t, kDramOperands> stored{};
};

class Machine {
 public:
  /// All referenced objects must outlive the machine.
  Machine(const Problem& problem, const Tiling& tiling, const Elements& elements, DramTensors& dram,
          LocalMemory& memory, Violations& violations);

  /// Phases must be entered in `memory` by the caller.
  void execute(const Step& step);

  const MovedBytes& moved() const { return moved_; }
  std::int64_t macs() const { return macs_; }
  /// Sub-tiles of K or V loaded again because P took their place.
  std::int64_t reloaded() const { return reloaded_; }

 private:
  /// A byte range of a sub-tile of K or V: what one of the cores that load it together moves.
  struct Share {
    std::int64_t begin = 0;
    std::int64_t end = 0;
  };

  /// Pieces of `bytes` in DRAM that stand one after the other in a slot.
  struct DramRows {
    std::int64_t first = 0;  ///< row
    std::int64_t count = 0;
    std::int64_t cols = 0;  ///< of a row in the slot
    std::int64_t first_byte = 0;
    std::int64_t bytes = 0;
  };

  void load_rows(const Step& step);
  void load_bias(const Step& step);
  void load_sub_tile(const Step& step);
  void add_bias(const Step& step, std::int64_t cols, std::span<float> scores);
  void multiply_scores(const Step& step);
  void multiply_values(const Step& step);
  void softmax(const Step& step);
  void online_softmax(const Step& step);
  void adjust(const Step& step);
  // An online softmax in parts: epoch_machine.cpp.
  void element_wise(const Step& step);
  void local_max(const Step& step);
  void hide_scores(const Step& step, std::span<float> scores) const;
  void update_max(const Step& step);
  void exponentials(const Step& step);
  void update_sum(const Step& step);
  void update(const Step& step);
  void adjust_in_epoch(const Step& step);
  void adjust_output(const Step& step, Datum datum, std::span<const float> column);
  // A split of keys and values: parts_machine.cpp.
  void save_state(const Step& step);
  void store_part(const Step& step);
  void merge(const Step& step);
  Block part_block(const Step& step, const SlotUse& slot) const;
  std::span<float> read_figure(const Step& step, std::size_t slot, Figure figure,
                               std::int64_t known, std::size_t room);
  void write_figure(const Step& step, const SlotUse& slot, Figure figure,
                    std::span<const float> values);
  Block output_block(const Step& step, const SlotUse& slot) const;
  void store(const Step& step);
  void store_output(const Step& step);
  DramRows dram_rows(const Step& step, const DramTensor& tensor) const;
  void check_payload(const Step& step, std::int64_t moved, const Datum& datum);
  void check_stored(const Step& step, const Datum& datum);
  void note_stored(const Step& step);

  /// In a merge, a tile is one row.
  bool merges(const Step& step) const { return splits_keys_ && step.phase > 0; }
  std::int64_t head(const Step& step) const {
    return merges(step) ? 0 : step.operation.pair % tiling_.heads;
  }
  std::int64_t first_row(const Step& step) const {
    return step.operation.q_tile * q_rows_[step.phase];
  }
  /// Sub-tiles of the core's own before that of the operation.
  std::int64_t sub_tiles_before(const Operation& op) const {
    return (op.sub_tile - op.first_sub_tile) / stride_;
  }
  std::int64_t destroyed_from(Operand operand) const;
  bool is_destroyed(const Operation& op, Operand operand) const;
  Share share_of(std::int64_t core, std::int64_t bytes) const;
  SlotByte sub_tile_place(const Step& step, std::span<const SlotUse> slots, Operand operand) const;
  Block rows_block(const Step& step, const SlotUse& slot, const Element& element,
                   std::int64_t cols) const;
  Block columns_of(const Step& step, Block rows) const;
  Block bias_block(const Step& step, const SlotUse& slot, std::int64_t cols) const;
  Block scores_block(const Step& step, const SlotUse& slot, const Element& element) const;
  Block state_block(const Step& step, const SlotUse& slot) const;
  Datum scores_datum(const Step& step, Operand operand) const;
  std::span<float> read_sub_tile(const Step& step, Operand operand, std::int64_t cols);
  std::span<float> scratch(std::size_t which, std::int64_t count);

  const Problem& problem_;
  const Shape& shape_;
  const Tiling& tiling_;
  const Elements& elements_;
  const TileCounts counts_;
  const bool online_;
  const bool epochs_;
  const bool one_operator_;    ///< in epochs: a phase for each
  const bool sub_tile_steps_;  ///< in epochs and where K stays for P V
  const bool values_in_keys_;
  const std::vector<std::int64_t> q_rows_;  ///< by phase
  const std::int64_t overwritten_;
  const std::int64_t together_;  ///< cores in lock-step
  const bool splits_keys_;
  const std::int64_t parts_;   ///< of O that are merged; 1 without such a split
  const std::int64_t stride_;  ///< from sub-tile to sub-tile of a core
  DramTensors& dram_;
  LocalMemory& memory_;
  Violations& violations_;
  MovedBytes moved_;
  std::int64_t macs_ = 0;
  std::int64_t reloaded_ = 0;
  std::array<std::vector<float>, 7> scratch_;
};

}  // namespace tilewright
