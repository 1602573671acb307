// tilewright compare: the best tilings of several schedules side by side.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <memory>

#include "cli/anytime.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/console.h"
#include "cli/search_run.h"
#include "common/error.h"
#include "common/text.h"
#include "hw_profiles/hardware_yaml.h"
#include "report/table.h"

namespace tilewright::cli {
namespace {

struct CompareArguments {
  SearchArguments common;
  AnytimeArguments anytime;
  std::string schedules;
  std::string baseline;
};

constexpr const char* kExamples =
    "Examples:\n"
    "  tilewright compare --hw mas-edge --workload mas12 --schedules flat,mas\n"
    "  tilewright compare --hw mas-edge --workload mas12 --schedules all --baseline layerwise\n"
    "  tilewright compare --hw mas-edge --workload mas12 --schedules flat,mas --as-published \\\n"
    "      -o published.csv\n";

/// flat unless told otherwise; the first schedule where flat is not compared.
std::string chosen_baseline(const std::string& text, const std::vector<std::string>& schedules) {
  const auto compared = [&](const std::string& name) {
    return std::find(schedules.begin(), schedules.end(), name) != schedules.end();
  };
  if (text.empty()) return compared("flat") ? "flat" : schedules.front();
  check_schedule("--baseline", text);
  if (compared(text)) return text;
  throw InputError(
      fmt::format("--baseline: '{}' is not compared, expected one of {}", text, join(schedules)));
}

int run_compare(const CompareArguments& arguments) {
  check_names(arguments.common);
  check_one_objective(arguments.common, "compare");
  const std::vector<std::string> schedules = chosen_schedules(arguments.schedules);
  check_variant(arguments.common, schedules);
  const std::string baseline = chosen_baseline(arguments.baseline, schedules);
  const std::map<std::string, std::string> pins = parse_pins(arguments.common.pins);
  const Hardware hardware = load_hardware(arguments.common.hardware);
  const Suite suite = load_accepted_suite(arguments.common, schedules);
  const std::vector<NamedFile> inputs =
      with_start_file(input_files(arguments.common), arguments.anytime);
  const Output output(arguments.common.output, inputs);
  check_anytime(arguments.anytime, arguments.common, inputs);
  std::vector<SearchCase> cases = cases_of(suite, schedules, arguments.common, pins);
  set_starts(arguments.anytime, hardware.name, arguments.common.search.objective, cases);
  ResultSet set = run_cases(hardware, cases, arguments.common);
  report_anytime(arguments.anytime, set);
  set.list = true;
  set.baseline = baseline;
  set.energy = hardware.energy;
  return report_results(set, output, cost_table);
}

}  // namespace

void add_compare_command(CLI::App& app, Action& action) {
  const auto arguments = std::make_shared<CompareArguments>();
  CLI::App* const command =
      app.add_subcommand("compare", "Compare the best tilings of several schedules");
  command
      ->add_option("--schedules", arguments->schedules,
                   "Names with commas between them, or all; see 'tilewright list schedules'")
      ->required()
      ->type_name("NAMES");
  command
      ->add_option("--baseline", arguments->baseline,
                   "The schedule that ratios refer to (default flat, else the first)")
      ->type_name("NAME");
  add_search_options(*command, arguments->common);
  add_anytime_options(*command, arguments->anytime);
  command->footer(kExamples);
  command->callback(
      [&action, arguments] { action = [arguments] { return run_compare(*arguments); }; });
}

}  // namespace tilewright::cli
