// tilewright validate: checks hardware profiles, workloads, result files, jobs and tables.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <array>
#include <memory>

#include "batch/cases.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/console.h"
#include "cli/exit_status.h"
#include "common/error.h"
#include "common/text.h"
#include "common/text_file.h"
#include "common/yaml_reader.h"
#include "hw_profiles/hardware_yaml.h"
#include "report/number_text.h"
#include "report/result_document.h"
#include "report/result_reader.h"
#include "schedules/schedule.h"
#include "schedules/workload_yaml.h"

namespace tilewright::cli {
namespace {

constexpr const char* kExamples =
    "The line 'schema:' of a file says what it is. Examples:\n"
    "  tilewright validate my_npu.yaml\n"
    "  tilewright validate workloads/*.yaml results/*.json\n";

/// What a valid file holds, and what its user should know nevertheless.
struct Content {
  std::string summary;
  std::vector<std::string> notes;
};

Content check_hardware_file(const std::string& text, const std::string& file) {
  return {fmt::format("hardware profile '{}'", parse_hardware(text, file).name), {}};
}

Content check_workload_file(const std::string& text, const std::string& file) {
  const Suite suite = parse_suite(text, file);
  Content content{
      fmt::format("'{}', {}", suite.name, count_text(Int128{suite.workloads.size()}, "workload")),
      {}};
  for (const Workload& workload : suite.workloads) {
    std::map<std::string, std::vector<std::string>> refused;  // by reason
    for (const Schedule* schedule : all_schedules()) {
      if (const auto reason = refusal(*schedule, workload, "")) {
        refused[*reason].emplace_back(schedule->name());
      }
    }
    for (const auto& [reason, schedules] : refused) {
      content.notes.push_back(fmt::format("{}: note: '{}' is refused by {}: {}", workload.place,
                                          workload.name, join(schedules), reason));
    }
  }
  return content;
}

Content check_result_file(const std::string& text, const std::string& file) {
  return {count_text(Int128{parse_results(text, file).size()}, "result"), {}};
}

Content check_table_file(const std::string& text, const std::string& file) {
  return {fmt::format("tiling table, {}",
                      count_text(Int128{parse_results(text, file).size()}, "tiling")),
          {}};
}

Content check_job_file(const std::string& text, const std::string& file) {
  const CaseList cases(parse_job(text, file));
  return {fmt::format("job '{}', {}", cases.job().name, count_text(Int128{cases.count()}, "case")),
          {}};
}

struct FileKind {
  std::string_view schema;
  Content (*check)(const std::string& text, const std::string& file);
};

constexpr std::array<FileKind, 5> kKinds{{{"tilewright/hw/v1", check_hardware_file},
                                          {"tilewright/workload/v1", check_workload_file},
                                          {kResultSchema, check_result_file},
                                          {kTableSchema, check_table_file},
                                          {"tilewright/job/v1", check_job_file}}};

/// Throws InputError or FileError.
Content check_file(const std::string& file) {
  const std::string text = read_text_file(file, kResultSizeLimit);
  const YamlValue schema_value = schema_of(parse_yaml(text, file, kResultSizeLimit));
  const std::string schema = schema_value.text();
  std::vector<std::string_view> known;
  for (const FileKind& kind : kKinds) {
    if (kind.schema == schema) return kind.check(text, file);
    known.push_back(kind.schema);
  }
  throw schema_value.error(
      fmt::format("'{}' is unknown{}", printable(schema), suggestion(schema, known)));
}

/// The exit status for one file.
int validate(const std::string& file) {
  Content content;
  try {
    content = check_file(file);
  } catch (const InputError& error) {
    write_message(error.what());
    return kBadInput;
  } catch (const FileError& error) {
    write_message(error.what());
    return kFileTrouble;
  }
  write_stdout(fmt::format("{}: ok ({})\n", file, content.summary));
  for (const std::string& note : content.notes) write_message(note);
  return kDone;
}

/// Checks every file, also after a bad one, so that one run shows all errors. Bad content weighs
/// more than a file that could not be read.
int run_validate(const std::vector<std::string>& files) {
  int status = kDone;
  for (const std::string& file : files) {
    const int own = validate(file);
    if (own != kDone && status != kBadInput) status = own;
  }
  return status;
}

}  // namespace

void add_validate_command(CLI::App& app, Action& action) {
  const auto files = std::make_shared<std::vector<std::string>>();
  CLI::App* const command = app.add_subcommand(
      "validate", "Check hardware profiles, workloads, result files, jobs and tables");
  command->add_option("FILE", *files, "Files to check")->required()->type_name("");
  command->footer(kExamples);
  command->callback([&action, files] { action = [files] { return run_validate(*files); }; });
}

}  // namespace tilewright::cli
