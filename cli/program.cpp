#include "cli/program.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <exception>
#include <new>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/console.h"
#include "cli/exit_status.h"
#include "cli/version.h"
#include "common/error.h"
#include "common/text.h"

namespace tilewright::cli {
namespace {

constexpr const char* kFooter =
    "Examples:\n"
    "  tilewright tune --hw mas-edge --workload bert-base --schedule mas\n"
    "  tilewright compare --hw mas-edge --workload mas12 --schedules flat,mas\n"
    "  tilewright list hw\n"
    "'tilewright COMMAND --help' says more about a command.\n";

/// The command that was chosen, or the program itself.
const CLI::App& chosen_command(const CLI::App& app) {
  const std::vector<CLI::App*> chosen = app.get_subcommands();
  return chosen.empty() ? app : *chosen.front();
}

std::vector<std::string> option_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands(nullptr)) names.push_back(command->get_name());
  return names;
}

/// A word that nothing expected explains more than what CLI11 then finds missing.
std::string unexpected_word(const CLI::App& app, const std::string& word) {
  const CLI::App& command = chosen_command(app);
  const std::string name = word.substr(0, word.find('='));
  if (name.starts_with("-")) {
    const std::string nearest = nearest_name(name, option_names(command));
    return fmt::format("'{}' is no option{}", printable(name),
                       nearest.empty() ? "" : fmt::format(", did you mean '{}'?", nearest));
  }
  if (&command == &app) {
    return fmt::format("'{}' is no command{}", printable(word),
                       suggestion(word, command_names(app)));
  }
  return fmt::format("'{}' was not expected", printable(word));
}

/// CLI11 words a wrong number of values as "--hw: At Most 1 required but received 2".
std::string parser_words(const CLI::ParseError& error) {
  std::string text = error.what();
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) == nullptr) return text;
  const bool too_many = text.find("received") != std::string::npos;
  return text.substr(0, text.find(':')) +
         (too_many ? ": given more than once" : ": the value is missing");
}

std::string parse_problem(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App& command = chosen_command(app);
  const std::vector<std::string> unexpected = app.remaining(true);
  const std::string problem =
      unexpected.empty() ? parser_words(error) : unexpected_word(app, unexpected.front());
  const std::string name = &command == &app ? "" : command.get_name() + " ";
  return fmt::format("{} (see 'tilewright {}--help')", problem, name);
}

/// Help and version end the parsing with an exception, too.
int end_parsing(const CLI::App& app, const CLI::ParseError& error) {
  if (dynamic_cast<const CLI::CallForVersion*>(&error) != nullptr) {
    write_stdout(fmt::format("tilewright {}\n", kVersion));
    return kDone;
  }
  if (dynamic_cast<const CLI::CallForHelp*>(&error) != nullptr) {
    write_stdout(app.help());
    return kDone;
  }
  write_message(parse_problem(app, error));
  return kBadInput;
}

void describe_program(CLI::App& app, Action& action) {
  app.name("tilewright");
  app.set_version_flag("--version", std::string(kVersion), "Print the version and exit");
  app.footer(kFooter);
  add_tune_command(app, action);
  add_compare_command(app, action);
  add_evaluate_command(app, action);
  add_replay_command(app, action);
  add_verify_proof_command(app, action);
  add_batch_command(app, action);
  add_table_command(app, action);
  add_bench_search_command(app, action);
  add_import_command(app, action);
  add_validate_command(app, action);
  add_list_command(app, action);
}

int run(int argc, char** argv) {
  CLI::App app("Finds the fastest or most frugal tiling of exact attention on an accelerator");
  Action action;
  describe_program(app, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return end_parsing(app, error);
  }
  if (action) return action();
  write_stdout(app.help());
  return kBadInput;
}

}  // namespace

int run_program(int argc, char** argv) noexcept {
  try {
    prepare_streams();
    return run(argc, argv);
  } catch (const InputError& error) {
    write_message(error.what());
    return kBadInput;
  } catch (const FileError& error) {
    write_message(error.what());
    return kFileTrouble;
  } catch (const std::bad_alloc&) {
    write_message("internal error: out of memory");
  } catch (const std::exception& error) {
    write_message(std::string("internal error: ") + error.what());
  } catch (...) {
    write_message("internal error: unknown exception");
  }
  return kInternalError;
}

}  // namespace tilewright::cli
