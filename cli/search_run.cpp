#include "cli/search_run.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <limits>
#include <sstream>
#include <utility>

#include "cli/arguments.h"
#include "cli/console.h"
#include "cli/exit_status.h"
#include "cli/interrupt.h"
#include "common/error.h"
#include "common/text.h"
#include "report/names.h"
#include "report/result_text.h"
#include "schedules/schedule.h"
#include "schedules/workload_yaml.h"
#include "search/front.h"

namespace tilewright::cli {
namespace {

constexpr CountRange kEvaluations{1, std::numeric_limits<std::int64_t>::max()};
constexpr CountRange kSeeds{0, std::numeric_limits<std::uint64_t>::max()};

}  // namespace

void add_limit_options(CLI::App& command, TuneOptions& search) {
  command
      .add_option_function<std::string>(
          "--threads",
          [&search](const std::string& text) {
            search.threads = static_cast<int>(parse_count("--threads", text, kThreads));
          },
          "Threads to use; all if not given. The answer does not depend on it")
      ->type_name("N");
  command
      .add_option_function<std::string>(
          "--time-limit",
          [&search](const std::string& text) {
            search.time_limit_s = parse_seconds("--time-limit", text);
          },
          "Stop each search after so many seconds with the best tiling found")
      ->type_name("SECONDS");
  command
      .add_option_function<std::string>(
          "--max-evals",
          [&search](const std::string& text) {
            search.max_evals =
                static_cast<std::int64_t>(parse_count("--max-evals", text, kEvaluations));
          },
          "Stop each search after so many evaluated candidates")
      ->type_name("N");
}

namespace {

void add_choices(CLI::App& command, SearchArguments& arguments) {
  command
      .add_option("--strategy", arguments.search.strategy,
                  "How to search; see 'tilewright list strategies' (default pruned)")
      ->type_name("NAME");
  command
      .add_option("--objective", arguments.search.objective,
                  "What to minimise; see 'tilewright list objectives' (default latency)")
      ->type_name("NAME");
  command
      .add_option_function<std::string>(
          "--tile-sizes",
          [&arguments](const std::string& text) {
            arguments.search.tile_sizes = parse_tile_sizes(text);
          },
          "all (every integer, the default), divisors or pow2")
      ->type_name("SET");
  command
      .add_option("--pin", arguments.pins,
                  "Hold a factor at a value, e.g. q_rows=64 or l0.qk=16x16x64; repeatable")
      ->type_name("FACTOR=VALUE")
      ->allow_extra_args(false);
  CLI::Option* const published =
      command.add_flag("--as-published", arguments.as_published,
                       "The variant that a schedule's paper published, e.g. serial FLAT");
  command
      .add_option("--variant", arguments.variant,
                  "A variant for the schedules that have it; see 'tilewright list schedules'")
      ->type_name("NAME")
      ->excludes(published);
}

void add_seed(CLI::App& command, TuneOptions& search) {
  command
      .add_option_function<std::string>(
          "--seed",
          [&search](const std::string& text) { search.seed = parse_count("--seed", text, kSeeds); },
          "Seed of the strategies that draw at random (default 1)")
      ->type_name("N");
}

std::string finished_text(const ResultSet& set, std::size_t cases) {
  std::size_t finished = 0;
  for (const Result& result : set.results) finished += result.interrupted ? 0 : 1;
  return fmt::format("interrupted; {} of {} searches finished", finished, cases);
}

/// The three sides of an L0 tile that tune() has accepted.
L0Tile pinned_tile(const std::string& text) {
  L0Tile tile;
  char x = 0;
  std::istringstream(text) >> tile.m >> x >> tile.n >> x >> tile.k;
  return tile;
}

/// An L0 tile beyond its matmul means the whole of it: worth saying, as another one was asked for.
void note_cut_tiles(const SearchCase& item, const Result& result) {
  if (!result.tiling) return;
  for (const auto& [factor, used] :
       {std::pair{"l0.qk", result.tiling->l0_qk}, std::pair{"l0.pv", result.tiling->l0_pv}}) {
    const auto pin = item.pins.find(factor);
    if (pin == item.pins.end() || pinned_tile(pin->second) == used) continue;
    write_message(fmt::format("note: {}: {}={} is cut to the size of its matmul, {}",
                              case_text(result), factor, pin->second, l0_text(used)));
  }
}

}  // namespace

void add_input_options(CLI::App& command, SearchArguments& arguments) {
  command.add_option("--hw", arguments.hardware, "Hardware profile: a bundled name or a YAML file")
      ->required()
      ->type_name("NAME|FILE");
  command
      .add_option("--workload", arguments.workload,
                  "Workload or suite: a bundled name or a YAML file")
      ->required()
      ->type_name("NAME|FILE");
}

void add_search_options(CLI::App& command, SearchArguments& arguments) {
  add_input_options(command, arguments);
  add_choices(command, arguments);
  add_seed(command, arguments.search);
  add_limit_options(command, arguments.search);
  add_output_options(command, arguments.output);
}

void check_names(const SearchArguments& arguments) {
  require_known("--strategy", arguments.search.strategy, names_of(strategy_list()));
  if (is_front(arguments.search.objective)) {
    FrontAxes::parse(arguments.search.objective);
  } else {
    require_known("--objective", arguments.search.objective, names_of(objective_list()));
  }
}

void check_one_objective(const SearchArguments& arguments, std::string_view command) {
  if (is_front(arguments.search.objective)) {
    std::vector<std::string> single = names_of(objective_list());
    std::erase_if(single, [](const std::string& name) { return is_front(name); });
    throw InputError(
        fmt::format("--objective: {} takes one of {}; tune finds a front", command, join(single)));
  }
}

void check_schedule(const std::string& option, const std::string& schedule) {
  require_known(option, schedule, names_of(schedule_list()));
}

Suite load_accepted_suite(const SearchArguments& arguments,
                          std::span<const std::string> schedules) {
  Suite suite = load_suite(arguments.workload);
  for (const Workload& workload : suite.workloads) {
    std::optional<std::string> reason;
    const bool refused =
        std::all_of(schedules.begin(), schedules.end(), [&](const std::string& schedule) {
          reason = refusal(find_schedule(schedule), workload, variant_for(arguments, schedule));
          return reason.has_value();
        });
    if (!refused) continue;
    throw InputError(fmt::format("{}: workload '{}': {}", workload.place, workload.name, *reason));
  }
  return suite;
}

std::vector<std::string> chosen_schedules(const std::string& text) {
  if (text == "all") return names_of(schedule_list());
  std::vector<std::string> schedules = parse_name_list("--schedules", text);
  for (const std::string& schedule : schedules) check_schedule("--schedules", schedule);
  return schedules;
}

std::vector<SearchCase> cases_of(const Suite& suite, std::span<const std::string> schedules,
                                 const SearchArguments& arguments,
                                 const std::map<std::string, std::string>& pins) {
  std::vector<SearchCase> cases;
  for (const Workload& workload : suite.workloads) {
    for (const std::string& schedule : schedules) {
      const std::string variant = variant_for(arguments, schedule);
      if (const auto reason = refusal(find_schedule(schedule), workload, variant)) {
        write_message(
            fmt::format("note: {} is left out for '{}': {}", schedule, workload.name, *reason));
        continue;
      }
      cases.push_back({workload, schedule, variant, pins, std::nullopt});
    }
  }
  return cases;
}

std::vector<NamedFile> input_files(const SearchArguments& arguments) {
  return files_among({{"--hw", arguments.hardware}, {"--workload", arguments.workload}});
}

namespace {

bool has_variant(const std::string& schedule, const std::string& variant) {
  const std::vector<std::string> variants = schedule_variants(schedule);
  return std::find(variants.begin(), variants.end(), variant) != variants.end();
}

}  // namespace

void check_variant(const SearchArguments& arguments, std::span<const std::string> schedules) {
  std::vector<std::string> known;
  for (const std::string& schedule : schedules) {
    for (const std::string& variant : schedule_variants(schedule)) {
      if (std::find(known.begin(), known.end(), variant) == known.end()) known.push_back(variant);
    }
  }
  if (!arguments.variant.empty()) require_known("--variant", arguments.variant, known);
}

std::string variant_for(const SearchArguments& arguments, const std::string& schedule) {
  if (arguments.as_published) return published_variant(schedule);
  return has_variant(schedule, arguments.variant) ? arguments.variant : "";
}

std::map<std::string, std::string> parse_pins(const std::vector<std::string>& pins) {
  std::map<std::string, std::string> all;
  for (const std::string& pin : pins) merge_pins(all, parse_factors(pin), "--pin");
  return all;
}

void merge_pins(std::map<std::string, std::string>& pins,
                const std::map<std::string, std::string>& more, const std::string& option) {
  for (const auto& [factor, value] : more) {
    if (pins.emplace(factor, value).second) continue;
    throw InputError(fmt::format("{}: '{}' is given twice", option, factor));
  }
}

ResultSet run_cases(const Hardware& hardware, const std::vector<SearchCase>& cases,
                    const SearchArguments& arguments) {
  const std::atomic<bool>& stop = catch_interrupts();
  ResultSet set;
  set.list = cases.size() > 1;
  {
    ProgressBar bar(cases.size(), arguments.output.quiet);
    for (const SearchCase& item : cases) {
      if (stop) break;
      bar.show(set.results.size(), fmt::format("{}, {}", item.workload.name, item.schedule));
      TuneOptions options = arguments.search;
      options.variant = item.variant;
      options.pins = item.pins;
      options.start = item.start;
      options.stop = &stop;
      set.results.push_back(tune(hardware, item.workload, item.schedule, options));
    }
  }
  for (std::size_t i = 0; i < set.results.size(); ++i) note_cut_tiles(cases[i], set.results[i]);
  set.interrupted = stop && (set.results.size() < cases.size() || set.results.back().interrupted);
  if (set.interrupted) write_message(finished_text(set, cases.size()));
  return set;
}

int report_results(const ResultSet& set, const Output& output, const TableText& table) {
  output.write(set, table);
  bool all_fit = true;
  for (const Result& result : set.results) {
    if (result.tiling) continue;
    all_fit = false;
    write_message(fmt::format("{}: {}", case_text(result), no_tiling_text(result)));
  }
  if (set.interrupted) return kInterrupted;
  return all_fit ? kDone : kNoTiling;
}

}  // namespace tilewright::cli
