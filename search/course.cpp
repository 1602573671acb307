#include "search/course.h"

#include <algorithm>

#include "search/trace.h"

namespace tilewright {

std::optional<Candidate> Probe::evaluate(Evaluator& evaluator, const Tiling& tiling) {
  const auto candidate = try_candidate(evaluator, tiling, task_.objective);
  ++evaluated_;
  if (incumbent_.offer(candidate)) {
    improvements_.emplace_back(evaluated_, *candidate);
  }
  return candidate;
}

void Probe::evaluate_each(Evaluator& evaluator, std::span<const Tiling> tilings) {
  std::vector<Tiling> legal;
  std::vector<std::int64_t> places;  // among all of them
  for (std::size_t i = 0; i < tilings.size(); ++i) {
    if (is_legal(task_.problem.shape, tilings[i])) {
      legal.push_back(tilings[i]);
      places.push_back(static_cast<std::int64_t>(i));
    }
  }
  std::vector<std::optional<Candidate>> found(legal.size());
  evaluator.evaluate_each(
      legal, task_.objective,
      [&found](std::size_t i, const std::optional<Candidate>& candidate) { found[i] = candidate; });
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (incumbent_.offer(found[i])) {
      improvements_.emplace_back(evaluated_ + places[i] + 1, *found[i]);
    }
  }
  evaluated_ += static_cast<std::int64_t>(tilings.size());
}

Course::Course(const SearchTask& task, Int128 most)
    : task_(task), most_(most), incumbent_(task.objective, task.start) {}

Int128 Course::round(std::int64_t items, std::int64_t each, const Work& work) {
  const Int128 before = outcome_.evaluated;
  const auto wanted =
      static_cast<std::int64_t>(std::min<Int128>(most_ - before, Int128{items} * each));
  const std::int64_t allowed = task_.budget.allowed(before, wanted);
  std::vector<Probe> probes;
  Int128 first = before;
  for (std::int64_t item = 0; item < items; ++item) {
    const std::int64_t share = allowed / items + (item < allowed % items ? 1 : 0);
    probes.emplace_back(task_, incumbent_, first, share);
    first += share;
  }
  task_.executor.for_each(items, [&](std::int64_t item, Evaluator& evaluator) {
    work(item, probes[static_cast<std::size_t>(item)], evaluator);
  });
  for (const Probe& probe : probes) {
    join(probe);
  }
  return outcome_.evaluated - before;
}

void Course::join(const Probe& probe) {
  for (const auto& [count, candidate] : probe.improvements_) {
    if (incumbent_.offer(candidate)) {
      task_.trace.improve(outcome_.evaluated + count, candidate);
    }
  }
  outcome_.evaluated += probe.evaluated_;
}

SearchOutcome Course::outcome() const {
  SearchOutcome outcome = outcome_;
  outcome.best = incumbent_.best();
  return outcome;
}

}  // namespace tilewright
