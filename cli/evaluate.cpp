// tilewright evaluate: what a given tiling costs; factors left open take their best value.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <memory>
#include <optional>

#include "cli/arguments.h"
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
#include "report/timeline_svg.h"
#include "search/objectives.h"

namespace tilewright::cli {
namespace {

struct EvaluateArguments {
  SearchArguments common;
  std::string schedule;
  std::string tiling;
  bool reference = false;
  std::string graph;
  std::string timeline;
  std::optional<RoundRange> timeline_rounds;

  bool expands() const { return reference || !graph.empty() || !timeline.empty(); }
};

constexpr const char* kExamples =
    "Examples:\n"
    "  tilewright evaluate --hw mas-edge --workload bert-base --schedule mas \\\n"
    "      --tiling q_rows=64,kv_cols=128,buffers=2\n"
    "  tilewright evaluate --hw mas-edge --workload bert-base --schedule flat \\\n"
    "      --tiling @flat.yaml --reference --graph flat.graphml\n"
    "  tilewright evaluate --hw mas-edge --workload bert-base --schedule mas \\\n"
    "      --tiling q_rows=64,kv_cols=128 --timeline mas.svg --timeline-rounds 2..4\n";

const StoredResult& stored_for(const std::vector<StoredResult>& results, const std::string& file,
                               const SearchNames& search) {
  const StoredResult* const found =
      results.size() == 1 ? results.data() : most_alike(results, search);
  if (found == nullptr) {
    throw InputError(fmt::format("{}: has no result of workload '{}' with schedule '{}'", file,
                                 search.workload, search.schedule));
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
    cases.push_back({workload, arguments.schedule, variant, factors, std::nullopt});
  }
  return cases;
}

/// The cases with the factors, and unless --as-published the variants, of a result file or a table.
std::vector<SearchCase> cases_from_file(const EvaluateArguments& arguments, const Suite& suite,
                                        const std::string& hw) {
  const std::string file = arguments.tiling.substr(1);
  const std::vector<StoredResult> results = load_results(file);
  std::vector<SearchCase> cases;
  for (const Workload& workload : suite.workloads) {
    const StoredResult& stored = stored_for(
        results, file, {hw, workload.name, arguments.schedule, arguments.common.search.objective});
    const bool keep_variant = !arguments.common.as_published && arguments.common.variant.empty() &&
                              stored.schedule == arguments.schedule;
    cases.push_back(
        {workload, arguments.schedule,
         keep_variant ? stored.variant : variant_for(arguments.common, arguments.schedule),
         stored.factors, std::nullopt});
  }
  return cases;
}

std::vector<SearchCase> evaluated_cases(const EvaluateArguments& arguments, const Suite& suite,
                                        const std::string& hw) {
  const bool from_file = arguments.tiling.starts_with('@');
  std::vector<SearchCase> cases =
      from_file ? cases_from_file(arguments, suite, hw) : cases_from_text(arguments, suite);
  const std::map<std::string, std::string> pins = parse_pins(arguments.common.pins);
  for (SearchCase& item : cases) merge_pins(item.pins, pins, "--pin");
  return cases;
}

std::vector<NamedFile> evaluated_files(const EvaluateArguments& arguments) {
  std::vector<NamedFile> files = input_files(arguments.common);
  if (arguments.tiling.starts_with('@')) files.push_back({"--tiling", arguments.tiling.substr(1)});
  return files;
}

/// Of a file beside the results: it holds one workload, and replaces nothing that is read or
/// written in this run.
void check_picture(const NamedFile& picture, const EvaluateArguments& arguments,
                   const Suite& suite) {
  if (picture.path.empty()) return;
  if (picture.path == "-") {
    throw InputError(fmt::format("{}: expected a file, only -o takes '-'", picture.option));
  }
  if (suite.workloads.size() != 1) {
    throw InputError(fmt::format("{}: one file holds one workload, but '{}' has {}", picture.option,
                                 arguments.common.workload, suite.workloads.size()));
  }
  std::vector<NamedFile> others = evaluated_files(arguments);
  for (const NamedFile& written :
       {NamedFile{"-o", arguments.common.output.file}, NamedFile{"--graph", arguments.graph}}) {
    const bool is_other = written.option != picture.option;
    if (is_other && !written.path.empty() && written.path != "-") others.push_back(written);
  }
  check_replaces_none(picture, others);
  check_writable(picture.path);
}

void check_pictures(const EvaluateArguments& arguments, const Suite& suite) {
  if (arguments.timeline_rounds && arguments.timeline.empty()) {
    throw InputError("--timeline-rounds: expected together with --timeline");
  }
  check_picture({"--graph", arguments.graph}, arguments, suite);
  check_picture({"--timeline", arguments.timeline}, arguments, suite);
}

std::string drawn_timeline(const Hardware& hardware, const Workload& workload, const Result& result,
                           const EvaluateArguments& arguments) {
  Problem problem =
      make_problem(hardware, workload, find_schedule(result.schedule), result.variant);
  problem.pinned_qk = result.tiling->l0_qk;
  problem.pinned_pv = result.tiling->l0_pv;
  Evaluator evaluator(problem);
  return timeline_svg(timeline_of(evaluator, *result.tiling, find_objective(result.objective),
                                  arguments.timeline_rounds.value_or(RoundRange{})),
                      result);
}

/// Takes the cycles of the reference. Files are written when all are made.
void add_references(ResultSet& set, const Hardware& hardware, const std::vector<SearchCase>& cases,
                    const EvaluateArguments& arguments) {
  const std::string& graph = arguments.graph;
  const std::string& timeline = arguments.timeline;
  for (std::size_t i = 0; i < set.results.size(); ++i) {
    Result& result = set.results[i];
    if (!result.tiling) continue;
    const Workload& workload = cases[i].workload;
    std::string graphml;
    std::string svg;
    result.reference_cycles =
        reference_cycles(hardware, workload, result, graph.empty() ? nullptr : &graphml);
    if (!timeline.empty()) svg = drawn_timeline(hardware, workload, result, arguments);
    if (!graph.empty()) write_text_file_atomically(graph, graphml);
    if (!timeline.empty()) write_text_file_atomically(timeline, svg);
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
  check_one_objective(arguments.common, "evaluate");
  check_schedule("--schedule", arguments.schedule);
  check_variant(arguments.common, {&arguments.schedule, 1});
  const Hardware hardware = load_hardware(arguments.common.hardware);
  const Suite suite = load_accepted_suite(arguments.common, {&arguments.schedule, 1});
  const std::vector<SearchCase> cases = evaluated_cases(arguments, suite, hardware.name);
  const Output output(arguments.common.output, evaluated_files(arguments));
  check_pictures(arguments, suite);
  ResultSet set = run_cases(hardware, cases, arguments.common);
  if (arguments.expands() && !set.interrupted) add_references(set, hardware, cases, arguments);
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
  command
      ->add_option("--graph", arguments->graph, "Write that graph as GraphML; implies --reference")
      ->type_name("FILE");
  command
      ->add_option("--timeline", arguments->timeline,
                   "Draw when each operation runs, as SVG; implies --reference")
      ->type_name("FILE");
  command
      ->add_option_function<std::string>(
          "--timeline-rounds",
          [arguments = arguments.get()](const std::string& text) {
            arguments->timeline_rounds = parse_rounds("--timeline-rounds", text);
          },
          "Rounds of each core that the timeline shows (default 0..3)")
      ->type_name("FIRST..LAST");
  add_search_options(*command, arguments->common);
  command->footer(kExamples);
  command->callback(
      [&action, arguments] { action = [arguments] { return run_evaluate(*arguments); }; });
}

}  // namespace tilewright::cli
