// Results of a file, or entries of a batch's table, each together with the machine and the workload
// that its names mean.
#pragma once

#include <string>
#include <vector>

#include "cli/output.h"
#include "hw_profiles/hardware.h"
#include "report/result_reader.h"
#include "schedules/workload.h"

namespace tilewright::cli {

struct ResultArguments {
  std::string file;
  std::string hardware;  ///< --hw; empty: the bundled profile of the result
  std::string workload;  ///< --workload; empty: the bundled workload of the result
  std::string pick;      ///< --pick; empty: all of the file
};

struct ResultCase {
  StoredResult stored;
  Hardware hardware;
  Workload workload;
};

/// RESULT (explained by `about`), --hw, --workload and --pick.
void add_result_options(CLI::App& command, ResultArguments& arguments, const std::string& about);

enum class Wanted { kAll, kWithTiling };

/// The results of the file that --pick names, but those of other workloads than --workload has (and
/// of a table those of other profiles than --hw). Throws InputError where nothing is left, or a
/// result names nothing bundled.
std::vector<ResultCase> result_cases(const ResultArguments& arguments, Wanted wanted);

/// The files that are read, for what must not be written over.
std::vector<NamedFile> files_of(const ResultArguments& arguments);

}  // namespace tilewright::cli
