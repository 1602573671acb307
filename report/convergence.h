// The anytime record of searches as comma-separated values.
#pragma once

#include <string>

#include "report/result_set.h"

namespace tilewright {

/// One row for each improvement of each search and one for its end, for each moment recorded of a
/// front; all are for one objective. docs/file_formats.md has the columns.
std::string convergence_csv(const ResultSet& set);

}  // namespace tilewright
