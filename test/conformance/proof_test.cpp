// Proofs are checked again by other means: what holds is verified, what does not is refuted.
#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cstdint>

#include "proof/proof.h"
#include "proof/roofline.h"
#include "search/objectives.h"
#include "search/strategy.h"
#include "test/support/counts.h"
#include "test/support/random_case.h"
#include "test/support/random_space.h"

namespace tilewright::test {
namespace {

constexpr std::uint64_t kSeed = 41001;
constexpr std::array kMethods{ProofMethod::kEnumerate, ProofMethod::kBlocks};

ProofQuestion question_of(const SpaceCase& drawn) {
  return {drawn.schedule, drawn.options.variant, drawn.options.objective, drawn.options.tile_sizes,
          drawn.options.pins};
}

std::vector<ClaimedTiling> claims_of(const Result& result) {
  std::vector<ClaimedTiling> claims;
  for (const FrontEntry& point : result.front) {
    claims.push_back({point.tiling, point.l0_objective});
  }
  if (claims.empty() && result.tiling) {
    claims.push_back({*result.tiling, result.objective});
  }
  return claims;
}

/// A random candidate of the space that is legal and fits, in a hundred draws.
std::optional<Candidate> any_candidate(Random& random, const DesignSpace& space,
                                       Evaluator& evaluator, Objective objective) {
  for (int draw = 0; draw < 100; ++draw) {
    std::array<std::int64_t, kAxes> value{};
    for (std::size_t axis = 0; axis < kAxes; ++axis) {
      value[axis] = space.axes[axis].value(random.between(0, space.axes[axis].size() - 1));
    }
    const Tiling tiling = tiling_of(pick(random, space.modes), value[0], value[1], value[2]);
    if (const auto candidate = try_candidate(evaluator, tiling, objective)) {
      return candidate;
    }
  }
  return std::nullopt;
}

/// Every method finds that nothing ranks before the answer, looking at all of the space.
void check_verified(const SpaceCase& drawn, const Result& best) {
  const ProofChecker checker(drawn.hardware, drawn.workload, question_of(drawn), claims_of(best));
  REQUIRE(checker.no_candidate().empty());
  REQUIRE(checker.space() == best.search.space);
  REQUIRE_FALSE(checker.has_idle_points());
  if (best.tiling && best.front.empty()) {
    REQUIRE(checker.claimed().front().tiling == *best.tiling);
    REQUIRE(checker.claimed().front().cost == best.cost);
  }
  for (const ProofMethod method : kMethods) {
    const ProofSurvey survey = checker.survey({method, 1, nullptr, {}});
    REQUIRE_FALSE(survey.better);
    REQUIRE(survey.covered == best.search.space);
  }
}

/// Every method finds something that ranks before `worse`.
void check_refuted(const SpaceCase& drawn, const Candidate& worse, Evaluator& evaluator) {
  const Objective objective = find_objective(drawn.options.objective);
  const ProofChecker checker(drawn.hardware, drawn.workload, question_of(drawn),
                             {{worse.tiling, drawn.options.objective}});
  for (const ProofMethod method : kMethods) {
    const ProofSurvey survey = checker.survey({method, 1, nullptr, {}});
    REQUIRE(survey.better);
    const auto better = evaluator.evaluate(survey.better->tiling, objective);
    REQUIRE(better);
    REQUIRE(ranks_before(objective, *better, worse));
  }
}

TEST_CASE("both methods verify what pruned proves and refute any other tiling") {
  std::int64_t refuted = 0;
  std::int64_t empty = 0;
  for (std::int64_t i = 0; i < counted(400); ++i) {
    const SpaceCase drawn = random_space(kSeed + static_cast<std::uint64_t>(i));
    INFO(describe(drawn));
    const Result best = tune(drawn.hardware, drawn.workload, drawn.schedule, drawn.options);
    REQUIRE(best.proven);
    check_verified(drawn, best);
    if (!best.tiling) {
      ++empty;
      continue;
    }
    Problem problem = make_problem(drawn.hardware, drawn.workload, find_schedule(drawn.schedule),
                                   drawn.options.variant);
    const DesignSpace space =
        make_space(problem, drawn.options.variant, drawn.options.tile_sizes, drawn.options.pins);
    Evaluator evaluator(problem);
    Random random = Random::of(kSeed, 1, static_cast<std::uint64_t>(i));
    const auto other =
        any_candidate(random, space, evaluator, find_objective(drawn.options.objective));
    if (other && other->tiling != *best.tiling) {
      check_refuted(drawn, *other, evaluator);
      ++refuted;
    }
  }
  CHECK((!counts_are_full() || (refuted > 200 && empty > 5)));
}

TEST_CASE("both methods verify fronts and refute those that lack a point") {
  std::int64_t refuted = 0;
  for (std::int64_t i = 0; i < counted(150); ++i) {
    SpaceCase drawn = random_space(kSeed + 20'000 + static_cast<std::uint64_t>(i));
    drawn.options.objective = i % 2 == 0 ? "pareto:latency,energy,l1" : "pareto:edp,traffic";
    INFO(describe(drawn));
    const Result front = tune(drawn.hardware, drawn.workload, drawn.schedule, drawn.options);
    if (front.front.empty()) {
      continue;
    }
    check_verified(drawn, front);
    std::vector<ClaimedTiling> fewer = claims_of(front);
    fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(fewer.size() / 2));
    const ProofChecker lacking(drawn.hardware, drawn.workload, question_of(drawn), fewer);
    for (const ProofMethod method : kMethods) {
      const ProofSurvey survey = lacking.survey({method, 1, nullptr, {}});
      REQUIRE(survey.better);
    }
    ++refuted;
  }
  CHECK((!counts_are_full() || refuted > 100));
}

TEST_CASE("a claim that nothing fits is refuted by both methods where something does") {
  for (std::int64_t i = 0; i < counted(50); ++i) {
    const SpaceCase drawn = random_space(kSeed + 5'000 + static_cast<std::uint64_t>(i));
    INFO(describe(drawn));
    const Result best = tune(drawn.hardware, drawn.workload, drawn.schedule, drawn.options);
    const ProofChecker checker(drawn.hardware, drawn.workload, question_of(drawn), {});
    for (const ProofMethod method : kMethods) {
      REQUIRE(checker.survey({method, 1, nullptr, {}}).better.has_value() ==
              best.tiling.has_value());
    }
  }
}

TEST_CASE("verdicts of both methods are the same on 1, 2 and 8 threads") {
  for (std::int64_t i = 0; i < counted(20); ++i) {
    const SpaceCase drawn = random_space(kSeed + 6'000 + static_cast<std::uint64_t>(i));
    INFO(describe(drawn));
    const Result best = tune(drawn.hardware, drawn.workload, drawn.schedule, drawn.options);
    const ProofChecker checker(drawn.hardware, drawn.workload, question_of(drawn), claims_of(best));
    for (const ProofMethod method : kMethods) {
      const ProofSurvey alone = checker.survey({method, 1, nullptr, {}});
      for (const int threads : {2, 8}) {
        const ProofSurvey together = checker.survey({method, threads, nullptr, {}});
        REQUIRE(together.covered == alone.covered);
        REQUIRE(together.evaluated == alone.evaluated);
        REQUIRE(together.blocks == alone.blocks);
      }
    }
  }
}

TEST_CASE("a survey that is stopped says how much it has covered") {
  const SpaceCase drawn = random_space(kSeed);
  const Result best = tune(drawn.hardware, drawn.workload, drawn.schedule, drawn.options);
  const ProofChecker checker(drawn.hardware, drawn.workload, question_of(drawn), claims_of(best));
  const std::atomic<bool> stop{true};
  for (const ProofMethod method : kMethods) {
    const ProofSurvey survey = checker.survey({method, 1, &stop, {}});
    CHECK(survey.covered == 0);
    CHECK_FALSE(survey.better);
  }
}

/// Between two random sizes on each axis.
ClassBox random_box(Random& random, const Shape& shape, const Mode& mode) {
  const std::array lengths{shape.pairs, shape.rows, shape.cols};
  ClassBox box;
  box.mode = mode;
  for (std::size_t axis = 0; axis < lengths.size(); ++axis) {
    const std::int64_t a = random.log_between(1, lengths[axis]);
    const std::int64_t b = random.chance(40) ? a : random.log_between(1, lengths[axis]);
    box.low[axis] = std::min(a, b);
    box.high[axis] = std::max(a, b);
  }
  return box;
}

bool exceeds(const std::optional<Figures>& bound, const Figures& figures) {
  return !bound || bound->cycles > figures.cycles || bound->energy_fj > figures.energy_fj ||
         bound->traffic_bytes > figures.traffic_bytes ||
         bound->l1_peak_bytes > figures.l1_peak_bytes;
}

/// As random_space(), every other one with longer axes and a mask where the schedule has any.
SpaceCase short_or_long(std::uint64_t seed) {
  SpaceCase drawn = random_space(seed);
  if (seed % 2 == 0) {
    return drawn;
  }
  Random random = Random::of(kSeed, 3, seed);
  Workload& w = drawn.workload;
  w.q_len = random.between(8, 120);
  w.kv_len = w.q_len + (random.chance(40) ? random.between(1, 60) : 0);
  make_family(random, random.chance(60) ? Family::kCausal : Family::kWindow, w);
  keep_runnable(find_schedule(drawn.schedule), drawn.options.variant, w);
  drawn.options.pins.clear();
  if (random.chance(70)) {
    drawn.hardware.l1.capacity_bytes = std::int64_t{1} << 40U;
  }
  return drawn;
}

TEST_CASE("the roofline never exceeds a candidate of any box") {
  constexpr int kMembers = 40;
  std::int64_t fitted = 0;
  for (std::int64_t i = 0; i < counted(1200); ++i) {
    const SpaceCase drawn = short_or_long(kSeed + 10'000 + static_cast<std::uint64_t>(i));
    INFO(describe(drawn));
    Problem problem = make_problem(drawn.hardware, drawn.workload, find_schedule(drawn.schedule),
                                   drawn.options.variant);
    if (L0Tiles(drawn.hardware, problem.shape).misfit()) {
      continue;
    }
    const Roofline roofline(problem);
    Evaluator evaluator(problem);
    Random random = Random::of(kSeed, 2, static_cast<std::uint64_t>(i));
    const Objective objective = find_objective(drawn.options.objective);
    for (const Mode& mode : make_space(problem, drawn.options.variant, TileSizes::kAll, {}).modes) {
      const ClassBox box = random_box(random, problem.shape, mode);
      const auto bound = roofline.least(box);
      for (int member = 0; member < kMembers; ++member) {
        const Tiling tiling = tiling_of(mode, random.between(box.low[0], box.high[0]),
                                        random.between(box.low[1], box.high[1]),
                                        random.between(box.low[2], box.high[2]));
        const auto candidate = try_candidate(evaluator, tiling, objective);
        fitted += candidate ? 1 : 0;
        if (candidate && exceeds(bound, candidate->figures)) {
          FAIL(describe(drawn.hardware, drawn.workload, tiling));
        }
      }
    }
  }
  CHECK((!counts_are_full() || fitted > 80'000));
}

}  // namespace
}  // namespace tilewright::test
