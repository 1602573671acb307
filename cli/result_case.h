// A result of a file together with the machine and the workload that its names mean.
#pragma once

#include <optional>
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
};

struct ResultCase {
  StoredResult stored;
  Hardware hardware;
  Workload workload;
};

/// RESULT (explained by `about`), --hw and --workload.
void add_result_options(CLI::App& command, ResultArguments& arguments, const std::string& about);

std::vector<StoredResult> load_results(const ResultArguments& arguments);

/// Empty if --workload names others only; `alone`: the only result of its file. Throws InputError
/// where the result names nothing bundled.
std::optional<ResultCase> result_case(const ResultArguments& arguments, const StoredResult& stored,
                                      bool alone);

/// The files that are read, for what must not be written over.
std::vector<NamedFile> files_of(const ResultArguments& arguments);

}  // namespace tilewright::cli
