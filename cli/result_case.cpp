#include "cli/result_case.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "batch/tables.h"
#include "common/error.h"
#include "common/text.h"
#include "hw_profiles/hardware_yaml.h"
#include "schedules/workload_yaml.h"

namespace tilewright::cli {
namespace {

/// Profiles and suites by their names, each read once.
class Inputs {
 public:
  explicit Inputs(const ResultArguments& arguments) : arguments_(arguments) {
    if (!arguments.hardware.empty()) given_profile_.emplace(arguments.hardware);
    if (!arguments.workload.empty()) suites_.push_back(load_suite(arguments.workload));
  }

  /// Empty if --workload or, for a table, --hw names others only. `alone`: the only result.
  std::optional<ResultCase> find(const StoredResult& stored, bool alone) {
    const auto workload = workload_of(stored, alone);
    if (!workload) return std::nullopt;
    const auto hardware = hardware_of(stored, alone);
    if (!hardware) return std::nullopt;
    return ResultCase{stored, *hardware, *workload};
  }

 private:
  /// The profile with the figures of a sweep, and a name that says so.
  static Hardware with_swept(const ProfileTemplate& profile, const StoredResult& stored) {
    std::vector<FigureOverride> figures;
    for (const auto& [key, value] : stored.swept) figures.push_back({key, value});
    Hardware hardware = profile.with(figures);
    if (stored.hw.starts_with(stored.base)) hardware.name += stored.hw.substr(stored.base.size());
    return hardware;
  }

  std::optional<Hardware> hardware_of(const StoredResult& stored, bool alone) {
    if (given_profile_) {
      Hardware hardware = with_swept(*given_profile_, stored);
      const bool other = stored.from_table && !alone && hardware.name != stored.hw;
      return other ? std::nullopt : std::optional(std::move(hardware));
    }
    const auto known = bundled_profiles_.find(stored.base);
    if (known != bundled_profiles_.end()) return with_swept(known->second, stored);
    const std::vector<std::string> bundled = bundled_hardware();
    if (std::find(bundled.begin(), bundled.end(), stored.base) == bundled.end()) {
      throw InputError::at(arguments_.file, stored.hw_line, "hw",
                           fmt::format("'{}' is no bundled profile, expected its file with --hw",
                                       printable(stored.base)));
    }
    const auto added = bundled_profiles_.emplace(stored.base, ProfileTemplate(stored.base)).first;
    return with_swept(added->second, stored);
  }

  std::optional<Workload> workload_of(const StoredResult& stored, bool alone) {
    const bool given = !arguments_.workload.empty();
    if (given && alone && suites_.front().workloads.size() == 1) {
      return suites_.front().workloads.front();
    }
    if (suites_.empty()) {
      for (const std::string& name : bundled_suites()) suites_.push_back(load_suite(name));
    }
    for (const Suite& suite : suites_) {
      for (const Workload& workload : suite.workloads) {
        // A table says which suite where two have a workload of one name.
        const bool same = stored.workload == workload.name ||
                          stored.workload == fmt::format("{}/{}", suite.name, workload.name);
        if (same) return workload;
      }
    }
    if (given) return std::nullopt;
    throw InputError::at(arguments_.file, stored.workload_line, "workload",
                         fmt::format("'{}' is no bundled workload, expected its file with "
                                     "--workload",
                                     printable(stored.workload)));
  }

  const ResultArguments& arguments_;
  std::optional<ProfileTemplate> given_profile_;
  std::map<std::string, ProfileTemplate> bundled_profiles_;
  std::vector<Suite> suites_;
};

/// The results that --pick names.
std::vector<StoredResult> picked_results(const ResultArguments& arguments) {
  const Pick pick = parse_pick(arguments.pick);
  std::vector<StoredResult> results = load_results(arguments.file);
  const bool any = !results.empty();
  std::erase_if(results, [&pick](const StoredResult& result) {
    const auto other = [](const std::string& wanted, const std::string& name) {
      return !wanted.empty() && wanted != name;
    };
    return other(pick.hw, result.hw) || other(pick.workload, result.workload) ||
           other(pick.objective, result.objective) || other(pick.schedule, result.schedule);
  });
  if (any && results.empty()) {
    throw InputError(
        fmt::format("--pick: {} has no result '{}'", arguments.file, printable(arguments.pick)));
  }
  return results;
}

std::string nothing_left_text(const ResultArguments& arguments, Wanted wanted, bool of_table) {
  std::string text =
      fmt::format("{}: has no {}", arguments.file, wanted == Wanted::kAll ? "result" : "tiling");
  if (!arguments.workload.empty()) text += " of a workload of '" + arguments.workload + "'";
  if (of_table && !arguments.hardware.empty())
    text += " for the profile '" + arguments.hardware + "'";
  return text;
}

}  // namespace

void add_result_options(CLI::App& command, ResultArguments& arguments, const std::string& about) {
  command.add_option("RESULT", arguments.file, about)->required()->type_name("FILE");
  command
      .add_option("--hw", arguments.hardware,
                  "Profile in place of the bundled one that the result names; of a batch's table, "
                  "entries of other profiles are left out")
      ->type_name("NAME|FILE");
  command
      .add_option("--workload", arguments.workload,
                  "Suite in place of the bundled ones; results of other workloads are left out")
      ->type_name("NAME|FILE");
  command
      .add_option("--pick", arguments.pick,
                  "Of several results or of a batch's table only these: hw=NAME,workload=NAME,"
                  "objective=NAME,schedule=NAME, or some of the four")
      ->type_name("WHICH");
}

std::vector<ResultCase> result_cases(const ResultArguments& arguments, Wanted wanted) {
  const std::vector<StoredResult> results = picked_results(arguments);
  Inputs inputs(arguments);
  std::vector<ResultCase> cases;
  for (const StoredResult& stored : results) {
    if (wanted == Wanted::kWithTiling && !stored.tiling) continue;
    if (auto item = inputs.find(stored, results.size() == 1)) cases.push_back(std::move(*item));
  }
  if (cases.empty()) {
    const bool of_table = !results.empty() && results.front().from_table;
    throw InputError(nothing_left_text(arguments, wanted, of_table));
  }
  return cases;
}

std::vector<NamedFile> files_of(const ResultArguments& arguments) {
  std::vector<NamedFile> files =
      files_among({{"--hw", arguments.hardware}, {"--workload", arguments.workload}});
  files.insert(files.begin(), {"RESULT", arguments.file});
  return files;
}

}  // namespace tilewright::cli
