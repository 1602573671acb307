// Reads result files back (schema tilewright/result/v1, YAML or JSON): to check them, and for the
// tilings in them.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tilewright {

struct StoredResult {
  std::string hw;
  std::string workload;
  std::string schedule;
  std::string variant;
  /// Factors by the names that `--pin` takes; empty if the result has no tiling.
  std::map<std::string, std::string> factors;
  std::string objective;
  std::string l0_objective;  ///< that the L0 tiles are the best for: of a front, the knee's
  int hw_line = 0;           ///< where `hw` stands in the file
  int workload_line = 0;
};

/// All results of a file, which has one or a list of them. Checks keys, types and ranges; `file`
/// only names it in messages. Throws InputError.
std::vector<StoredResult> parse_results(std::string_view text, std::string_view file);

}  // namespace tilewright
