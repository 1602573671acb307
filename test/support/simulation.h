// A third, plain implementation of the order of events: one core, one operation after the other, as
// expand() lists them. It shows how the queues move against each other, round by round.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "costmodel/evaluator.h"

namespace tilewright::test {

/// Of an online phase on the busiest core.
std::int64_t steps_of_round(const Problem& problem, const Tiling& tiling);

/// Whether queues are watched step by step, not round by round: in an online phase whose rounds are
/// long. A round is then to its steps what a group is to its rounds.
bool watches_steps(const Problem& problem, const Tiling& tiling);

struct PhaseHistory {
  std::int64_t cycles = 0;  ///< end of the last operation
  std::int64_t positions = 1;
  /// By round (or step): the start of its first operation on each of load, store, matrix, vector;
  /// -1: none.
  std::vector<std::array<std::int64_t, 4>> starts;
};

/// The busiest core's history in every phase of a candidate.
std::vector<PhaseHistory> simulate(Evaluator& evaluator, const Tiling& tiling, Objective objective);

/// Rounds in which two queues stood to each other otherwise than a dozen rounds earlier in the same
/// group: the transient, summed over groups.
std::int64_t drifting_rounds(const PhaseHistory& history);

}  // namespace tilewright::test
