#include "proof/proof.h"

#include <algorithm>
#include <chrono>

#include "schedules/schedule.h"
#include "search/cost.h"
#include "search/objectives.h"

namespace tilewright {
namespace {

bool in_space(const DesignSpace& space, const Tiling& tiling) {
  const std::array sizes{tiling.heads, tiling.q_rows, tiling.kv_cols};
  for (std::size_t axis = 0; axis < kAxes; ++axis) {
    if (!space.axes[axis].contains(sizes[axis])) {
      return false;
    }
  }
  return std::find(space.modes.begin(), space.modes.end(), mode_of(tiling)) != space.modes.end();
}

}  // namespace

ProofChecker::ProofChecker(const Hardware& hardware, const Workload& workload,
                           const ProofQuestion& question, const std::vector<ClaimedTiling>& tilings)
    : problem_(
          make_problem(hardware, workload, find_schedule(question.schedule), question.variant)),
      space_(make_space(problem_, question.variant, question.tile_sizes, question.pins)),
      objective_(question.objective),
      l0_too_small_(L0Tiles(hardware, problem_.shape).misfit().has_value()) {
  Evaluator evaluator(problem_);
  for (const ClaimedTiling& tiling : tilings) {
    if (no_candidate_.empty()) {
      add(evaluator, tiling);
    }
  }
}

/// Or says in `no_candidate_` why it is none.
void ProofChecker::add(Evaluator& evaluator, const ClaimedTiling& claimed) {
  if (!in_space(space_, claimed.tiling)) {
    no_candidate_ = "its tiling is not in the space";
    return;
  }
  if (!is_legal(problem_.shape, claimed.tiling)) {
    no_candidate_ = "its tiling is not legal: " + illegal_reason(problem_.shape, claimed.tiling);
    return;
  }
  const Objective objective = find_objective(claimed.l0_objective);
  const auto candidate =
      l0_too_small_ ? std::nullopt : evaluator.evaluate(claimed.tiling, objective);
  if (!candidate) {
    no_candidate_ = "its tiling does not fit the machine";
    return;
  }
  claimed_.push_back({*candidate, objective});
  costed_.push_back(costed(evaluator, claimed_.back()));
}

CostedTiling ProofChecker::costed(Evaluator& evaluator, const ClaimedCandidate& claimed) const {
  return {claimed.candidate.tiling, std::string(name_of(claimed.l0_objective)),
          cost_of(evaluator, claimed.candidate, claimed.l0_objective, !is_front(objective_))};
}

bool ProofChecker::has_idle_points() const {
  if (!is_front(objective_)) {
    return false;
  }
  const FrontAxes axes = FrontAxes::parse(objective_);
  for (const ClaimedCandidate& a : claimed_) {
    for (const ClaimedCandidate& b : claimed_) {
      if (&a != &b && covers(axes.values(a.candidate.figures), axes.values(b.candidate.figures))) {
        return true;
      }
    }
  }
  return false;
}

Claim ProofChecker::claim() const {
  if (is_front(objective_)) {
    return front_claim(problem_, space_, FrontAxes::parse(objective_), claimed_);
  }
  const auto best = claimed_.empty() ? std::nullopt : std::optional(claimed_.front().candidate);
  return best_claim(problem_, space_, find_objective(objective_), best);
}

ProofSurvey ProofChecker::survey(const SurveyOptions& options) const {
  const auto start = std::chrono::steady_clock::now();
  ProofSurvey result;
  result.method = options.method;
  if (options.method == ProofMethod::kAuto) {
    result.method = space() <= kMostEnumerated ? ProofMethod::kEnumerate : ProofMethod::kBlocks;
  }
  if (l0_too_small_) {
    result.covered = space();
    return result;
  }
  const Claim claimed = claim();
  Executor executor(problem_, options.threads);
  const SurveyTask task{claimed, executor, options.stop, options.on_covered};
  const Survey found =
      result.method == ProofMethod::kEnumerate ? enumerate_candidates(task) : survey_blocks(task);
  result.covered = found.covered;
  result.evaluated = found.evaluated;
  result.blocks = found.blocks;
  if (found.refuted) {
    Evaluator evaluator(problem_);
    result.better = costed(evaluator, *found.refuted);
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

}  // namespace tilewright
