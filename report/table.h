// Tables of many results, for people.
#pragma once

#include <string>

#include "report/result_set.h"

namespace tilewright {

/// One row a result, grouped by workload; for a comparison with ratios, the winners marked, the
/// geometric means at the end, and a second table of who wins and why.
std::string cost_table(const ResultSet& set);

/// The tiling factors, one row a result.
std::string tiling_table(const ResultSet& set);

/// The points of a front, the knee marked: of a long one the knee and some spread evenly.
std::string front_table(const Result& result);

}  // namespace tilewright
