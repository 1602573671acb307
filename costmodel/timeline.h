// What the queues do while some rounds of a candidate run, by the reference: what a picture of a
// schedule shows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "costmodel/evaluator.h"
#include "costmodel/reference.h"

namespace tilewright {

/// Rounds of every core, from 0 on; both ends included.
struct RoundRange {
  std::int64_t first = 0;
  std::int64_t last = 3;
  bool contains(std::int64_t round) const { return first <= round && round <= last; }
};

struct TimedOperation {
  Operation operation;  ///< its spans are empty
  BusyTime time;
};

/// One phase from the first operation of the chosen rounds to the last one.
struct PhaseTimeline {
  std::size_t phase = 0;
  BusyTime window;
  /// Everything that runs in the window, of other rounds, too; in the order of expand().
  std::vector<TimedOperation> operations;
};

/// One layer.
struct Timeline {
  RoundRange rounds;        ///< of those chosen, the ones there are
  std::int64_t cycles = 0;  ///< without the launch
  std::size_t phases = 0;
  bool shared_channel = false;
  std::vector<PhaseTimeline> parts;  ///< phases that have any of the rounds
};

inline constexpr std::size_t kMostDrawnOperations = 4000;

/// Throws InputError if there is no such round, if more operations run meanwhile than can be drawn,
/// or above ReferenceGraph::kMaxOperations.
Timeline timeline_of(Evaluator& evaluator, const Tiling& tiling, Objective objective,
                     RoundRange rounds);

}  // namespace tilewright
