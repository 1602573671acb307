// Re-checks that a tiling is the best of its space, by other means than those that found it: of the
// search it shares what a space is and the threads, of the cost model the evaluator.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "hw_profiles/hardware.h"
#include "proof/claim.h"
#include "schedules/workload.h"
#include "search/result.h"
#include "search/space.h"

namespace tilewright {

/// By evaluating every candidate, or by blocks that bounds cover; kAuto enumerates up to
/// kMostEnumerated candidates.
enum class ProofMethod : std::uint8_t { kAuto, kEnumerate, kBlocks };
inline constexpr std::int64_t kMostEnumerated = 10'000'000'000;

/// The question that was answered.
struct ProofQuestion {
  std::string schedule;
  std::string variant;
  std::string objective;
  TileSizes tile_sizes = TileSizes::kAll;
  Pins pins;
};

struct SurveyOptions {
  ProofMethod method = ProofMethod::kAuto;
  int threads = 0;                          ///< 0: all
  const std::atomic<bool>* stop = nullptr;  ///< set to true to end soon
  /// Now and then, with the candidates covered so far; may be empty.
  std::function<void(Int128)> on_covered;
};

/// A tiling that a result claims. Its L0 tiles are the best for `l0_objective`: the objective or,
/// of a point of a front, its own.
struct ClaimedTiling {
  Tiling tiling;
  std::string l0_objective;
};

/// A tiling with what it costs.
struct CostedTiling {
  Tiling tiling;
  std::string l0_objective;
  Cost cost;
};

struct ProofSurvey {
  ProofMethod method = ProofMethod::kEnumerate;  ///< that was used
  Int128 covered = 0;                            ///< candidates; all, unless it ended early
  Int128 evaluated = 0;                          ///< of these, one by one
  Int128 blocks = 0;                             ///< that cover the others
  std::optional<CostedTiling> better;  ///< ranks before the claimed one, or is missing in the front
  double seconds = 0;
};

/// Checks the claim that nothing in the space ranks before a tiling; that all of it is covered by
/// the points of a front, where the objective is one; or, of no tiling, that nothing fits.
/// Referenced objects must outlive it.
class ProofChecker {
 public:
  /// Throws InputError for an unknown name or a refused (schedule, workload).
  ProofChecker(const Hardware& hardware, const Workload& workload, const ProofQuestion& question,
               const std::vector<ClaimedTiling>& tilings);

  Int128 space() const { return space_.size(); }
  std::int64_t clock_hz() const { return problem_.hardware.clock_hz; }
  bool is_of_front() const { return is_front(objective_); }
  /// Why a claimed tiling is no answer at all: not in the space, not legal, does not fit.
  const std::string& no_candidate() const { return no_candidate_; }
  /// The claimed tilings as evaluated again, with the L0 tiles that are best.
  const std::vector<CostedTiling>& claimed() const { return costed_; }
  /// True if a point of the front covers another one.
  bool has_idle_points() const;

  /// Looks for what contradicts the claim in all of the space. Not if there is a no_candidate().
  ProofSurvey survey(const SurveyOptions& options) const;

 private:
  void add(Evaluator& evaluator, const ClaimedTiling& claimed);
  CostedTiling costed(Evaluator& evaluator, const ClaimedCandidate& candidate) const;
  Claim claim() const;

  Problem problem_;
  DesignSpace space_;
  std::string objective_;
  bool l0_too_small_;
  std::string no_candidate_;
  std::vector<ClaimedCandidate> claimed_;
  std::vector<CostedTiling> costed_;
};

}  // namespace tilewright
