// tilewright replay: executes found schedules on real numbers.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>

#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/console.h"
#include "cli/exit_status.h"
#include "cli/output.h"
#include "cli/version.h"
#include "common/error.h"
#include "common/text.h"
#include "common/text_file.h"
#include "hw_profiles/hardware_yaml.h"
#include "replay/replay.h"
#include "report/emit_yaml.h"
#include "report/replay_card.h"
#include "report/replay_document.h"
#include "report/result_reader.h"
#include "report/result_text.h"
#include "schedules/workload_yaml.h"

namespace tilewright::cli {
namespace {

constexpr CountRange kSeeds{0, std::numeric_limits<std::uint64_t>::max()};

constexpr const char* kExamples =
    "Examples:\n"
    "  tilewright tune --hw mas-edge --workload bert-base --schedule mas -o best.yaml\n"
    "  tilewright replay best.yaml\n"
    "  tilewright replay best.yaml --dtype fp16 --seed 7 --format yaml\n"
    "  tilewright replay mine.yaml --hw my_npu.yaml --workload my_shapes.yaml\n";

struct ReplayArguments {
  std::string file;
  std::string hardware;
  std::string workload;
  std::string type = "fp32";
  ReplayOptions options;
  OutputArguments output;
};

/// A result of the file with the machine and the workload that its names mean.
struct ReplayCase {
  StoredResult stored;
  Hardware hardware;
  Workload workload;
};

Hardware hardware_of(const ReplayArguments& arguments, const StoredResult& stored) {
  if (!arguments.hardware.empty()) return load_hardware(arguments.hardware);
  const std::vector<std::string> bundled = bundled_hardware();
  if (std::find(bundled.begin(), bundled.end(), stored.hw) != bundled.end()) {
    return load_hardware(stored.hw);
  }
  throw InputError::at(
      arguments.file, stored.hw_line, "hw",
      fmt::format("'{}' is no bundled profile, expected its file with --hw", printable(stored.hw)));
}

/// The bundled workload of that name.
Workload bundled_workload(const ReplayArguments& arguments, const StoredResult& stored) {
  for (const std::string& name : bundled_suites()) {
    for (const Workload& workload : load_suite(name).workloads) {
      if (workload.name == stored.workload) return workload;
    }
  }
  throw InputError::at(arguments.file, stored.workload_line, "workload",
                       fmt::format("'{}' is no bundled workload, expected its file with --workload",
                                   printable(stored.workload)));
}

/// The workload of a result; empty if --workload names others only.
std::optional<Workload> workload_of(const ReplayArguments& arguments, const StoredResult& stored,
                                    bool only_result) {
  if (arguments.workload.empty()) return bundled_workload(arguments, stored);
  const Suite suite = load_suite(arguments.workload);
  if (only_result && suite.workloads.size() == 1) return suite.workloads.front();
  for (const Workload& workload : suite.workloads) {
    if (workload.name == stored.workload) return workload;
  }
  return std::nullopt;
}

std::vector<ReplayCase> replay_cases(const ReplayArguments& arguments) {
  const std::vector<StoredResult> results =
      parse_results(read_text_file(arguments.file), arguments.file);
  std::vector<ReplayCase> cases;
  for (const StoredResult& stored : results) {
    if (stored.factors.empty()) continue;
    const auto workload = workload_of(arguments, stored, results.size() == 1);
    if (workload) cases.push_back({stored, hardware_of(arguments, stored), *workload});
  }
  if (cases.empty()) {
    throw InputError(fmt::format(
        "{}: has no tiling{}", arguments.file,
        arguments.workload.empty() ? "" : " of a workload of '" + arguments.workload + "'"));
  }
  return cases;
}

std::vector<NamedFile> files_of(const ReplayArguments& arguments) {
  std::vector<NamedFile> files =
      files_among({{"--hw", arguments.hardware}, {"--workload", arguments.workload}});
  files.insert(files.begin(), {"RESULT", arguments.file});
  return files;
}

/// What the model says of the stored tiling on this machine.
Result predicted(const ReplayCase& item) {
  TuneOptions options;
  options.variant = item.stored.variant;
  options.objective = item.stored.l0_objective;
  options.pins = item.stored.factors;
  options.threads = 1;
  return tune(item.hardware, item.workload, item.stored.schedule, options);
}

struct Replays {
  std::vector<ReplayReport> reports;
  int status = kDone;
};

Replays run_all(const ReplayArguments& arguments, const std::vector<ReplayCase>& cases) {
  Replays done;
  ProgressBar bar(cases.size(), arguments.output.quiet);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const ReplayCase& item = cases[i];
    bar.show(i, fmt::format("{}, {}", item.workload.name, item.stored.schedule));
    const Result result = predicted(item);
    if (!result.tiling) {
      write_message(fmt::format("{}: {}", case_text(result), no_tiling_text(result)));
      done.status = kNoTiling;
      continue;
    }
    done.reports.push_back(replay(item.hardware, item.workload, result, arguments.options));
  }
  return done;
}

std::string rendered(const std::vector<ReplayReport>& reports, Format format) {
  if (format == Format::kTable) {
    std::string text;
    for (const ReplayReport& report : reports) {
      text += (text.empty() ? "" : "\n") + replay_card(report);
    }
    return text;
  }
  const Document document = replay_document(reports, kVersion);
  if (format == Format::kYaml) return emit_yaml(document);
  return format == Format::kJson ? emit_json(document) : emit_replay_csv(document);
}

int run_replay(ReplayArguments arguments) {
  const std::vector<std::string> types{"fp32", "fp16"};
  require_known("--dtype", arguments.type, types);
  arguments.options.type = arguments.type == "fp32" ? ReplayType::kFp32 : ReplayType::kFp16;
  const std::vector<ReplayCase> cases = replay_cases(arguments);
  const Output output(arguments.output, files_of(arguments));
  const Replays done = run_all(arguments, cases);
  output.write([&done](Format format) { return rendered(done.reports, format); });
  int status = done.status;
  for (const ReplayReport& report : done.reports) {
    if (report.passed()) continue;
    write_message(fmt::format("{}: {}", replay_case_text(report), replay_failure_text(report)));
    status = kCheckFailed;
  }
  return status;
}

void add_numbers(CLI::App& command, ReplayArguments& arguments) {
  command
      .add_option("--dtype", arguments.type,
                  "fp32 (the default), or fp16: what elements of two bytes are stored as")
      ->type_name("TYPE");
  command
      .add_option_function<std::string>(
          "--seed",
          [&arguments](const std::string& text) {
            arguments.options.seed = parse_count("--seed", text, kSeeds);
          },
          "Seed of the numbers in Q, K and V (default 1)")
      ->type_name("N");
}

}  // namespace

void add_replay_command(CLI::App& app, Action& action) {
  const auto arguments = std::make_shared<ReplayArguments>();
  CLI::App* const command = app.add_subcommand(
      "replay", "Execute found schedules on real numbers in an arena of the size of L1");
  command->add_option("RESULT", arguments->file, "Result file; all tilings in it are replayed")
      ->required()
      ->type_name("FILE");
  command
      ->add_option("--hw", arguments->hardware,
                   "Profile in place of the bundled one that the result names")
      ->type_name("NAME|FILE");
  command
      ->add_option("--workload", arguments->workload,
                   "Suite in place of the bundled ones; results of other workloads are left out")
      ->type_name("NAME|FILE");
  add_numbers(*command, *arguments);
  add_output_options(*command, arguments->output);
  command->footer(kExamples);
  command->callback(
      [&action, arguments] { action = [arguments] { return run_replay(*arguments); }; });
}

}  // namespace tilewright::cli
