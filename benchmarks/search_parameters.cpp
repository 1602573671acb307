// What the parameters of genetic and mcts are worth: one parameter after the other is moved away
// from its default.
//
//   search_parameters genetic|mcts [EVALUATIONS] [SEEDS] [PARAMETER]
//
// Over mas12 x all schedules on mas-edge, objective latency, prints for every variant the share of
// cases whose median over the seeds is optimal, within 1 % and within 5 % of the proven optimum,
// and the geometric mean and the worst of the ratios to it.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "hw_profiles/hardware_yaml.h"
#include "schedules/workload_yaml.h"
#include "search/genetic.h"
#include "search/mcts.h"
#include "search/tune.h"

namespace tilewright {
namespace {

using Run = std::function<SearchOutcome(const SearchTask&)>;

struct Variant {
  std::string parameter;
  std::string value;
  Run run;
};

/// One row for the default, then rows in which one parameter differs.
template <typename Parameters>
class Variants {
 public:
  using Runner = SearchOutcome (*)(const SearchTask&, const Parameters&);
  explicit Variants(Runner runner) : runner_(runner) { add("default", "", {}); }

  template <typename T>
  void vary(const std::string& name, T Parameters::*member, const std::vector<T>& values) {
    for (const T& value : values) {
      Parameters parameters;
      if (parameters.*member != value) {
        parameters.*member = value;
        add(name, fmt::format("{}", value), parameters);
      }
    }
  }
  const std::vector<Variant>& all() const { return all_; }

 private:
  void add(const std::string& name, const std::string& value, const Parameters& parameters) {
    all_.push_back({name, value, [runner = runner_, parameters](const SearchTask& task) {
                      return runner(task, parameters);
                    }});
  }

  Runner runner_;
  std::vector<Variant> all_;
};

std::vector<Variant> genetic_variants() {
  Variants<GeneticParameters> variants(run_genetic);
  variants.vary<std::int64_t>("islands", &GeneticParameters::islands, {1, 2, 4, 8});
  variants.vary<std::size_t>("population", &GeneticParameters::population, {12, 24, 48});
  variants.vary<std::size_t>("elite", &GeneticParameters::elite, {1, 2, 4});
  variants.vary<std::int64_t>("tournament", &GeneticParameters::tournament, {2, 3, 5});
  variants.vary<std::int64_t>("mutation", &GeneticParameters::mutation, {15, 30, 45});
  variants.vary<std::int64_t>("generations", &GeneticParameters::generations, {2, 8, 32});
  return variants.all();
}

std::vector<Variant> mcts_variants() {
  Variants<MctsParameters> variants(run_mcts);
  variants.vary<std::int64_t>("trees", &MctsParameters::trees, {2, 4, 8});
  variants.vary<double>("exploration", &MctsParameters::exploration, {0.35, 0.7, 1.4});
  variants.vary<double>("best_share", &MctsParameters::best_share, {0, 0.5, 1});
  variants.vary<double>("widening", &MctsParameters::widening, {1, 2, 4});
  variants.vary<std::int64_t>("informed", &MctsParameters::informed, {0, 25, 50, 75});
  variants.vary<std::int64_t>("local", &MctsParameters::local, {0, 50, 75});
  return variants.all();
}

struct Case {
  Workload workload;
  std::string schedule;
  double optimum = 0;
};

std::vector<Case> proven_cases(const Hardware& hardware) {
  std::vector<Case> cases;
  for (const Workload& workload : load_suite("mas12").workloads) {
    for (const NamedText& schedule : schedule_list()) {
      const Result result = tune(hardware, workload, schedule.name, {});
      cases.push_back({workload, schedule.name, static_cast<double>(result.cost.cycles)});
    }
  }
  return cases;
}

double ratio(const Hardware& hardware, const Case& item, const Run& run, std::int64_t evaluations,
             std::uint64_t seed) {
  Problem problem = make_problem(hardware, item.workload, find_schedule(item.schedule), "");
  const DesignSpace space = make_space(problem, "", TileSizes::kAll, {});
  const Budget budget(0, evaluations, nullptr);
  Executor executor(problem, 1);
  Trace trace(Objective::kLatency, budget);
  const SearchOutcome outcome =
      run({problem, space, Objective::kLatency, seed, executor, budget, trace, std::nullopt});
  return outcome.best ? static_cast<double>(outcome.best->figures.cycles) / item.optimum : 1e9;
}

void print_row(const Variant& variant, std::vector<double> medians) {
  const auto share = [&](double limit) {
    const auto within = std::count_if(medians.begin(), medians.end(),
                                      [limit](double value) { return value <= limit; });
    return 100.0 * static_cast<double>(within) / static_cast<double>(medians.size());
  };
  double logs = 0;
  for (const double value : medians) logs += std::log(value);
  fmt::print("| {} | {} | {:.0f} % | {:.0f} % | {:.0f} % | {:.5f} | {:.4f} |\n", variant.parameter,
             variant.value, share(1), share(1.01), share(1.05),
             std::exp(logs / static_cast<double>(medians.size())),
             *std::max_element(medians.begin(), medians.end()));
  std::fflush(stdout);
}

int compare(const std::string& strategy, std::int64_t evaluations, std::uint64_t seeds,
            const std::string& parameter) {
  const Hardware hardware = load_hardware("mas-edge");
  const std::vector<Case> cases = proven_cases(hardware);
  fmt::print("{}: {} cases, {} evaluations, median of {} seeds\n\n", strategy, cases.size(),
             evaluations, seeds);
  fmt::print("| parameter | value | optimal | within 1 % | within 5 % | mean ratio | worst |\n");
  fmt::print("| --- | --- | --- | --- | --- | --- | --- |\n");
  for (const Variant& variant : strategy == "mcts" ? mcts_variants() : genetic_variants()) {
    if (!parameter.empty() && variant.parameter != parameter) continue;
    std::vector<double> medians;
    for (const Case& item : cases) {
      std::vector<double> ratios;
      for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        ratios.push_back(ratio(hardware, item, variant.run, evaluations, seed));
      }
      std::sort(ratios.begin(), ratios.end());
      medians.push_back(ratios[ratios.size() / 2]);
    }
    print_row(variant, medians);
  }
  return 0;
}

}  // namespace
}  // namespace tilewright

int main(int argc, char** argv) {
  const auto number = [&](int i, long otherwise) {
    return argc > i ? std::strtol(argv[i], nullptr, 10) : otherwise;
  };
  const std::string strategy = argc > 1 ? argv[1] : "";
  if (strategy != "genetic" && strategy != "mcts") {
    fmt::print("search_parameters genetic|mcts [EVALUATIONS] [SEEDS] [PARAMETER]\n");
    return 2;
  }
  return tilewright::compare(strategy, number(2, 20'000), static_cast<std::uint64_t>(number(3, 5)),
                             argc > 4 ? argv[4] : "");
}
