#include "cli/anytime.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>

#include "cli/console.h"
#include "common/error.h"
#include "common/text_file.h"
#include "report/convergence.h"
#include "report/result_reader.h"
#include "report/result_text.h"
#include "search/space.h"

namespace tilewright::cli {
namespace {

std::vector<StoredResult> stored_tilings(const std::string& file) {
  std::vector<StoredResult> results = load_results(file);
  std::erase_if(results, [](const StoredResult& result) { return result.factors.empty(); });
  if (results.empty()) throw InputError(fmt::format("--start: {}: has no tiling", file));
  return results;
}

const StoredResult* start_for(const std::vector<StoredResult>& results, const SearchNames& search) {
  const StoredResult* const found = most_alike(results, search);
  return found == nullptr && results.size() == 1 ? results.data() : found;
}

}  // namespace

void add_anytime_options(CLI::App& command, AnytimeArguments& arguments) {
  command
      .add_option(
          "--start", arguments.start,
          "Begin each search with a tiling of a result file or a batch's table; the answer of a "
          "proof "
          "stays the same")
      ->type_name("FILE");
  command
      .add_option("--convergence", arguments.convergence,
                  "Write the course of each search to FILE.csv: evaluations, seconds, incumbent "
                  "and bound at every improvement and at the end; of a front evaluations, seconds, "
                  "points and gap, now and then")
      ->type_name("FILE");
}

std::vector<NamedFile> with_start_file(std::vector<NamedFile> inputs,
                                       const AnytimeArguments& arguments) {
  if (!arguments.start.empty()) inputs.push_back({"--start", arguments.start});
  return inputs;
}

void check_anytime(const AnytimeArguments& arguments, const SearchArguments& common,
                   std::vector<NamedFile> inputs) {
  const std::string& file = arguments.convergence;
  const std::string& output = common.output.file;
  if (file.empty()) return;
  if (!file.ends_with(".csv")) {
    throw InputError(fmt::format("--convergence: '{}' expected a file that ends in .csv", file));
  }
  if (!output.empty() && output != "-") inputs.push_back({"-o", output});
  check_replaces_none({"--convergence", file}, inputs);
  check_writable(file);
}

void set_starts(const AnytimeArguments& arguments, std::string_view hw, std::string_view objective,
                std::vector<SearchCase>& cases) {
  if (arguments.start.empty()) return;
  const std::vector<StoredResult> results = stored_tilings(arguments.start);
  for (SearchCase& item : cases) {
    const SearchNames search{hw, item.workload.name, item.schedule, objective};
    if (const StoredResult* const stored = start_for(results, search)) {
      item.start = tiling_of_factors(stored->factors);
      continue;
    }
    write_message(
        fmt::format("note: {} with {} starts without a tiling: {} has several, and none "
                    "of this workload and schedule",
                    item.workload.name, item.schedule, arguments.start));
  }
}

void report_anytime(const AnytimeArguments& arguments, const ResultSet& set) {
  for (const Result& result : set.results) {
    if (result.start == StartUse::kAdapted) {
      write_message(
          fmt::format("note: {}: the start is not of this space or does not fit; a tiling "
                      "near it is taken",
                      case_text(result)));
    } else if (result.start == StartUse::kIgnored) {
      write_message(
          fmt::format("note: {}: the start is ignored: nothing near it fits", case_text(result)));
    }
  }
  if (!arguments.convergence.empty()) {
    write_text_file_atomically(arguments.convergence, convergence_csv(set));
  }
}

}  // namespace tilewright::cli
