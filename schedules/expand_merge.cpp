#include "schedules/expand_merge.h"

#include <array>

#include "schedules/lock_step_emitter.h"

namespace tilewright {
namespace {

using Pool = SlotUse::Pool;

class MergeExpander {
 public:
  MergeExpander(const Shape& shape, const Tiling& tiling, const CoreLayout& layout,
                const PhasePlan& phase, OperationSink& sink)
      : shape_(shape),
        tiling_(tiling),
        layout_(layout),
        phase_(phase),
        parts_(active_cores(count_tiles(shape, tiling), tiling.core_split, layout)),
        sink_(sink) {}

  void run(std::int64_t core) const {
    const std::int64_t rounds = merged_rows(shape_, layout_, core);
    load(core, 0);
    merge(core, 0);
    for (std::int64_t i = 0; i < rounds; ++i) {
      const bool more = i + 1 < rounds;
      if (more) {
        load(core, i + 1);
      }
      store(core, i);
      if (more) {
        merge(core, i + 1);
      }
    }
  }

 private:
  Operation operation(Unit unit, Operand operand, std::int64_t core, std::int64_t round) const {
    const std::int64_t row = core + round * layout_.cores;  // of all pairs
    Operation op;
    op.unit = unit;
    op.operand = operand;
    op.core = core;
    op.round = round;
    op.pair = row / shape_.rows;
    op.q_tile = row % shape_.rows;
    op.rows = 1;
    return op;
  }

  SlotUse slot(Pool pool, std::int64_t core, std::int64_t round) const {
    SlotUse use = LockStepEmitter::ring(pool, round, tiling_.buffers);
    use.core = core;
    return use;
  }

  void load(std::int64_t core, std::int64_t round) const {
    const std::array writes{slot(Pool::kInput, core, round)};
    Operation op = operation(Unit::kLoad, phase_.input, core, round);
    op.payload_bytes = op.timed_bytes = parts_ * phase_.input_row_bytes;
    op.writes = writes;
    sink_.take(op);
  }

  void merge(std::int64_t core, std::int64_t round) const {
    const std::array reads{slot(Pool::kInput, core, round)};
    const std::array writes{slot(Pool::kOutput, core, round)};
    Operation op = operation(Unit::kVector, phase_.output, core, round);
    op.vector = VectorKind::kMerge;
    op.cols = parts_;
    op.reads = reads;
    op.writes = writes;
    sink_.take(op);
  }

  void store(std::int64_t core, std::int64_t round) const {
    const std::array reads{slot(Pool::kOutput, core, round)};
    Operation op = operation(Unit::kStore, phase_.output, core, round);
    op.payload_bytes = op.timed_bytes = phase_.output_row_bytes;
    op.reads = reads;
    sink_.take(op);
  }

  const Shape& shape_;
  const Tiling& tiling_;
  const CoreLayout& layout_;
  const PhasePlan& phase_;
  const std::int64_t parts_;
  OperationSink& sink_;
};

}  // namespace

void expand_merge(const Shape& shape, const Tiling& tiling, const CoreLayout& layout,
                  const PhasePlan& phase, OperationSink& sink) {
  const MergeExpander expander(shape, tiling, layout, phase, sink);
  for (std::int64_t core = 0; core < merging_cores(shape, layout); ++core) {
    expander.run(core);
  }
}

}  // namespace tilewright
