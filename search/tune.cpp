#include "search/tune.h"

#include <sstream>

#include <fmt/format.h>

#include "common/error.h"
#include "costmodel/reference.h"
#include "search/cost.h"
#include "search/objectives.h"
#include "search/root_bound.h"
#include "search/shortfall.h"
#include "search/start.h"
#include "search/strategy.h"

namespace tilewright {
namespace {

/// Throws InputError if no candidate of the space is legal. Fewer rows and heads never make a
/// tiling illegal; wider sub-tiles may make it legal.
void require_legal(const Problem& problem, const DesignSpace& space) {
  for (const Mode& mode : space.modes) {
    for (std::int64_t i = 0; i < space.axes[2].size(); ++i) {
      if (is_legal(problem.shape, tiling_of(mode, space.axes[0].value(0), space.axes[1].value(0),
                                            space.axes[2].value(i)))) {
        return;
      }
    }
  }
  const Tiling lowest = tiling_of(space.modes.front(), space.axes[0].value(0),
                                  space.axes[1].value(0), space.axes[2].value(0));
  throw InputError("no legal tiling: " + illegal_reason(problem.shape, lowest));
}

constexpr std::int64_t kDefaultEvaluations = 20'000;

Budget budget_of(const TuneOptions& options, const Strategy& strategy) {
  const bool ends = strategy.is_exact() || options.time_limit_s > 0 || options.max_evals > 0;
  return {options.time_limit_s, ends ? options.max_evals : kDefaultEvaluations, options.stop};
}

/// Strategies without a bound of their own take that of the whole space.
SearchOutcome run_recorded(const Strategy& strategy, const SearchTask& task) {
  const std::optional<Wide> root = root_bound(task.problem, task.space, task.objective);
  if (root) {
    task.trace.raise_bound(0, *root);
  }
  if (task.start) {
    task.trace.improve(0, *task.start);
  }
  SearchOutcome outcome = strategy.run(task);
  if (!outcome.lower_bound) {
    outcome.lower_bound = root;
  }
  return outcome;
}

/// The end of the record is the result; tune() adds the time.
ConvergencePoint last_point(const SearchOutcome& outcome, Objective objective,
                            const Result& result) {
  ConvergencePoint end;
  end.evaluated = outcome.evaluated;
  end.lower_bound = result.search.lower_bound;
  if (outcome.best) {
    end.incumbent = objective_value(objective, outcome.best->figures).to_double();
  }
  return end;
}

void describe_outcome(const SearchOutcome& outcome, Objective objective, Result& result) {
  result.proven = result.proven || outcome.proven;
  result.search.evaluated = outcome.evaluated;
  result.search.excluded = outcome.excluded;
  if (outcome.proven && outcome.best) {
    result.search.lower_bound = objective_value(objective, outcome.best->figures).to_double();
  } else if (outcome.lower_bound) {
    result.search.lower_bound = outcome.lower_bound->to_double();
  }
  if (!outcome.proven && outcome.best) {
    const double value = objective_value(objective, outcome.best->figures).to_double();
    result.gap = (value - result.search.lower_bound) / value;
  }
}

Result describe_front(const FrontOutcome& outcome, const FrontAxes& axes, Evaluator& evaluator,
                      Result result) {
  result.proven = outcome.proven;
  result.gap = outcome.gap;
  result.search.evaluated = outcome.evaluated;
  result.search.excluded = outcome.excluded;
  for (const FrontPoint& point : outcome.points) {
    result.front.push_back({point.candidate.tiling,
                            cost_of(evaluator, point.candidate, point.l0_objective, false),
                            std::string(name_of(point.l0_objective)), false});
  }
  if (const auto knee = knee_of(axes, outcome.points)) {
    FrontEntry& entry = result.front[*knee];
    entry.knee = true;
    const FrontPoint& point = outcome.points[*knee];
    entry.cost = cost_of(evaluator, point.candidate, point.l0_objective);
    result.tiling = entry.tiling;
    result.cost = entry.cost;
    result.l0_objective = entry.l0_objective;
  }
  return result;
}

Result echo(const Hardware& hardware, const Workload& workload, const Schedule& schedule,
            const TuneOptions& options) {
  Result result;
  result.hw = hardware.name;
  result.workload = workload.name;
  result.schedule = schedule.name();
  result.variant =
      options.variant.empty() ? std::string(schedule.variants().front()) : options.variant;
  result.objective = options.objective;
  result.l0_objective = options.objective;
  result.strategy = options.strategy;
  result.seed = options.seed;
  result.tile_sizes = kTileSizesNames.at(static_cast<std::size_t>(options.tile_sizes));
  result.pins = options.pins;
  result.clock_hz = hardware.clock_hz;
  return result;
}

/// What a search starts from.
struct Setting {
  const Problem& problem;
  const DesignSpace& space;
  const Strategy& strategy;
  const TuneOptions& options;
  const Budget& budget;
};

Result find_best(const Setting& setting, Result result) {
  const Objective objective = find_objective(setting.options.objective);
  Executor executor(setting.problem, setting.options.threads);
  Evaluator evaluator(setting.problem);
  Trace trace(objective, setting.budget);
  const auto start = adapted_start(evaluator, setting.space, setting.options);
  result.start = start_use(setting.options.start, start);
  const SearchTask task{
      setting.problem, setting.space,
      objective,       setting.options.seed,
      executor,        setting.budget,
      trace,           start ? evaluator.evaluate(*start, objective) : std::nullopt};
  SearchOutcome outcome = run_recorded(setting.strategy, task);
  if (!outcome.best) {
    result.shortfall = misfit(evaluator, setting.space);
    if (!result.shortfall && !outcome.proven) {
      // A limit came before the first candidate that fits: the smallest one does.
      outcome.best = evaluator.evaluate(smallest_candidate(evaluator, setting.space), objective);
    }
  }
  describe_outcome(outcome, objective, result);
  if (outcome.best) {
    result.tiling = outcome.best->tiling;
    result.cost = cost_of(evaluator, *outcome.best, objective);
  }
  result.convergence = trace.points();
  result.convergence.push_back(last_point(outcome, objective, result));
  return result;
}

/// The end of the record is the result, its time that of the whole search.
void close_record(const TuneOptions& options, Result& result) {
  if (!result.convergence.empty()) {
    result.convergence.back().seconds = result.search.seconds;
  }
  if (is_front(options.objective) && options.record_front) {
    result.front_course.push_back(
        {result.search.evaluated, result.search.seconds, result.front.size(), result.gap});
  }
}

Result find_front(const Setting& setting, const FrontAxes& axes, Result result) {
  Executor executor(setting.problem, setting.options.threads);
  Evaluator evaluator(setting.problem);
  FrontTrace trace(setting.budget);
  FrontTask task{setting.problem, setting.space, axes, executor, setting.budget, {}};
  task.trace = setting.options.record_front ? &trace : nullptr;
  const auto start = adapted_start(evaluator, setting.space, setting.options);
  result.start = start_use(setting.options.start, start);
  if (start) {
    offer_candidate(task.start, axes, evaluator, *start);
  }
  auto outcome = setting.strategy.run_front(task);
  if (!outcome) {
    throw InputError(fmt::format("strategy '{}' finds one candidate and no front; use pruned",
                                 setting.strategy.name()));
  }
  result.front_course = trace.moments();
  if (outcome->points.empty()) {
    result.shortfall = misfit(evaluator, setting.space);
    if (!result.shortfall && !outcome->proven) {
      // A limit came before the first candidate that fits: the smallest one does.
      Front front;
      offer_candidate(front, axes, evaluator, smallest_candidate(evaluator, setting.space));
      outcome->points = front.points();
    }
  }
  return describe_front(*outcome, axes, evaluator, std::move(result));
}

}  // namespace

Result tune(const Hardware& hardware, const Workload& workload, const std::string& schedule_name,
            const TuneOptions& options) {
  const Schedule& schedule = find_schedule(schedule_name);
  const Strategy& strategy = find_strategy(options.strategy);
  const bool wants_front = is_front(options.objective);
  const FrontAxes axes = wants_front ? FrontAxes::parse(options.objective) : FrontAxes{};
  Problem problem = make_problem(hardware, workload, schedule, options.variant);
  const DesignSpace space = make_space(problem, options.variant, options.tile_sizes, options.pins);
  require_legal(problem, space);

  Result result = echo(hardware, workload, schedule, options);
  result.search.space = space.size();
  const Budget budget = budget_of(options, strategy);
  const Tiling smallest = tiling_of(space.modes.front(), space.axes[0].value(0),
                                    space.axes[1].value(0), space.axes[2].value(0));
  if (auto shortfall = l0_shortfall(problem, smallest)) {
    result.shortfall = std::move(shortfall);
    result.proven = true;
    result.search.excluded.add(Rule::kTooLarge, space.size());
    result.search.seconds = budget.seconds();
    if (!wants_front) {
      result.convergence.push_back({0, 0, std::nullopt, 0});
    }
    close_record(options, result);
    return result;
  }
  const Setting setting{problem, space, strategy, options, budget};
  result = wants_front ? find_front(setting, axes, std::move(result))
                       : find_best(setting, std::move(result));
  result.interrupted = budget.interrupted();
  result.search.seconds = budget.seconds();
  close_record(options, result);
  return result;
}

std::int64_t reference_cycles(const Hardware& hardware, const Workload& workload,
                              const Result& result, std::string* graphml) {
  if (!result.tiling) {
    throw InputError("there is no tiling to expand");
  }
  Problem problem =
      make_problem(hardware, workload, find_schedule(result.schedule), result.variant);
  problem.pinned_qk = result.tiling->l0_qk;
  problem.pinned_pv = result.tiling->l0_pv;
  Evaluator evaluator(problem);
  const ReferenceGraph graph(evaluator, *result.tiling, find_objective(result.l0_objective));
  if (graphml != nullptr) {
    std::ostringstream text;
    graph.write_graphml(text);
    *graphml = text.str();
  }
  return hardware.launch_cycles + workload.repeat * graph.totals().cycles;
}

std::vector<NamedText> schedule_list() {
  std::vector<NamedText> list;
  for (const Schedule* schedule : all_schedules()) {
    list.push_back({std::string(schedule->name()), std::string(schedule->summary())});
  }
  return list;
}

std::vector<NamedText> strategy_list() {
  std::vector<NamedText> list;
  for (const Strategy* strategy : all_strategies()) {
    list.push_back({std::string(strategy->name()), std::string(strategy->summary())});
  }
  return list;
}

std::vector<NamedText> objective_list() {
  std::vector<NamedText> list;
  for (const ObjectiveName& objective : all_objectives()) {
    list.push_back({std::string(objective.name), std::string(objective.summary)});
  }
  list.push_back({"pareto:A,B,...",
                  "tune: the whole front over two or more of latency, energy, edp, traffic, l1"});
  return list;
}

std::vector<std::string> schedule_variants(const std::string& schedule) {
  const auto variants = find_schedule(schedule).variants();
  return {variants.begin(), variants.end()};
}

std::string published_variant(const std::string& schedule) {
  return std::string(find_schedule(schedule).published_variant());
}

}  // namespace tilewright
