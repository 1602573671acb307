// tilewright bench-search: how near the strategies come to the proven optimum, at equal evaluations
// and at equal time.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <limits>
#include <memory>

#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/console.h"
#include "cli/exit_status.h"
#include "cli/interrupt.h"
#include "cli/search_run.h"
#include "common/error.h"
#include "hw_profiles/hardware_yaml.h"
#include "report/result_set.h"
#include "report/result_text.h"
#include "report/strategy_table.h"
#include "schedules/schedule.h"
#include "search/strategy.h"

namespace tilewright::cli {
namespace {

constexpr std::int64_t kEvaluations = 20'000;
constexpr double kSeconds = 0.05;
constexpr std::uint64_t kSeeds = 5;
constexpr CountRange kSeedCounts{1, 1000};

struct BenchArguments {
  SearchArguments common;
  std::string schedules;
  std::string strategies = "all";
  std::uint64_t seeds = kSeeds;
};

constexpr const char* kExamples =
    "Examples:\n"
    "  tilewright bench-search --hw mas-edge --workload mas12 --schedules all\n"
    "  tilewright bench-search --hw mas-edge --workload bert-base --schedules flat,mas \\\n"
    "      --strategies genetic,mcts --max-evals 5000 --time-limit 0.02 --seeds 9 -o bench.csv\n";

std::vector<std::string> chosen_strategies(const std::string& text) {
  std::vector<std::string> all = names_of(strategy_list());
  if (text == "all") return all;
  std::vector<std::string> strategies = parse_name_list("--strategies", text);
  for (const std::string& strategy : strategies) require_known("--strategies", strategy, all);
  return strategies;
}

/// There are no result files of comparisons of strategies, only tables and CSV.
OutputArguments checked_output(OutputArguments output) {
  const bool other_file = !output.file.empty() && output.file != "-" &&
                          !output.file.ends_with(".csv") && output.format.empty();
  if (output.format == "yaml" || output.format == "json" || other_file) {
    throw InputError(
        fmt::format("{}: '{}', expected {}", other_file ? "-o" : "--format",
                    other_file ? output.file : output.format,
                    other_file ? "a name that ends in .csv, or --format" : "table or csv"));
  }
  if (output.file == "-" && output.format.empty()) output.format = "csv";
  return output;
}

/// Runs the searches; throws nothing of its own, stops where Ctrl-C says so.
class Bench {
 public:
  Bench(const Hardware& hardware, const BenchArguments& arguments, const std::atomic<bool>& stop)
      : hardware_(hardware),
        strategies_(chosen_strategies(arguments.strategies)),
        seeds_(arguments.seeds),
        search_(arguments.common.search),
        stop_(stop) {
    search_.stop = &stop_;
  }

  /// Adds the rows of a case when all its searches are done. False if nothing fits.
  bool add(const SearchCase& item) {
    TuneOptions options = search_;
    options.variant = item.variant;
    options.pins = item.pins;
    options.strategy = "pruned";
    options.max_evals = 0;
    options.time_limit_s = 0;
    const Result best = tune(hardware_, item.workload, item.schedule, options);
    if (stop_) return true;
    if (!best.tiling) {
      write_message(fmt::format("{}: {}", case_text(best), no_tiling_text(best)));
      return false;
    }
    std::vector<StrategyCase> rows;
    for (const EqualLimit limit : {EqualLimit::kEvaluations, EqualLimit::kTime}) {
      for (const std::string& strategy : strategies_) {
        rows.push_back(compared(item, limit, strategy, *objective_value(best)));
        if (stop_) return true;
      }
    }
    cases_.insert(cases_.end(), rows.begin(), rows.end());
    return true;
  }

  const std::vector<StrategyCase>& cases() const { return cases_; }

 private:
  StrategyCase compared(const SearchCase& item, EqualLimit limit, const std::string& strategy,
                        double optimum) const {
    TuneOptions options = search_;
    options.variant = item.variant;
    options.pins = item.pins;
    options.strategy = strategy;
    if (limit == EqualLimit::kTime) {
      options.max_evals = 0;
    } else {
      options.time_limit_s = 0;
    }
    // What draws nothing at random finds the same every time.
    const std::uint64_t seeds = find_strategy(strategy).is_exact() ? 1 : seeds_;
    std::vector<StrategyRun> runs;
    for (options.seed = 1; options.seed <= seeds && !stop_; ++options.seed) {
      runs.push_back(strategy_run(tune(hardware_, item.workload, item.schedule, options), optimum));
    }
    StrategyCase row{limit, strategy, item.workload.name, item.schedule, runs.size(), optimum, {}};
    if (!runs.empty()) row.median = median_run(runs);
    return row;
  }

  const Hardware& hardware_;
  std::vector<std::string> strategies_;
  std::uint64_t seeds_;
  TuneOptions search_;
  const std::atomic<bool>& stop_;
  std::vector<StrategyCase> cases_;
};

int run_bench(BenchArguments arguments) {
  check_names(arguments.common);
  check_one_objective(arguments.common, "bench-search");
  const std::vector<std::string> schedules = chosen_schedules(arguments.schedules);
  TuneOptions& search = arguments.common.search;
  if (search.max_evals == 0) search.max_evals = kEvaluations;
  if (search.time_limit_s == 0) search.time_limit_s = kSeconds;
  const Hardware hardware = load_hardware(arguments.common.hardware);
  const Suite suite = load_accepted_suite(arguments.common, schedules);
  const Output output(checked_output(arguments.common.output), input_files(arguments.common));
  const std::vector<SearchCase> cases = cases_of(suite, schedules, arguments.common, {});

  const std::atomic<bool>& stop = catch_interrupts();
  Bench bench(hardware, arguments, stop);
  bool all_fit = true;
  {
    ProgressBar bar(cases.size(), arguments.common.output.quiet);
    for (std::size_t i = 0; i < cases.size() && !stop; ++i) {
      bar.show(i, fmt::format("{}, {}", cases[i].workload.name, cases[i].schedule));
      all_fit = bench.add(cases[i]) && all_fit;
    }
  }
  const StrategyBench description{hardware.name,    suite.name,          search.objective,
                                  search.max_evals, search.time_limit_s, arguments.seeds};
  output.write([&](Format format) {
    return format == Format::kCsv ? strategy_csv(description, bench.cases())
                                  : strategy_table(description, bench.cases());
  });
  if (stop) {
    write_message("interrupted; what was finished is written");
    return kInterrupted;
  }
  return all_fit ? kDone : kNoTiling;
}

void add_bench_options(CLI::App& command, BenchArguments& arguments) {
  command
      .add_option("--schedules", arguments.schedules,
                  "Names with commas between them, or all; see 'tilewright list schedules'")
      ->required()
      ->type_name("NAMES");
  command
      .add_option("--strategies", arguments.strategies,
                  "Names with commas between them, or all (default); see 'tilewright list "
                  "strategies'")
      ->type_name("NAMES");
  command
      .add_option("--objective", arguments.common.search.objective,
                  "What to minimise; see 'tilewright list objectives' (default latency)")
      ->type_name("NAME");
  command
      .add_option_function<std::string>(
          "--seeds",
          [&arguments](const std::string& text) {
            arguments.seeds = parse_count("--seeds", text, kSeedCounts);
          },
          "Searches of each strategy that draws at random, with seeds 1, 2, ... (default 5)")
      ->type_name("K");
}

}  // namespace

void add_bench_search_command(CLI::App& app, Action& action) {
  const auto arguments = std::make_shared<BenchArguments>();
  CLI::App* const command = app.add_subcommand(
      "bench-search",
      "Compare the strategies with the proven optimum, at equal evaluations (--max-evals, default "
      "20,000) and at equal time (--time-limit, default 0.05 s)");
  add_input_options(*command, arguments->common);
  add_bench_options(*command, *arguments);
  add_limit_options(*command, arguments->common.search);
  add_output_options(*command, arguments->common.output);
  command->footer(kExamples);
  command->callback(
      [&action, arguments] { action = [arguments] { return run_bench(*arguments); }; });
}

}  // namespace tilewright::cli
