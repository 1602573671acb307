// Reads result files back (schema tilewright/result/v1), and the tables of a batch (schema
// tilewright/tiling-table/v1), both as YAML or JSON: to check them, and for the tilings and proofs
// in them.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/math.h"
#include "schedules/tiling.h"
#include "search/excluded.h"
#include "search/space.h"

namespace tilewright {

/// The block `cost`, by its keys; a table has the main ones.
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
  bool from_table = false;                   ///< an entry of a tiling table
  std::string base;                          ///< the profile that `hw` is a sweep of, else `hw`
  std::map<std::string, std::string> swept;  ///< its figures that the sweep replaces, by dotted key
  int hw_line = 0;                           ///< where `hw` stands in the file
  int workload_line = 0;
  bool proven = false;  ///< `optimal: proven`
  bool nothing_fits = false;
  std::optional<Tiling> tiling;
  Pins factors;  ///< of the tiling; empty without one
  StoredCost cost;
  std::vector<StoredPoint> front;
  std::optional<StoredSearch> search;  ///< no table has it
};

/// Of a front with thousands of points, or of a batch of tens of thousands of cases.
inline constexpr std::size_t kResultSizeLimit = std::size_t{1} << 26;

/// All results of a file, which has one or a list of them, or all entries of a table, which may
/// have none. Checks keys, types and ranges; `file` only names it in messages. Throws InputError.
std::vector<StoredResult> parse_results(std::string_view text, std::string_view file);

/// The same of a file; throws FileError, too.
std::vector<StoredResult> load_results(const std::string& file);

/// What a search is for, by names.
struct SearchNames {
  std::string_view hw;
  std::string_view workload;
  std::string_view schedule;
  std::string_view objective;
};

/// The result that is most like a search: of the same workload and schedule; of several first of
/// the same profile or a sweep of it, then of the same objective, then the first. Null if there is
/// none.
const StoredResult* most_alike(std::span<const StoredResult> results, const SearchNames& search);

}  // namespace tilewright
