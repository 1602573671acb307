#include "cli/result_case.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>

#include "common/error.h"
#include "common/text.h"
#include "common/text_file.h"
#include "hw_profiles/hardware_yaml.h"
#include "schedules/workload_yaml.h"

namespace tilewright::cli {
namespace {

Hardware hardware_of(const ResultArguments& arguments, const StoredResult& stored) {
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
Workload bundled_workload(const ResultArguments& arguments, const StoredResult& stored) {
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
std::optional<Workload> workload_of(const ResultArguments& arguments, const StoredResult& stored,
                                    bool alone) {
  if (arguments.workload.empty()) return bundled_workload(arguments, stored);
  const Suite suite = load_suite(arguments.workload);
  if (alone && suite.workloads.size() == 1) return suite.workloads.front();
  for (const Workload& workload : suite.workloads) {
    if (workload.name == stored.workload) return workload;
  }
  return std::nullopt;
}

}  // namespace

void add_result_options(CLI::App& command, ResultArguments& arguments, const std::string& about) {
  command.add_option("RESULT", arguments.file, about)->required()->type_name("FILE");
  command
      .add_option("--hw", arguments.hardware,
                  "Profile in place of the bundled one that the result names")
      ->type_name("NAME|FILE");
  command
      .add_option("--workload", arguments.workload,
                  "Suite in place of the bundled ones; results of other workloads are left out")
      ->type_name("NAME|FILE");
}

std::vector<StoredResult> load_results(const ResultArguments& arguments) {
  return parse_results(read_text_file(arguments.file), arguments.file);
}

std::optional<ResultCase> result_case(const ResultArguments& arguments, const StoredResult& stored,
                                      bool alone) {
  const auto workload = workload_of(arguments, stored, alone);
  if (!workload) return std::nullopt;
  return ResultCase{stored, hardware_of(arguments, stored), *workload};
}

std::vector<NamedFile> files_of(const ResultArguments& arguments) {
  std::vector<NamedFile> files =
      files_among({{"--hw", arguments.hardware}, {"--workload", arguments.workload}});
  files.insert(files.begin(), {"RESULT", arguments.file});
  return files;
}

}  // namespace tilewright::cli
