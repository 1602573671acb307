// --start and --convergence: what searches begin with, and how they went.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/output.h"
#include "cli/search_run.h"

namespace tilewright::cli {

struct AnytimeArguments {
  std::string start;
  std::string convergence;
};

void add_anytime_options(CLI::App& command, AnytimeArguments& arguments);

/// The file of --start with those that `inputs` has.
std::vector<NamedFile> with_start_file(std::vector<NamedFile> inputs,
                                       const AnytimeArguments& arguments);

/// Throws InputError if the file of --convergence is one of `inputs` or that of -o, FileError if it
/// could not be written.
void check_anytime(const AnytimeArguments& arguments, const SearchArguments& common,
                   std::vector<NamedFile> inputs);

/// Gives every case the tiling of --start that is most_alike() its search, else the only one in the
/// file. Says on standard error which cases have none.
void set_starts(const AnytimeArguments& arguments, std::string_view hw, std::string_view objective,
                std::vector<SearchCase>& cases);

/// Says on standard error which starts were not taken as they are, and writes the record.
void report_anytime(const AnytimeArguments& arguments, const ResultSet& set);

}  // namespace tilewright::cli
