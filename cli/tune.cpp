// tilewright tune: the best tiling of a workload or a suite for one schedule.
#include <CLI/CLI.hpp>

#include <memory>

#include "cli/anytime.h"
#include "cli/commands.h"
#include "cli/search_run.h"
#include "hw_profiles/hardware_yaml.h"
#include "report/card.h"
#include "report/table.h"

namespace tilewright::cli {
namespace {

struct TuneArguments {
  SearchArguments common;
  AnytimeArguments anytime;
  std::string schedule;
};

constexpr const char* kExamples =
    "Examples:\n"
    "  tilewright tune --hw mas-edge --workload bert-base --schedule mas\n"
    "  tilewright tune --hw my_npu.yaml --workload mas12 --schedule flat -o flat.yaml\n"
    "  tilewright tune --hw mas-edge --workload vit-b-16 --schedule mas --objective energy \\\n"
    "      --pin kv_resident=false\n"
    "  tilewright tune --hw mas-edge --workload bert-base --schedule mas \\\n"
    "      --objective pareto:latency,energy,l1 -o front.csv\n"
    "  tilewright tune --hw mas-edge --workload vit-b-16 --schedule mas --strategy genetic \\\n"
    "      --time-limit 0.5 --convergence genetic.csv\n";

std::vector<std::string> names_of_pins(const std::map<std::string, std::string>& pins) {
  std::vector<std::string> names;
  names.reserve(pins.size());
  for (const auto& [name, value] : pins) names.push_back(name);
  return names;
}

std::string tune_text(const Result& result, const std::map<std::string, std::string>& pins) {
  const std::string card = result_card(result, names_of_pins(pins));
  return result.front.empty() ? card : card + "\n" + front_table(result);
}

int run_tune(TuneArguments arguments) {
  check_names(arguments.common);
  check_schedule("--schedule", arguments.schedule);
  check_variant(arguments.common, {&arguments.schedule, 1});
  const std::map<std::string, std::string> pins = parse_pins(arguments.common.pins);
  const Hardware hardware = load_hardware(arguments.common.hardware);
  const Suite suite = load_accepted_suite(arguments.common, {&arguments.schedule, 1});
  const std::vector<NamedFile> inputs =
      with_start_file(input_files(arguments.common), arguments.anytime);
  const Output output(arguments.common.output, inputs);
  check_anytime(arguments.anytime, arguments.common, inputs);
  const std::string variant = variant_for(arguments.common, arguments.schedule);
  std::vector<SearchCase> cases;
  for (const Workload& workload : suite.workloads) {
    cases.push_back({workload, arguments.schedule, variant, pins, std::nullopt});
  }
  set_starts(arguments.anytime, hardware.name, arguments.common.search.objective, cases);
  arguments.common.search.record_front = !arguments.anytime.convergence.empty();
  const ResultSet set = run_cases(hardware, cases, arguments.common);
  report_anytime(arguments.anytime, set);
  return report_results(set, output, [&pins](const ResultSet& results) {
    if (results.results.empty()) return std::string();
    if (!results.list) return tune_text(results.results.front(), pins);
    return cost_table(results) + "\n" + tiling_table(results);
  });
}

}  // namespace

void add_tune_command(CLI::App& app, Action& action) {
  const auto arguments = std::make_shared<TuneArguments>();
  CLI::App* const command =
      app.add_subcommand("tune", "Find the best tiling of a workload for one schedule");
  command->add_option("--schedule", arguments->schedule, "See 'tilewright list schedules'")
      ->required()
      ->type_name("NAME");
  add_search_options(*command, arguments->common);
  add_anytime_options(*command, arguments->anytime);
  command->footer(kExamples);
  command->callback(
      [&action, arguments] { action = [arguments] { return run_tune(*arguments); }; });
}

}  // namespace tilewright::cli
