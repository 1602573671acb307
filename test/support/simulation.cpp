#include "test/support/simulation.h"

#include <algorithm>
#include <map>
#include <utility>

#include "schedules/expand.h"

namespace tilewright::test {
namespace {

struct SlotTimes {
  std::int64_t content = -1;
  std::int64_t there = 0;  ///< the newest content can be read
  std::int64_t read = 0;   ///< its newest reader (else writer) has ended
};

class Simulator final : public OperationSink {
 public:
  Simulator(const Problem& problem, const Tiling& tiling, const OperationCosts& costs,
            PhaseHistory& history)
      : problem_(problem),
        tiling_(tiling),
        costs_(costs),
        history_(history),
        steps_(watches_steps(problem, tiling) ? steps_of_round(problem, tiling) : 0),
        stride_(tiling.core_split == CoreSplit::kKeyValue ? problem.layout.cores : 1) {}

  void take(const Operation& op) override {
    if (op.core > 0) {
      return;
    }
    std::int64_t& queue = queues_[queue_of(op.unit)];
    std::int64_t start = queue;
    for (const SlotUse& use : op.reads) {
      start = std::max(start, slot(use).there);
    }
    for (const SlotUse& use : op.writes) {
      if (slot(use).content != use.content) {
        start = std::max(start, slot(use).read);
      }
    }
    queue = start + cycles(op);
    note(op, start, queue);
    for (const SlotUse& use : op.reads) {
      slot(use).read = queue;
    }
    const std::int64_t delay = op.unit == Unit::kLoad ? problem_.hardware.dram.latency_cycles : 0;
    for (const SlotUse& use : op.writes) {
      slot(use) = {use.content, queue + delay, queue};
    }
    history_.cycles = std::max(history_.cycles, queue);
  }

 private:
  SlotTimes& slot(const SlotUse& use) { return slots_[{use.pool, use.index}]; }

  std::size_t queue_of(Unit unit) const {
    const bool joined = unit == Unit::kStore && problem_.hardware.dram.shared_channel;
    return static_cast<std::size_t>(joined ? Unit::kLoad : unit);
  }

  std::int64_t cycles(const Operation& op) const {
    if (op.unit == Unit::kVector) {
      return costs_.vector_cycles({op.vector, op.rows, op.cols, op.masked_cols});
    }
    if (op.unit == Unit::kMatrix) {
      return costs_.matmul(op.matmul, op.rows != tiling_.q_rows, op.cols != tiling_.kv_cols).cycles;
    }
    return costs_.transfer.cycles(op.timed_bytes);
  }

  void note(const Operation& op, std::int64_t start, std::int64_t end) {
    const auto round =
        static_cast<std::size_t>(steps_ > 0 ? op.round * steps_ + op.sub_tile / stride_ : op.round);
    if (history_.starts.size() <= round) {
      history_.starts.resize(round + 1, {-1, -1, -1, -1});
    }
    std::int64_t& first = history_.starts[round][static_cast<std::size_t>(op.unit)];
    first = first < 0 ? start : first;
    history_.cycles = std::max(history_.cycles, end);
  }

  const Problem& problem_;
  const Tiling& tiling_;
  const OperationCosts& costs_;
  PhaseHistory& history_;
  const std::int64_t steps_;   ///< of a round, if they are watched
  const std::int64_t stride_;  ///< from sub-tile to sub-tile of the core, which has the first one
  std::array<std::int64_t, 4> queues_{};
  std::map<std::pair<SlotUse::Pool, std::int64_t>, SlotTimes> slots_;
};

}  // namespace

std::int64_t steps_of_round(const Problem& problem, const Tiling& tiling) {
  return deal_rounds(count_tiles(problem.shape, tiling), tiling, problem.layout, 0).sub_tiles;
}

bool watches_steps(const Problem& problem, const Tiling& tiling) {
  constexpr std::int64_t kLongRound = 60;
  return problem.plans.of(tiling).phases().front().online &&
         steps_of_round(problem, tiling) > kLongRound;
}

std::vector<PhaseHistory> simulate(Evaluator& evaluator, const Tiling& tiling,
                                   Objective objective) {
  const Problem& problem = evaluator.problem();
  const OperationCosts costs = evaluator.operation_costs(tiling, objective);
  const Plan& plan = problem.plans.of(tiling);
  const CoreRounds rounds =
      deal_rounds(count_tiles(problem.shape, tiling), tiling, problem.layout, 0);
  std::vector<PhaseHistory> histories;
  for (const PhasePlan& phase : plan.phases()) {
    if (phase.merges) {
      continue;
    }
    PhaseHistory& history = histories.emplace_back();
    history.positions =
        watches_steps(problem, tiling) ? steps_of_round(problem, tiling) : rounds.positions;
    Simulator simulator(problem, tiling, costs, history);
    expand(problem.shape, tiling, problem.layout, phase, simulator);
  }
  return histories;
}

std::int64_t drifting_rounds(const PhaseHistory& history) {
  constexpr std::int64_t kPeriod = 12;
  const auto lags = [&](std::int64_t round) {
    std::array<std::int64_t, 4> times = history.starts[static_cast<std::size_t>(round)];
    const std::int64_t from = times[0];
    for (std::int64_t& time : times) {
      time = time < 0 ? 0 : time - from;
    }
    return times;
  };
  std::int64_t drifting = 0;
  const auto rounds = static_cast<std::int64_t>(history.starts.size());
  for (std::int64_t round = kPeriod; round < rounds; ++round) {
    const std::int64_t position = round % history.positions;
    // The last rounds of a group may be smaller and look ahead into the next one.
    const bool inner = position > kPeriod && position + 5 < history.positions;
    drifting += inner && lags(round) != lags(round - kPeriod) ? 1 : 0;
  }
  return drifting;
}

}  // namespace tilewright::test
