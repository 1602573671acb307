// What a proof claims of a space, and what a survey of it says.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <vector>

#include "costmodel/evaluator.h"
#include "search/executor.h"
#include "search/front.h"
#include "search/space.h"

namespace tilewright {

/// A candidate under the L0 tiles that are best for an objective: the one searched for or, of a
/// point of a front, its own.
struct ClaimedCandidate {
  Candidate candidate;
  Objective l0_objective = Objective::kLatency;
};

struct Claim {
  const Problem& problem;
  const DesignSpace& space;
  /// A legal tiling's candidate, if it fits and contradicts the claim.
  std::function<std::optional<ClaimedCandidate>(Evaluator&, const Tiling&)> refutation;
  /// Nothing contradicts it that has no figure below `least` and no factors before `lowest`.
  std::function<bool(const Figures& least, const Tiling& lowest)> holds_above;
  /// Of more cycles nothing contradicts it.
  std::int64_t enough_cycles = std::numeric_limits<std::int64_t>::max();
};

/// Nothing in the space ranks before `best`; without one, nothing in it is legal and fits.
Claim best_claim(const Problem& problem, const DesignSpace& space, Objective objective,
                 const std::optional<Candidate>& best);

/// Everything in the space is covered by a point: not below it in any figure of `axes`, and if
/// equal in all of them, not before it by (cycles, energy, peak L1, factors).
Claim front_claim(const Problem& problem, const DesignSpace& space, const FrontAxes& axes,
                  const std::vector<ClaimedCandidate>& points);

/// How a survey is run.
struct SurveyTask {
  const Claim& claim;
  Executor& executor;
  const std::atomic<bool>* stop;                  ///< may be null
  const std::function<void(Int128)>& on_covered;  ///< now and then; may be empty

  void covered(Int128 candidates) const {
    if (on_covered) {
      on_covered(candidates);
    }
  }
  bool stopped() const { return stop != nullptr && stop->load(std::memory_order_relaxed); }
};

/// The claim holds if all of the space is covered and nothing refutes it.
struct Survey {
  Int128 covered = 0;    ///< candidates evaluated, or in blocks that hold nothing against the claim
  Int128 evaluated = 0;  ///< one by one
  Int128 blocks = 0;     ///< covered as a whole
  std::optional<ClaimedCandidate> refuted;  ///< what contradicts the claim; the survey ends with it
};

/// Evaluates every candidate.
Survey enumerate_candidates(const SurveyTask& task);

/// Cuts the space into blocks until bounds cover them.
Survey survey_blocks(const SurveyTask& task);

}  // namespace tilewright
