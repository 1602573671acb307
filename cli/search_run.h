// What tune, compare and evaluate have in common: the options of a search, running it over many
// cases, and reporting what came out.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/output.h"
#include "hw_profiles/hardware.h"
#include "schedules/workload.h"
#include "search/tune.h"

namespace tilewright::cli {

/// Values of the options as parsed; names are checked by check_names().
struct SearchArguments {
  std::string hardware;
  std::string workload;
  bool as_published = false;
  std::string variant;
  std::vector<std::string> pins;
  TuneOptions search;
  OutputArguments output;
};

/// One search: a workload with a schedule. Pins are of this case alone.
struct SearchCase {
  Workload workload;
  std::string schedule;
  std::string variant;
  std::map<std::string, std::string> pins;
  std::optional<Tiling> start;
};

/// --hw and --workload.
void add_input_options(CLI::App& command, SearchArguments& arguments);

/// --threads, --time-limit and --max-evals.
void add_limit_options(CLI::App& command, TuneOptions& search);

/// All of these, and those of a single search.
void add_search_options(CLI::App& command, SearchArguments& arguments);

/// Throws InputError for an unknown strategy or objective.
void check_names(const SearchArguments& arguments);

/// Throws InputError if the objective is a front.
void check_one_objective(const SearchArguments& arguments, std::string_view command);

/// Throws InputError for an unknown schedule.
void check_schedule(const std::string& option, const std::string& schedule);

/// The suite of --workload. Throws InputError, with file and line, if no schedule runs one of its
/// workloads: better now than after the searches of the others.
Suite load_accepted_suite(const SearchArguments& arguments, std::span<const std::string> schedules);

/// "all" or names with commas between them. Throws InputError for an unknown one.
std::vector<std::string> chosen_schedules(const std::string& text);

/// One case for each workload and schedule, but for schedules that refuse a workload: a note on
/// standard error names them.
std::vector<SearchCase> cases_of(const Suite& suite, std::span<const std::string> schedules,
                                 const SearchArguments& arguments,
                                 const std::map<std::string, std::string>& pins);

/// The files that --hw and --workload name; nothing for what is bundled.
std::vector<NamedFile> input_files(const SearchArguments& arguments);

/// Throws InputError if none of the schedules has the variant of --variant.
void check_variant(const SearchArguments& arguments, std::span<const std::string> schedules);

/// The published variant with --as-published, that of --variant if the schedule has it, else "" for
/// the default one.
std::string variant_for(const SearchArguments& arguments, const std::string& schedule);

/// All of --pin in one map; a factor given twice is an error.
std::map<std::string, std::string> parse_pins(const std::vector<std::string>& pins);

/// Adds `more` to `pins`; throws InputError naming `option` if a factor is in both.
void merge_pins(std::map<std::string, std::string>& pins,
                const std::map<std::string, std::string>& more, const std::string& option);

/// Runs the cases in order; Ctrl-C ends it with what was found so far.
ResultSet run_cases(const Hardware& hardware, const std::vector<SearchCase>& cases,
                    const SearchArguments& arguments);

/// Writes the results, says on standard error which cases have no tiling, and returns the exit
/// status.
int report_results(const ResultSet& set, const Output& output, const TableText& table);

}  // namespace tilewright::cli
