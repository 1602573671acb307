#include "replay/program.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "costmodel/reference.h"
#include "replay/datum.h"

namespace tilewright {
namespace {

/// K and V come, and matmuls and an online softmax work, sub-tile by sub-tile.
bool is_tiled(const Operation& op) {
  return op.unit == Unit::kMatrix || op.operand == Operand::kK || op.operand == Operand::kV ||
         op.vector != VectorKind::kSoftmax;
}

/// Keeps the operations of all cores and brings them into order.
class Recorder : public OperationSink {
 public:
  Recorder(const Problem& problem, const Tiling& tiling, std::vector<std::int64_t> starts)
      : starts_(std::move(starts)) {
    for (const PhasePlan& phase : problem.plans.of(tiling).phases()) {
      expand(problem.shape, tiling, problem.layout, phase, *this);
      ++phase_;
    }
  }

  void take(const Operation& op) override {
    Step step;
    step.operation = op;
    step.operation.reads = step.operation.writes = {};
    step.phase = phase_;
    step.start = starts_.at(steps_.size());
    step.read_count = op.reads.size();
    step.write_count = op.writes.size();
    std::copy(op.reads.begin(), op.reads.end(), step.reads.begin());
    std::copy(op.writes.begin(), op.writes.end(), step.writes.begin());
    steps_.push_back(step);
  }

  std::vector<Step> in_order() {
    std::stable_sort(steps_.begin(), steps_.end(), [](const Step& a, const Step& b) {
      return std::pair(a.phase, a.start) < std::pair(b.phase, b.start);
    });
    return std::move(steps_);
  }

 private:
  const std::vector<std::int64_t> starts_;
  std::size_t phase_ = 0;
  std::vector<Step> steps_;
};

const char* verb(const Operation& op) {
  constexpr std::array kVector{"softmax to", "online softmax to", "rescale",
                               "normalise",  "maxima to",         "exponentials to",
                               "update to",  "update maximum of", "update sum of"};
  switch (op.unit) {
    case Unit::kLoad:
      return "load";
    case Unit::kStore:
      return "store";
    case Unit::kMatrix:
      if (!is_elementwise(op)) {
        return "matmul to";
      }
      break;
    case Unit::kVector:
      break;
  }
  return kVector[static_cast<std::size_t>(op.vector)];
}

}  // namespace

std::vector<Step> record_program(Evaluator& evaluator, const Tiling& tiling, Objective objective) {
  const ReferenceGraph graph(evaluator, tiling, objective);
  return Recorder(evaluator.problem(), tiling, graph.start_cycles()).in_order();
}

std::string step_text(const Step& step) {
  const Operation& op = step.operation;
  std::string text = fmt::format("{} {} (core {}, round {}, pair {}, query tile {}", verb(op),
                                 operand_letter(op.operand), op.core, op.round, op.pair, op.q_tile);
  if (is_tiled(op)) {
    text += fmt::format(", sub-tile {}", op.sub_tile);
  }
  return text + ")";
}

std::string slot_text(const SlotUse& slot) {
  constexpr std::array kNames{"input", "k", "v", "s", "p", "output", "landing", "state", "array"};
  return fmt::format("{}[{}] of core {}", kNames[static_cast<std::size_t>(slot.pool)], slot.index,
                     slot.core);
}

}  // namespace tilewright
