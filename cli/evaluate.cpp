// tilewright evaluate: what a given tiling costs; factors left open take their best value.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <memory>

#include "cli/commands.h"
#include "cli/console.h"
#include "cli/exit_status.h"
#include "cli/search_run.h"
#include "common/error.h"
#include "common/text_file.h"
#include "hw_profiles/hardware_yaml.h"
#include "report/card.h"
#include "report/result_reader.h"
#include "report/table.h"

namespace tilewright::cli {
namespace {

struct EvaluateArguments {
  SearchArguments common;
  std::string schedule;
  std::string tiling;
  bool reference = false;
  std::string graph;
};

constexpr const char* kExamples =
    "Examples:\n"
    "  tilewright evaluate --hw mas-edge --workload bert-base --schedule mas \\\n"
    "      --tiling q_rows=64,kv_cols=128,buffers=2\n"
    "  tilewright evaluate --hw mas-edge --workload bert-base --schedule flat \\\n"
    "      --tiling @flat.yaml --reference --graph flat.graphml\n";

const StoredResult& stored_for(const std::vector<StoredResult>& results, const std::string& file,
                               const std::string& workload, const std::string& schedule) {
  const auto matches = [&](const StoredResult& result) {
    return result.workload == workload && result.schedule == schedule;
  };
  const auto found =
      results.size() == 1 ? results.begin() : std::find_if(results.begin(), results.end(), matches);
  if (found == results.end()) {
    throw InputError(fmt::format("{}: has no result of workload '{}' with schedule '{}'", file,
                                 workload, schedule));
  }
  if (found->factors.empty()) {
    throw InputError(fmt::format("{}: the result of workload '{}' with schedule '{}' has no tiling",
                                 file, found->workload, found->schedule));
  }
  return *found;
}

/// The cases with the factors from --tiling text.
std::vector<SearchCase> cases_from_text(const EvaluateArguments& arguments, const Suite& suite) {
  const std::map<std::string, std::string> factors = parse_factors(arguments.tiling);
  const std::string variant = variant_for(arguments.common, arguments.schedule);
  std::vector<SearchCase> cases;
  for (const Workload& workload : suite.workloads) {
    cases.push_back({workload, arguments.schedule, variant, factors});
  }
  return cases;
}

/// The cases with the factors, and unless --as-published the variants, of a result file.
std::vector<SearchCase> cases_from_file(const EvaluateArguments& arguments, const Suite& suite) {
  const std::string file = arguments.tiling.substr(1);
  const std::vector<StoredResult> results = parse_results(read_text_file(file), file);
  std::vector<SearchCase> cases;
  for (const Workload& workload : suite.workloads) {
    const StoredResult& stored = stored_for(results, file, workload.name, arguments.schedule);
    const bool keep_variant =
        !arguments.common.as_published && stored.schedule == arguments.schedule;
    cases.push_back(
        {workload, arguments.schedule,
         keep_variant ? stored.variant : variant_for(arguments.common, arguments.schedule),
         stored.factors});
  }
  return cases;
}

std::vector<SearchCase> evaluated_cases(const EvaluateArguments& arguments, const Suite& suite) {
  const bool from_file = arguments.tiling.starts_with('@');
  std::vector<SearchCase> cases =
      from_file ? cases_from_file(arguments, suite) : cases_from_text(arguments, suite);
  const std::map<std::string, std::string> pins = parse_pins(arguments.common.pins);
  for (SearchCase& item : cases) merge_pins(item.pins, pins, "--pin");
  return cases;
}

std::vector<NamedFile> evaluated_files(const EvaluateArguments& arguments) {
  std::vector<NamedFile> files = input_files(arguments.common);
  if (arguments.tiling.starts_with('@')) files.push_back({"--tiling", arguments.tiling.substr(1)});
  return files;
}

void check_graph(const EvaluateArguments& arguments, const Suite& suite) {
  if (arguments.graph.empty()) return;
  if (!arguments.reference) throw InputError("--graph: expected together with --reference");
  if (arguments.graph == "-") throw InputError("--graph: expected a file, only -o takes '-'");
  if (suite.workloads.size() != 1) {
    throw InputError(fmt::format("--graph: one file holds one workload, but '{}' has {}",
                                 arguments.common.workload, suite.workloads.size()));
  }
  std::vector<NamedFile> others = evaluated_files(arguments);
  const std::string& results = arguments.common.output.file;
  if (!results.empty() && results != "-") others.push_back({"-o", results});
  check_replaces_none({"--graph", arguments.graph}, others);
  check_writable(arguments.graph);
}

void add_references(ResultSet& set, const Hardware& hardware, const std::vector<SearchCase>& cases,
                    const std::string& graph) {
  for (std::size_t i = 0; i < set.results.size(); ++i) {
    Result& result = set.results[i];
    if (!result.tiling) continue;
    std::string graphml;
    result.reference_cycles =
        reference_cycles(hardware, cases[i].workload, result, graph.empty() ? nullptr : &graphml);
    if (!graph.empty()) write_text_file_atomically(graph, graphml);
  }
}

/// The two models must agree; a difference is an error of the program, not of its user.
bool references_agree(const ResultSet& set) {
  bool agree = true;
  for (const Result& result : set.results) {
    if (!result.reference_cycles || *result.reference_cycles == result.cost.cycles) continue;
    agree = false;
    write_message(fmt::format(
        "internal error: {} with {} takes {} cycles by the reference and {} "
        "by the analytic model",
        result.workload, result.schedule, *result.reference_cycles, result.cost.cycles));
  }
  return agree;
}

std::string evaluate_text(const ResultSet& set, const std::vector<SearchCase>& cases) {
  if (set.results.empty()) return "";
  if (set.list) return cost_table(set) + "\n" + tiling_table(set);
  std::vector<std::string> given;
  for (const auto& [name, value] : cases.front().pins) given.push_back(name);
  return result_card(set.results.front(), given);
}

int run_evaluate(const EvaluateArguments& arguments) {
  check_names(arguments.common);
  check_schedule("--schedule", arguments.schedule);
  const Hardware hardware = load_hardware(arguments.common.hardware);
  const Suite suite = load_accepted_suite(arguments.common, {&arguments.schedule, 1});
  const std::vector<SearchCase> cases = evaluated_cases(arguments, suite);
  const Output output(arguments.common.output, evaluated_files(arguments));
  check_graph(arguments, suite);
  ResultSet set = run_cases(hardware, cases, arguments.common);
  if (arguments.reference && !set.interrupted) {
    add_references(set, hardware, cases, arguments.graph);
  }
  const int status = report_results(
      set, output, [&cases](const ResultSet& results) { return evaluate_text(results, cases); });
  return references_agree(set) ? status : kInternalError;
}

}  // namespace

void add_evaluate_command(CLI::App& app, Action& action) {
  const auto arguments = std::make_shared<EvaluateArguments>();
  CLI::App* const command =
      app.add_subcommand("evaluate", "Say what a tiling costs; open factors take their best value");
  command->add_option("--schedule", arguments->schedule, "See 'tilewright list schedules'")
      ->required()
      ->type_name("NAME");
  command
      ->add_option("--tiling", arguments->tiling,
                   "Factors, e.g. q_rows=64,kv_cols=128,l0.qk=16x16x64, or @RESULT.yaml")
      ->required()
      ->type_name("FACTORS|@FILE");
  command->add_flag("--reference", arguments->reference,
                    "Also take the cycles from the full graph of operations");
  command->add_option("--graph", arguments->graph, "With --reference: write the graph as GraphML")
      ->type_name("FILE");
  add_search_options(*command, arguments->common);
  command->footer(kExamples);
  command->callback(
      [&action, arguments] { action = [arguments] { return run_evaluate(*arguments); }; });
}

}  // namespace tilewright::cli
