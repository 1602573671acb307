// tilewright replay: executes found schedules on real numbers.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <limits>
#include <memory>

#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/console.h"
#include "cli/exit_status.h"
#include "cli/output.h"
#include "cli/result_case.h"
#include "cli/version.h"
#include "common/error.h"
#include "replay/replay.h"
#include "report/emit_yaml.h"
#include "report/replay_card.h"
#include "report/replay_document.h"
#include "report/result_text.h"

namespace tilewright::cli {
namespace {

constexpr CountRange kSeeds{0, std::numeric_limits<std::uint64_t>::max()};

constexpr const char* kExamples =
    "Examples:\n"
    "  tilewright tune --hw mas-edge --workload bert-base --schedule mas -o best.yaml\n"
    "  tilewright replay best.yaml\n"
    "  tilewright replay best.yaml --dtype fp16 --seed 7 --format yaml\n"
    "  tilewright replay mine.yaml --hw my_npu.yaml --workload my_shapes.yaml\n"
    "  tilewright replay night/tilings.yaml --pick hw=mas-edge,workload=bert-base\n";

struct ReplayArguments {
  ResultArguments stored;
  std::string type = "fp32";
  ReplayOptions options;
  OutputArguments output;
};

/// What the model says of the stored tiling on this machine.
Result predicted(const ResultCase& item) {
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

Replays run_all(const ReplayArguments& arguments, const std::vector<ResultCase>& cases) {
  Replays done;
  ProgressBar bar(cases.size(), arguments.output.quiet);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const ResultCase& item = cases[i];
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
  const std::vector<ResultCase> cases = result_cases(arguments.stored, Wanted::kWithTiling);
  const Output output(arguments.output, files_of(arguments.stored));
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
  add_result_options(*command, arguments->stored,
                     "Result file, or table of a batch; all tilings in it are replayed");
  add_numbers(*command, *arguments);
  add_output_options(*command, arguments->output);
  command->footer(kExamples);
  command->callback(
      [&action, arguments] { action = [arguments] { return run_replay(*arguments); }; });
}

}  // namespace tilewright::cli
