#include "costmodel/timeline.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <span>

#include <fmt/format.h>

#include "common/error.h"

namespace tilewright {
namespace {

using Visit = std::function<void(std::size_t phase, const Operation&, BusyTime)>;

/// Hands every operation on, with its times.
class TimedSink : public OperationSink {
 public:
  TimedSink(std::span<const BusyTime> times, const Visit& visit) : times_(times), visit_(visit) {}
  void enter(std::size_t phase) { phase_ = phase; }
  void take(const Operation& operation) override { visit_(phase_, operation, times_[next_++]); }

 private:
  std::span<const BusyTime> times_;
  const Visit& visit_;
  std::size_t phase_ = 0;
  std::size_t next_ = 0;
};

void for_each_timed(const Problem& problem, const Tiling& tiling, std::span<const BusyTime> times,
                    const Visit& visit) {
  TimedSink sink(times, visit);
  const auto phases = problem.plans.of(tiling).phases();
  for (std::size_t i = 0; i < phases.size(); ++i) {
    sink.enter(i);
    expand(problem.shape, tiling, problem.layout, phases[i], sink);
  }
}

void widen(std::optional<BusyTime>& window, BusyTime time) {
  window = window ? BusyTime{std::min(window->start, time.start), std::max(window->end, time.end)}
                  : time;
}

/// What takes no time cannot be seen.
bool shows(const BusyTime& window, BusyTime time) {
  return time.start < time.end && time.start < window.end && time.end > window.start;
}

std::int64_t last_round(const Problem& problem, const Tiling& tiling,
                        std::span<const BusyTime> times) {
  std::int64_t last = 0;
  for_each_timed(problem, tiling, times, [&](std::size_t, const Operation& operation, BusyTime) {
    last = std::max(last, operation.round);
  });
  return last;
}

RoundRange rounds_among(RoundRange chosen, std::int64_t last) {
  if (chosen.first <= last) {
    return {chosen.first, std::min(chosen.last, last)};
  }
  throw InputError(fmt::format("there are no rounds {}..{}, expected some of 0..{}", chosen.first,
                               chosen.last, last));
}

/// The phases that have any of the rounds, with their windows.
std::vector<PhaseTimeline> find_windows(const Problem& problem, const Tiling& tiling,
                                        std::span<const BusyTime> times, RoundRange rounds) {
  std::vector<std::optional<BusyTime>> windows(problem.plans.of(tiling).phases().size());
  for_each_timed(problem, tiling, times,
                 [&](std::size_t phase, const Operation& operation, BusyTime time) {
                   if (rounds.contains(operation.round)) {
                     widen(windows[phase], time);
                   }
                 });
  std::vector<PhaseTimeline> parts;
  for (std::size_t phase = 0; phase < windows.size(); ++phase) {
    if (windows[phase]) {
      parts.push_back({phase, *windows[phase], {}});
    }
  }
  return parts;
}

void fill(const Problem& problem, const Tiling& tiling, std::span<const BusyTime> times,
          std::vector<PhaseTimeline>& parts) {
  std::size_t count = 0;
  for_each_timed(
      problem, tiling, times, [&](std::size_t phase, const Operation& operation, BusyTime time) {
        for (PhaseTimeline& part : parts) {
          if (part.phase == phase && shows(part.window, time) && ++count <= kMostDrawnOperations) {
            part.operations.push_back({operation, time});
            part.operations.back().operation.reads = {};
            part.operations.back().operation.writes = {};
          }
        }
      });
  if (count > kMostDrawnOperations) {
    throw InputError(
        fmt::format("{} operations run in these rounds, expected at most {}: choose fewer rounds",
                    count, kMostDrawnOperations));
  }
}

}  // namespace

Timeline timeline_of(Evaluator& evaluator, const Tiling& tiling, Objective objective,
                     RoundRange rounds) {
  const Problem& problem = evaluator.problem();
  Timeline timeline;
  std::vector<BusyTime> times;
  {
    const ReferenceGraph graph(evaluator, tiling, objective);
    times = graph.busy_times();
    timeline.cycles = graph.totals().cycles;
  }
  timeline.rounds = rounds_among(rounds, last_round(problem, tiling, times));
  timeline.phases = problem.plans.of(tiling).phases().size();
  timeline.shared_channel = problem.hardware.dram.shared_channel;
  timeline.parts = find_windows(problem, tiling, times, timeline.rounds);
  fill(problem, tiling, times, timeline.parts);
  return timeline;
}

}  // namespace tilewright
