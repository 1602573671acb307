// Every rule by which `pruned` excludes boxes, by brute force: all candidates of every excluded box
// are tried. docs/search.md numbers the rules.
#include <catch2/catch.hpp>

#include <array>
#include <cstdint>
#include <vector>

#include "search/boxes.h"
#include "search/objectives.h"
#include "search/strategy.h"
#include "test/support/counts.h"
#include "test/support/random_case.h"
#include "test/support/random_space.h"

namespace tilewright::test {
namespace {

constexpr std::uint64_t kSeed = 43001;

using RuleCounts = std::array<std::int64_t, kRuleNames.size()>;

/// Calls visit(tiling) for every candidate of a box.
template <typename Visit>
void for_each_in(const DesignSpace& space, const Box& box, const Visit& visit) {
  const auto value = [&](std::size_t axis, std::int64_t i) { return space.axes[axis].value(i); };
  for (std::int64_t h = box.first[0]; h <= box.last[0]; ++h) {
    for (std::int64_t m = box.first[1]; m <= box.last[1]; ++m) {
      for (std::int64_t n = box.first[2]; n <= box.last[2]; ++n) {
        visit(tiling_of(space.modes[box.mode], value(0, h), value(1, m), value(2, n)));
      }
    }
  }
}

/// What the rules claim of an excluded box, tried on each of its candidates.
class BoxCheck {
 public:
  BoxCheck(const Problem& problem, const DesignSpace& space, Objective objective)
      : space_(space), objective_(objective), evaluator_(problem) {}

  void check(Rule rule, const Box& box, const std::optional<Candidate>& incumbent) {
    ++boxes[static_cast<std::size_t>(rule)];
    for_each_in(space_, box, [&](const Tiling& tiling) { candidate(rule, tiling, incumbent); });
  }

  RuleCounts boxes{};
  RuleCounts candidates{};

 private:
  void candidate(Rule rule, const Tiling& tiling, const std::optional<Candidate>& incumbent) {
    ++candidates[static_cast<std::size_t>(rule)];
    const Problem& problem = evaluator_.problem();
    if (!holds(rule, tiling, incumbent)) {
      FAIL(kRuleNames[static_cast<std::size_t>(rule)]
           << " excludes " << describe(problem.hardware, problem.workload, tiling));
    }
  }

  bool holds(Rule rule, const Tiling& tiling, const std::optional<Candidate>& incumbent) {
    const bool legal = is_legal(evaluator_.problem().shape, tiling);
    if (rule == Rule::kIllegal) {
      return !legal;
    }
    const auto found = legal ? evaluator_.evaluate(tiling, objective_) : std::nullopt;
    if (rule == Rule::kTooLarge || !incumbent) {
      return !found;
    }
    if (rule == Rule::kTied) {
      return !found || ranks_before(objective_, *incumbent, *found);
    }
    // Behind by the figures alone.
    return !found ||
           rank_key(objective_, found->figures) > rank_key(objective_, incumbent->figures);
  }

  const DesignSpace& space_;
  Objective objective_;
  Evaluator evaluator_;
};

/// Adds up what the rules excluded in a search of one space.
void check_space(const SpaceCase& drawn, RuleCounts& boxes, RuleCounts& candidates) {
  Problem problem = make_problem(drawn.hardware, drawn.workload, find_schedule(drawn.schedule),
                                 drawn.options.variant);
  if (L0Tiles(drawn.hardware, problem.shape).misfit()) {
    return;
  }
  const DesignSpace space =
      make_space(problem, drawn.options.variant, drawn.options.tile_sizes, drawn.options.pins);
  const Objective objective = find_objective(drawn.options.objective);
  BoxCheck check(problem, space, objective);
  const OnExcluded on_excluded = [&check](Rule rule, const Box& box,
                                          const std::optional<Candidate>& incumbent) {
    check.check(rule, box, incumbent);
  };
  Executor executor(problem, 1);
  const Budget budget(0, 0, nullptr);
  Trace trace(objective, budget);
  const SearchOutcome outcome = pruned_strategy().run(
      {problem, space, objective, 1, executor, budget, trace, std::nullopt, &on_excluded});
  REQUIRE(outcome.proven);
  REQUIRE(outcome.evaluated + outcome.excluded.total() == space.size());
  for (std::size_t rule = 0; rule < kRuleNames.size(); ++rule) {
    REQUIRE(outcome.excluded.by_rule[rule] == check.candidates[rule]);
    boxes[rule] += check.boxes[rule];
    candidates[rule] += check.candidates[rule];
  }
}

/// A front has no incumbent: what is excluded must not enter the front that is found.
void check_front(const SpaceCase& drawn, std::string_view objective, RuleCounts& boxes) {
  Problem problem = make_problem(drawn.hardware, drawn.workload, find_schedule(drawn.schedule),
                                 drawn.options.variant);
  if (L0Tiles(drawn.hardware, problem.shape).misfit()) {
    return;
  }
  const DesignSpace space =
      make_space(problem, drawn.options.variant, drawn.options.tile_sizes, drawn.options.pins);
  const FrontAxes axes = FrontAxes::parse(objective);
  std::vector<Box> excluded;
  const OnExcluded on_excluded = [&](Rule rule, const Box& box, const std::optional<Candidate>&) {
    ++boxes[static_cast<std::size_t>(rule)];
    excluded.push_back(box);
  };
  Executor executor(problem, 1);
  const Budget budget(0, 0, nullptr);
  const auto outcome = pruned_strategy().run_front(
      {problem, space, axes, executor, budget, {}, nullptr, &on_excluded});
  Front whole;
  for (const FrontPoint& point : outcome->points) {
    whole.offer(point);
  }
  Evaluator evaluator(problem);
  for (const Box& box : excluded) {
    for_each_in(space, box,
                [&](const Tiling& tiling) { offer_candidate(whole, axes, evaluator, tiling); });
  }
  REQUIRE(whole.points().size() == outcome->points.size());
  for (std::size_t i = 0; i < whole.points().size(); ++i) {
    REQUIRE(whole.points()[i].candidate.tiling == outcome->points[i].candidate.tiling);
  }
}

TEST_CASE("no candidate of a box that a rule excludes enters the front") {
  RuleCounts boxes{};
  for (std::int64_t i = 0; i < counted(200); ++i) {
    const SpaceCase drawn = random_space(kSeed + 50'000 + static_cast<std::uint64_t>(i));
    INFO(describe(drawn));
    check_front(drawn, i % 2 == 0 ? "pareto:latency,energy,l1" : "pareto:edp,traffic", boxes);
  }
  for (std::size_t rule = 0; rule < kRuleNames.size(); ++rule) {
    INFO(kRuleNames[rule] << ": " << boxes[rule] << " boxes");
    CHECK((!counts_are_full() || boxes[rule] > 30));
  }
}

TEST_CASE("no candidate of a box that a rule excludes ranks before the incumbent") {
  RuleCounts boxes{};
  RuleCounts candidates{};
  for (std::int64_t i = 0; i < counted(1200); ++i) {
    const SpaceCase drawn = random_space(kSeed + static_cast<std::uint64_t>(i));
    INFO(describe(drawn));
    check_space(drawn, boxes, candidates);
  }
  for (std::size_t rule = 0; rule < kRuleNames.size(); ++rule) {
    INFO(kRuleNames[rule] << ": " << boxes[rule] << " boxes, " << candidates[rule]
                          << " candidates");
    CHECK((!counts_are_full() || boxes[rule] > 150));
    CHECK((!counts_are_full() || candidates[rule] > 200));
  }
}

}  // namespace
}  // namespace tilewright::test
