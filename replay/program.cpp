#include "replay/program.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "costmodel/reference.h"
#include "schedules/operation_names.h"

namespace tilewright {
namespace {

/// Keeps the operations of all cores and brings them into order.
class Recorder : public OperationSink {
 public:
  Recorder(const Problem& problem, const Tiling& tiling, std::vector<BusyTime> times)
      : times_(std::move(times)) {
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
    step.start = times_.at(steps_.size()).start;
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
  const std::vector<BusyTime> times_;
  std::size_t phase_ = 0;
  std::vector<Step> steps_;
};

}  // namespace

std::vector<Step> record_program(Evaluator& evaluator, const Tiling& tiling, Objective objective) {
  const ReferenceGraph graph(evaluator, tiling, objective);
  return Recorder(evaluator.problem(), tiling, graph.busy_times()).in_order();
}

std::string slot_text(const SlotUse& slot) {
  return fmt::format("{}[{}] of core {}", pool_name(slot.pool), slot.index, slot.core);
}

}  // namespace tilewright
