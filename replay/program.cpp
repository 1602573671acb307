#include "replay/program.h"

#include <algorithm>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "costmodel/reference.h"
#include "replay/datum.h"

namespace tilewright {
namespace {

/// K and V come, and matmuls work, sub-tile by sub-tile.
bool is_tiled(const Operation& op) {
  return op.unit == Unit::kMatrix || op.operand == Operand::kK || op.operand == Operand::kV;
}

/// What core 0's operation and that of another core have in common when they work in lock-step:
/// phase, unit, operand, pair, position, sub-tile.
using TwinKey = std::tuple<std::size_t, Unit, Operand, std::int64_t, std::int64_t, std::int64_t>;

/// Keeps the operations of all cores and brings them into order.
class Recorder : public OperationSink {
 public:
  Recorder(const Problem& problem, const Tiling& tiling, std::vector<std::int64_t> starts)
      : problem_(problem), lock_step_(in_lock_step(problem, tiling)), starts_(std::move(starts)) {
    for (const PhasePlan& phase : problem_.plans.of(tiling).phases()) {
      for (std::int64_t core = 0; core < problem_.layout.cores; ++core) {
        expand(problem_.shape, tiling, problem_.layout, phase, core, *this);
      }
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
    leaders_.push_back(lock_step_ ? follow_core_0(step) : steps_.size());
    steps_.push_back(step);
  }

  std::vector<Step> in_order() const {
    using Place = std::tuple<std::size_t, std::int64_t, std::size_t, std::size_t>;
    std::vector<Place> order;
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      order.emplace_back(steps_[i].phase, steps_[i].start, leaders_[i], i);
    }
    std::sort(order.begin(), order.end());
    std::vector<Step> sorted;
    sorted.reserve(order.size());
    for (const Place& place : order) {
      sorted.push_back(steps_[std::get<3>(place)]);
    }
    return sorted;
  }

 private:
  /// The step of core 0 at whose time `step` is executed; its shared slots are core 0's.
  std::size_t follow_core_0(Step& step) {
    const Operation& op = step.operation;
    const std::int64_t position = op.q_tile / problem_.layout.cores;
    const TwinKey key{phase_,  op.unit,  op.operand,
                      op.pair, position, is_tiled(op) ? op.sub_tile : 0};
    if (op.core == 0) {
      twins_[key] = steps_.size();
      return steps_.size();
    }
    const std::size_t leader = twins_.at(key);
    step.start = steps_[leader].start;
    share_slots(steps_[leader].read_slots(), {step.reads.data(), step.read_count});
    share_slots(steps_[leader].write_slots(), {step.writes.data(), step.write_count});
    return leader;
  }

  static void share_slots(std::span<const SlotUse> leading, std::span<SlotUse> own) {
    for (std::size_t i = 0; i < own.size(); ++i) {
      if (own[i].pool == SlotUse::Pool::kKey || own[i].pool == SlotUse::Pool::kValue) {
        own[i] = leading[i];
      }
    }
  }

  const Problem& problem_;
  const bool lock_step_;
  const std::vector<std::int64_t> starts_;
  std::size_t phase_ = 0;
  std::vector<Step> steps_;
  std::vector<std::size_t> leaders_;
  std::map<TwinKey, std::size_t> twins_;
};

const char* unit_verb(Unit unit) {
  switch (unit) {
    case Unit::kLoad:
      return "load";
    case Unit::kStore:
      return "store";
    case Unit::kMatrix:
      return "matmul to";
    case Unit::kVector:
      break;
  }
  return "softmax to";
}

}  // namespace

bool in_lock_step(const Problem& problem, const Tiling& tiling) {
  return problem.layout.l1_shared && tiling.core_split == CoreSplit::kQuery;
}

std::vector<Step> record_program(Evaluator& evaluator, const Tiling& tiling, Objective objective) {
  const ReferenceGraph graph(evaluator, tiling, objective);
  return Recorder(evaluator.problem(), tiling, graph.start_cycles()).in_order();
}

std::string step_text(const Step& step) {
  const Operation& op = step.operation;
  std::string text =
      fmt::format("{} {} (core {}, round {}, pair {}, query tile {}", unit_verb(op.unit),
                  operand_letter(op.operand), op.core, op.round, op.pair, op.q_tile);
  if (is_tiled(op)) {
    text += fmt::format(", sub-tile {}", op.sub_tile);
  }
  return text + ")";
}

std::string slot_text(const SlotUse& slot) {
  constexpr std::array kNames{"input", "k", "v", "s", "p", "output", "landing"};
  return fmt::format("{}[{}]", kNames[static_cast<std::size_t>(slot.pool)], slot.index);
}

}  // namespace tilewright
