#include "proof/claim.h"

#include <algorithm>

namespace tilewright {
namespace {

/// `lowest` with the L0 tiles of `other`, which are compared last: of equal sizes, the comparison
/// is decided before.
bool ranks_after(Tiling lowest, const Tiling& other) {
  lowest.l0_qk = other.l0_qk;
  lowest.l0_pv = other.l0_pv;
  return lowest > other;
}

struct BestClaim {
  Objective objective;
  std::optional<Candidate> best;

  std::optional<ClaimedCandidate> refutation(Evaluator& evaluator, const Tiling& tiling) const {
    const auto candidate = evaluator.evaluate(tiling, objective);
    if (!candidate || (best && !ranks_before(objective, *candidate, *best))) {
      return std::nullopt;
    }
    return ClaimedCandidate{*candidate, objective};
  }

  bool holds_above(const Figures& least, const Tiling& lowest) const {
    if (!best) {
      return false;
    }
    const RankKey key = rank_key(objective, least);
    const RankKey claimed = rank_key(objective, best->figures);
    return key != claimed ? key > claimed : ranks_after(lowest, best->tiling);
  }
};

/// The order among points of equal values, as far as figures decide.
RankKey figures_key(const Figures& figures) {
  return {{}, figures.cycles, figures.energy_fj, figures.l1_peak_bytes};
}

class FrontClaim {
 public:
  FrontClaim(const FrontAxes& axes, const std::vector<ClaimedCandidate>& points) : axes_(axes) {
    for (const ClaimedCandidate& point : points) {
      points_.push_back({axes.values(point.candidate.figures), point});
    }
  }

  std::optional<ClaimedCandidate> refutation(Evaluator& evaluator, const Tiling& tiling) const {
    for (const Objective objective : axes_.l0_objectives()) {
      const auto candidate = evaluator.evaluate(tiling, objective);
      if (candidate && !covered({*candidate, objective})) {
        return ClaimedCandidate{*candidate, objective};
      }
    }
    return std::nullopt;
  }

  bool holds_above(const Figures& least, const Tiling& lowest) const {
    const FrontValues values = axes_.values(least);
    return std::any_of(points_.begin(), points_.end(), [&](const Point& point) {
      if (!covers(point.values, values)) {
        return false;
      }
      const Candidate& claimed = point.claimed.candidate;
      const auto by = figures_key(least) <=> figures_key(claimed.figures);
      return point.values != values || by > 0 || (by == 0 && ranks_after(lowest, claimed.tiling));
    });
  }

 private:
  struct Point {
    FrontValues values;
    ClaimedCandidate claimed;
  };

  bool covered(const ClaimedCandidate& other) const {
    const FrontValues values = axes_.values(other.candidate.figures);
    return std::any_of(points_.begin(), points_.end(), [&](const Point& point) {
      return covers(point.values, values) &&
             (point.values != values || !comes_before(other, point.claimed));
    });
  }

  static bool comes_before(const ClaimedCandidate& a, const ClaimedCandidate& b) {
    const auto by = figures_key(a.candidate.figures) <=> figures_key(b.candidate.figures);
    if (by != 0) {
      return by < 0;
    }
    return a.candidate.tiling != b.candidate.tiling ? a.candidate.tiling < b.candidate.tiling
                                                    : a.l0_objective < b.l0_objective;
  }

  FrontAxes axes_;
  std::vector<Point> points_;
};

template <typename Kind>
Claim claim_of(const Problem& problem, const DesignSpace& space, const Kind& kind) {
  return {problem, space,
          [kind](Evaluator& evaluator, const Tiling& tiling) {
            return kind.refutation(evaluator, tiling);
          },
          [kind](const Figures& least, const Tiling& lowest) {
            return kind.holds_above(least, lowest);
          }};
}

}  // namespace

Claim best_claim(const Problem& problem, const DesignSpace& space, Objective objective,
                 const std::optional<Candidate>& best) {
  Claim claim = claim_of(problem, space, BestClaim{objective, best});
  if (best && objective == Objective::kLatency) {
    claim.enough_cycles = best->figures.cycles;
  }
  return claim;
}

Claim front_claim(const Problem& problem, const DesignSpace& space, const FrontAxes& axes,
                  const std::vector<ClaimedCandidate>& points) {
  return claim_of(problem, space, FrontClaim(axes, points));
}

}  // namespace tilewright
