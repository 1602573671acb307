// Reads result files back (schema tilewright/result/v1, YAML or JSON): to check them, and for the
// tilings and proofs in them.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/math.h"
#include "schedules/tiling.h"
#include "search/excluded.h"
#include "search/space.h"

namespace tilewright {

/// The block `cost`, by its keys.
struct StoredCost {
  std::map<std::string, std::int64_t> counts;
  std::map<std::string, double> figures;
  std::string bottleneck;
  bool operator==(const StoredCost&) const = default;
};

struct StoredCertificate {
  std::string bound;  ///< digits; empty where nothing fits
  Int128 evaluated = 0;
  Excluded excluded;
};

struct StoredSearch {
  Int128 space = 0;
  Int128 evaluated = 0;
  Int128 pruned = 0;
  double lower_bound = 0;
  std::optional<StoredCertificate> certificate;
};

/// A point of a front.
struct StoredPoint {
  Tiling tiling;
  StoredCost cost;
  std::string l0_objective;
};

struct StoredResult {
  std::string hw;
  std::string workload;
  std::string schedule;
  std::string variant;
  std::string objective;
  std::string l0_objective;  ///< that the L0 tiles are the best for: of a front, the knee's
  TileSizes tile_sizes = TileSizes::kAll;
  Pins pins;
  int hw_line = 0;  ///< where `hw` stands in the file
  int workload_line = 0;
  bool proven = false;  ///< `optimal: proven`
  bool nothing_fits = false;
  std::optional<Tiling> tiling;
  Pins factors;  ///< of the tiling; empty without one
  StoredCost cost;
  std::vector<StoredPoint> front;
  StoredSearch search;
};

/// All results of a file, which has one or a list of them. Checks keys, types and ranges; `file`
/// only names it in messages. Throws InputError.
std::vector<StoredResult> parse_results(std::string_view text, std::string_view file);

}  // namespace tilewright
