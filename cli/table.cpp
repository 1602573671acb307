// tilewright table: what the store of a batch says.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <memory>

#include "batch/codesign.h"
#include "batch/store.h"
#include "batch/tables.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/console.h"
#include "cli/exit_status.h"
#include "cli/output.h"
#include "cli/version.h"
#include "common/error.h"
#include "common/numbers.h"
#include "common/text.h"
#include "common/text_file.h"

namespace tilewright::cli {
namespace {

struct TableArguments {
  std::string folder;
  std::string format;
  std::string output;
  std::string pick;
  std::string pareto;
  std::string smallest;
  std::string within = "5%";
  bool sensitivity = false;
  std::string objective;
};

constexpr const char* kExamples =
    "Examples:\n"
    "  tilewright table night\n"
    "  tilewright table night --smallest l1 --within 5%\n"
    "  tilewright table night -o night.csv\n"
    "  tilewright table night --pick hw=my-npu,workload=bert-base -o tiling.h\n";

/// What the name of a file says of its format; empty if nothing.
std::string format_of_name(const std::string& file) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kExtensions{
      {{".yaml", "yaml"}, {".yml", "yaml"}, {".json", "json"}, {".csv", "csv"}, {".h", "c"}}};
  for (const auto& [extension, format] : kExtensions) {
    if (file.ends_with(extension)) return std::string(format);
  }
  return "";
}

/// --format, else what the name of -o says, else the first of `known`.
std::string chosen_format(const TableArguments& arguments, const std::vector<std::string>& known) {
  if (!arguments.format.empty()) {
    require_known("--format", arguments.format, known);
    return arguments.format;
  }
  std::string named = format_of_name(arguments.output);
  if (named.empty()) return known.front();
  if (std::find(known.begin(), known.end(), named) != known.end()) return named;
  if (named == "c") {
    throw InputError(
        fmt::format("-o: '{}' is a C header, which is one tiling: give --pick", arguments.output));
  }
  throw InputError(
      fmt::format("-o: the name '{}' says {}, expected {}", arguments.output, named, join(known)));
}

std::string picked_text(const Store& store, const TableArguments& arguments) {
  const std::string format = chosen_format(arguments, {"yaml", "json", "c"});
  const StoredCase item = picked_case(store, parse_pick(arguments.pick));
  if (format == "c") return pick_c_header(item);
  return format == "json" ? pick_json(item, kVersion) : pick_yaml(item, kVersion);
}

void write_table(const Store& store, const std::string& format, const TextSink& sink) {
  if (format == "yaml") return write_yaml_table(store, kVersion, sink);
  if (format == "json") return write_json_table(store, kVersion, sink);
  if (format == "csv") return write_csv_table(store, sink);
  sink(summary_table(store));
}

void write(const TableArguments& arguments, const TextProducer& produce) {
  const std::string store = arguments.folder + "/results.sqlite";
  if (arguments.output.empty() || arguments.output == "-") {
    produce([](std::string_view text) { write_stdout(text); });
  } else {
    check_replaces_none({"-o", arguments.output}, {{"DIR", store},
                                                   {"DIR", store + "-wal"},
                                                   {"DIR", store + "-shm"},
                                                   {"DIR", arguments.folder + "/lock"}});
    write_text_file_atomically(arguments.output, produce);
  }
}

/// "5%" or "5" -> 0.05.
double parse_percent(std::string_view option, std::string text) {
  if (text.ends_with('%')) text.pop_back();
  constexpr std::int64_t kScale = 1'000'000;
  const ParsedNumber number = parse_decimal(text, kScale);
  if (number.problem != NumberProblem::kNone || number.value < 0) {
    throw InputError(
        fmt::format("{}: '{}' is no share, expected e.g. 5%", option, printable(text)));
  }
  return static_cast<double>(number.value) / (100.0 * kScale);
}

/// The answer to a question about families of profiles; empty if none was asked.
std::string codesign_text(const Store& store, const TableArguments& arguments) {
  const int asked = (arguments.pareto.empty() ? 0 : 1) + (arguments.smallest.empty() ? 0 : 1) +
                    (arguments.sensitivity ? 1 : 0) + (arguments.pick.empty() ? 0 : 1);
  if (asked > 1) {
    throw InputError("table: expected one of --pick, --pareto, --smallest and --sensitivity");
  }
  if (!arguments.pareto.empty()) {
    return profile_front(store, arguments.pareto, arguments.objective);
  }
  if (!arguments.smallest.empty()) {
    return smallest_figure(store, arguments.smallest, parse_percent("--within", arguments.within),
                           arguments.objective);
  }
  return arguments.sensitivity ? sensitivity(store, arguments.objective) : "";
}

int run_table(const TableArguments& arguments) {
  const Store store = Store::existing(arguments.folder);
  const std::string answer = codesign_text(store, arguments);
  if (!arguments.pick.empty()) {
    const std::string text = picked_text(store, arguments);
    write(arguments, [&](const TextSink& sink) { sink(text); });
    return kDone;
  }
  if (!answer.empty()) {
    if (!arguments.format.empty()) {
      throw InputError("--format: answers to --pareto, --smallest and --sensitivity are text");
    }
    chosen_format(arguments, {"text"});
    write(arguments, [&](const TextSink& sink) { sink(answer); });
    return kDone;
  }
  const std::string format = chosen_format(arguments, {"table", "yaml", "json", "csv"});
  write(arguments, [&](const TextSink& sink) { write_table(store, format, sink); });
  return kDone;
}

}  // namespace

void add_table_command(CLI::App& app, Action& action) {
  const auto arguments = std::make_shared<TableArguments>();
  CLI::App* const command = app.add_subcommand("table", "Tables from the results of a batch");
  command->add_option("DIR", arguments->folder, "Folder of a batch")->required()->type_name("");
  command
      ->add_option("--pick", arguments->pick,
                   "The one entry a kernel build needs: hw=NAME,workload=NAME[,objective=NAME]"
                   "[,schedule=NAME]")
      ->type_name("WHICH");
  command
      ->add_option("--format", arguments->format,
                   "table (a summary), yaml, json or csv; of a pick yaml, json or c (default: what "
                   "the name of FILE says, else the first)")
      ->type_name("FORMAT");
  command
      ->add_option("--pareto", arguments->pareto,
                   "Profiles that no other betters in two or more of latency, energy, traffic, l1")
      ->type_name("AXES");
  command
      ->add_option("--smallest", arguments->smallest,
                   "The smallest value of a swept figure (l1, or its key) that is good enough")
      ->type_name("FIGURE");
  command
      ->add_option("--within", arguments->within,
                   "... for every workload to be so near its best (default 5%)")
      ->type_name("PERCENT");
  command->add_flag("--sensitivity", arguments->sensitivity,
                    "Elasticity of the objective to every swept figure");
  command
      ->add_option("--objective", arguments->objective,
                   "For these three, of several objectives of the job (default the first)")
      ->type_name("NAME");
  command
      ->add_option("-o,--output", arguments->output,
                   "Write to FILE (.yaml, .json, .csv or .h; else text), not to standard output")
      ->type_name("FILE");
  command->footer(kExamples);
  command->callback(
      [&action, arguments] { action = [arguments] { return run_table(*arguments); }; });
}

}  // namespace tilewright::cli
