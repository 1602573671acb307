// tilewright import: the workloads of a model, from the file that describes it.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <memory>

#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/console.h"
#include "cli/exit_status.h"
#include "cli/output.h"
#include "common/error.h"
#include "common/json_tree.h"
#include "common/text.h"
#include "common/text_file.h"
#include "import/hf_import.h"
#include "report/listing.h"
#include "schedules/workload_text.h"

namespace tilewright::cli {
namespace {

constexpr CountRange kExtents{1, std::uint64_t{1} << 31};

constexpr const char* kExamples =
    "Examples:\n"
    "  tilewright import hf Llama-3.2-1B/config.json --seq-len 4096 -o llama.yaml\n"
    "  tilewright import hf config.json --phase decode --batch 8 --name my-model\n"
    "  tilewright tune --hw mas-edge --workload llama.yaml --schedule mas\n";

struct ImportArguments {
  std::string format;
  std::string file;
  std::string phase = "prefill";
  std::string output;
  ImportOptions options;
};

void check_names(const ImportArguments& arguments) {
  const std::vector<std::string> formats{"hf"};
  const std::vector<std::string> phases{"prefill", "decode"};
  require_known("import", arguments.format, formats);
  require_known("--phase", arguments.phase, phases);
}

/// Other commands take a suite only by such a name.
void check_output(const ImportArguments& arguments) {
  if (arguments.output.empty() || arguments.output == "-") return;
  if (!arguments.output.ends_with(".yaml") && !arguments.output.ends_with(".yml")) {
    throw InputError(
        fmt::format("-o: '{}' is no name of a workload file, expected one that ends "
                    "in .yaml or .yml",
                    printable(arguments.output)));
  }
  check_replaces_none({"-o", arguments.output}, {{"CONFIG", arguments.file}});
  check_writable(arguments.output);
}

int run_import(ImportArguments arguments) {
  check_names(arguments);
  arguments.options.phase = arguments.phase == "decode" ? Phase::kDecode : Phase::kPrefill;
  check_output(arguments);
  const Suite suite =
      import_hf(read_text_file(arguments.file, kJsonSizeLimit), arguments.file, arguments.options);
  const std::string text = suite_text(suite);
  if (arguments.output.empty() || arguments.output == "-") {
    write_stdout(text);
    return kDone;
  }
  write_text_file_atomically(arguments.output, text);
  write_stdout(suite_listing({&suite, 1}));
  return kDone;
}

/// Sets `target` to a count between 1 and 2^31.
template <typename Target>
void add_count(CLI::App& command, const std::string& option, Target& target,
               const std::string& help) {
  command
      .add_option_function<std::string>(
          option,
          [option, &target](const std::string& text) {
            target = static_cast<std::int64_t>(parse_count(option, text, kExtents));
          },
          help)
      ->type_name("N");
}

void add_options(CLI::App& command, ImportArguments& arguments) {
  add_count(command, "--seq-len", arguments.options.seq_len,
            "Tokens of the sequence, or in the cache (default 2048, or as many as the model has "
            "positions for if those are fewer)");
  command
      .add_option("--phase", arguments.phase,
                  "prefill (the default): the whole sequence at once; or decode: one token more")
      ->type_name("PHASE");
  add_count(command, "--batch", arguments.options.batch, "Sequences at once (default 1)");
  command
      .add_option_function<std::string>(
          "--name",
          [&arguments](const std::string& text) {
            if (!is_bare_name(text)) {
              throw InputError(
                  fmt::format("--name: is '{}', expected {}", printable(text), kBareNameRule));
            }
            arguments.options.name = text;
          },
          "Name of the suite and start of its workloads' names (default: the model type)")
      ->type_name("NAME");
  command
      .add_option("-o,--output", arguments.output,
                  "Write the suite to FILE (.yaml) and print what is in it; without, or with -, "
                  "the suite goes to standard output")
      ->type_name("FILE");
}

}  // namespace

void add_import_command(CLI::App& app, Action& action) {
  const auto arguments = std::make_shared<ImportArguments>();
  CLI::App* const command =
      app.add_subcommand("import", "Turn a model's configuration into a suite of workloads");
  command->add_option("FORMAT", arguments->format, "hf: config.json of a Hugging Face model")
      ->required()
      ->type_name("");
  command->add_option("CONFIG", arguments->file, "The file")->required()->type_name("FILE");
  add_options(*command, *arguments);
  command->footer("Known model types: " + join(hf_model_types()) + ".\n\n" + kExamples);
  command->callback(
      [&action, arguments] { action = [arguments] { return run_import(*arguments); }; });
}

}  // namespace tilewright::cli
