#include "report/result_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

#include "common/text.h"
#include "common/text_file.h"
#include "common/yaml_reader.h"
#include "report/result_document.h"
#include "report/winners.h"
#include "search/front.h"

namespace tilewright {
namespace {

constexpr std::int64_t kHighest = std::numeric_limits<std::int64_t>::max();
constexpr IntegerRange kPositive{1, kHighest};
constexpr IntegerRange kCount{0, kHighest};
constexpr double kLargest = std::numeric_limits<double>::max();
constexpr std::size_t kCountDigits = 38;  // 10^38 is below 2^127
constexpr std::size_t kBoundDigits = 58;  // of 192 bits

constexpr std::array<std::string_view, 3> kOverwrites{"none", "k", "v"};
constexpr std::array<std::string_view, 3> kCoreSplits{"heads", "q", "kv"};
constexpr std::array<std::string_view, 2> kProofs{"proven", "best-found"};
constexpr std::array<std::string_view, 6> kBottlenecks{"matrix", "vector", "load",
                                                       "store",  "dram",   "latency"};

const std::vector<std::string_view> kResultKeys{
    "hw",     "workload",   "schedule", "variant",     "objective", "strategy",
    "seed",   "tile_sizes", "pins",     "interrupted", "optimal",   "gap",
    "tiling", "cost",       "feasible", "shortfall",   "reference", "search",
    "ratio",  "wins",       "front",    "l0_objective"};
const std::vector<std::string_view> kEntryKeys{"hw",       "base",    "swept",     "workload",
                                               "schedule", "variant", "objective", "tile_sizes",
                                               "optimal",  "gap",     "tiling",    "cost"};
/// Without a winner there is no `wins`.
const std::vector<std::string_view> kReasons{kReasonNames.begin() + 1, kReasonNames.end()};

/// 0 x 0 x 0 stands for "not chosen", in the smallest candidate of a machine that nothing fits.
L0Tile read_l0_tile(const YamlMap& l0, std::string_view key) {
  const std::vector<YamlValue> sizes = l0.list(key);
  if (sizes.size() != 3) {
    throw l0.at(key, "a list").error("has the wrong length, expected [m, n, k]");
  }
  return {sizes[0].integer(kCount), sizes[1].integer(kCount), sizes[2].integer(kCount)};
}

Tiling read_tiling(const YamlMap& parent) {
  const YamlMap map = parent.map("tiling", {"heads", "q_rows", "kv_cols", "kv_resident", "buffers",
                                            "lookahead", "overwrite", "core_split", "l0"});
  Tiling tiling;
  tiling.heads = map.integer("heads", kPositive);
  tiling.q_rows = map.integer("q_rows", kPositive);
  tiling.kv_cols = map.integer("kv_cols", kPositive);
  tiling.kv_resident = map.boolean("kv_resident");
  tiling.buffers = map.integer("buffers", kPositive);
  tiling.lookahead = map.integer("lookahead", kCount);
  tiling.overwrite = static_cast<Overwrite>(map.choice("overwrite", kOverwrites));
  tiling.core_split = static_cast<CoreSplit>(map.choice("core_split", kCoreSplits));
  const YamlMap l0 = map.map("l0", {"qk", "pv"});
  tiling.l0_qk = read_l0_tile(l0, "qk");
  tiling.l0_pv = read_l0_tile(l0, "pv");
  return tiling;
}

/// The factors that were held, each as --pin takes it.
Pins read_pins(const YamlMap& result) {
  Pins pins;
  for (const YamlValue& item : result.list("pins")) {
    const std::string text = item.text();
    const std::size_t equals = text.find('=');
    const std::string factor = text.substr(0, equals);
    const auto& known = factor_names();
    if (equals == std::string::npos ||
        std::find(known.begin(), known.end(), factor) == known.end()) {
      throw item.error(
          fmt::format("'{}' is no FACTOR=VALUE, expected such as q_rows=64", printable(text)));
    }
    if (!pins.emplace(factor, text.substr(equals + 1)).second) {
      throw item.error(fmt::format("holds '{}' a second time", factor));
    }
  }
  return pins;
}

/// The keys of a block `cost`.
struct CostKeys {
  std::vector<std::string_view> counts;
  std::vector<std::string_view> figures;
  std::vector<std::string_view> optional_counts;
};

CostKeys result_cost_keys() {
  return {{"cycles", "dram_read_bytes", "dram_write_bytes", "l1_access_bytes", "l0_access_bytes",
           "l1_peak_bytes", "matrix_busy_cycles", "vector_busy_cycles", "load_busy_cycles",
           "store_busy_cycles", "overlap_cycles"},
          {"latency_us", "energy_uj", "matrix_utilization", "vector_utilization"},
          {}};
}

CostKeys point_cost_keys() {
  CostKeys keys = result_cost_keys();
  keys.optional_counts.push_back(keys.counts.back());
  keys.counts.pop_back();
  return keys;
}

CostKeys table_cost_keys() {
  return {{"cycles", "dram_read_bytes", "dram_write_bytes", "l1_peak_bytes"},
          {"latency_us", "energy_uj"},
          {}};
}

StoredCost read_cost(const YamlMap& result, const CostKeys& keys) {
  std::vector<std::string_view> known = keys.counts;
  known.insert(known.end(), keys.figures.begin(), keys.figures.end());
  known.insert(known.end(), keys.optional_counts.begin(), keys.optional_counts.end());
  known.emplace_back("bottleneck");
  const YamlMap map = result.map("cost", known);
  StoredCost cost;
  for (const std::string_view key : keys.counts) {
    cost.counts.emplace(key, map.integer(key, kCount));
  }
  for (const std::string_view key : keys.optional_counts) {
    if (map.has(key)) cost.counts.emplace(key, map.integer(key, kCount));
  }
  for (const std::string_view key : keys.figures) {
    cost.figures.emplace(key, map.number(key, 0, kLargest));
  }
  cost.bottleneck = kBottlenecks.at(map.choice("bottleneck", kBottlenecks));
  return cost;
}

void check_shortfall(const YamlMap& result) {
  const YamlMap shortfall =
      result.map("shortfall", {"level", "need_bytes", "have_bytes", "short_bytes", "largest_slot",
                               "largest_slot_bytes", "tiling"});
  shortfall.text("level");
  shortfall.text("largest_slot");
  for (const std::string_view key :
       {"need_bytes", "have_bytes", "short_bytes", "largest_slot_bytes"}) {
    shortfall.integer(key, kCount);
  }
  read_tiling(shortfall);
}

/// Counts beyond 64 bits are kept as quoted digits.
std::string read_digits(const YamlMap& map, std::string_view key, std::size_t most) {
  const YamlValue value = map.at(key, "a whole number");
  const std::string text = value.written();
  const bool digits = !text.empty() && text.size() <= most &&
                      text.find_first_not_of("0123456789") == std::string::npos;
  if (!digits) throw value.error("is no whole number from 0 on");
  return text;
}

Int128 read_large_count(const YamlMap& map, std::string_view key) {
  Int128 count = 0;
  for (const char digit : read_digits(map, key, kCountDigits)) count = 10 * count + (digit - '0');
  return count;
}

StoredCertificate read_certificate(const YamlMap& search) {
  std::vector<std::string_view> known{"bound", "evaluated"};
  known.insert(known.end(), kRuleNames.begin(), kRuleNames.end());
  const YamlMap map = search.map("certificate", known);
  StoredCertificate certificate;
  if (map.has("bound")) certificate.bound = read_digits(map, "bound", kBoundDigits);
  certificate.evaluated = read_large_count(map, "evaluated");
  for (std::size_t rule = 0; rule < kRuleNames.size(); ++rule) {
    certificate.excluded.by_rule[rule] = read_large_count(map, kRuleNames[rule]);
  }
  return certificate;
}

StoredSearch read_search(const YamlMap& result) {
  const YamlMap map = result.map("search", {"space", "evaluated", "pruned", "seconds",
                                            "lower_bound", "lower_bound_unit", "certificate"});
  StoredSearch search;
  search.space = read_large_count(map, "space");
  search.evaluated = read_large_count(map, "evaluated");
  search.pruned = read_large_count(map, "pruned");
  map.number("seconds", 0, kLargest);
  // A front has no one bound, and null stands for one that is no number.
  if (!is_front(result.text("objective"))) {
    const YamlValue bound = map.at("lower_bound", "a number");
    search.lower_bound = bound.is_null() ? 0 : bound.number(0, kLargest);
    map.text("lower_bound_unit");
  }
  if (map.has("certificate")) search.certificate = read_certificate(map);
  return search;
}

void check_wins(const YamlMap& result) {
  const YamlMap wins = result.map("wins", {"over", "ratio", "reason", "why"});
  wins.choice("reason", kReasons);
  wins.text("why");
  if (wins.has("over")) {
    wins.text("over");
    wins.number("ratio", 1, kLargest);
  }
}

void read_outcome(const YamlMap& result, StoredResult& stored) {
  if (result.has("tiling")) {
    stored.proven = result.choice("optimal", kProofs) == 0;
    result.at("gap", "a number");
    stored.tiling = read_tiling(result);
    stored.factors = factors_of(*stored.tiling);
    stored.cost = read_cost(result, result_cost_keys());
  } else if (result.has("shortfall")) {
    const bool feasible = result.boolean("feasible");
    if (feasible) throw result.at("feasible", "false").error("true contradicts `shortfall`");
    stored.nothing_fits = true;
    check_shortfall(result);
  }
  if (result.has("reference")) result.map("reference", {"cycles"}).integer("cycles", kCount);
  if (result.has("wins")) check_wins(result);
  if (result.has("interrupted")) result.boolean("interrupted");
}

std::vector<StoredPoint> read_front(const YamlMap& result) {
  std::vector<StoredPoint> points;
  for (const YamlValue& item : result.list("front")) {
    const YamlMap point = item.map({"tiling", "cost", "l0_objective", "knee"});
    points.push_back(
        {read_tiling(point), read_cost(point, point_cost_keys()), point.text("l0_objective")});
    if (point.has("knee")) point.boolean("knee");
  }
  return points;
}

/// What results and entries of tables have in common.
StoredResult read_names(const YamlMap& result) {
  StoredResult stored;
  stored.hw = stored.base = result.text("hw");
  stored.workload = result.text("workload");
  stored.schedule = result.text("schedule");
  stored.variant = result.text("variant");
  stored.objective = stored.l0_objective = result.text("objective");
  stored.hw_line = result.at("hw", "text").line();
  stored.workload_line = result.at("workload", "text").line();
  stored.tile_sizes = static_cast<TileSizes>(result.choice("tile_sizes", kTileSizesNames));
  return stored;
}

StoredResult read_result(const YamlMap& result) {
  StoredResult stored = read_names(result);
  if (result.has("l0_objective")) stored.l0_objective = result.text("l0_objective");
  result.text("strategy");
  result.at("seed", "a whole number");
  if (result.has("pins")) stored.pins = read_pins(result);
  read_outcome(result, stored);
  stored.search = read_search(result);
  if (result.has("front")) stored.front = read_front(result);
  return stored;
}

StoredResult read_entry(const YamlMap& entry) {
  StoredResult stored = read_names(entry);
  stored.from_table = true;
  if (entry.has("swept")) {
    stored.base = entry.text("base");
    for (const auto& [key, value] : entry.at("swept", "a map").entries()) {
      stored.swept.emplace(key, value.written());
    }
  }
  stored.proven = entry.choice("optimal", kProofs) == 0;
  if (!stored.proven) entry.at("gap", "a number");
  stored.tiling = read_tiling(entry);
  stored.factors = factors_of(*stored.tiling);
  stored.cost = read_cost(entry, table_cost_keys());
  return stored;
}

void check_missing(const YamlMap& missing) {
  for (const std::string_view key : {"hw", "workload", "objective"}) missing.text(key);
  for (const auto& [schedule, reason] : missing.at("reasons", "a map").entries()) reason.text();
}

/// The entries of a table, or the one that was picked from it.
std::vector<StoredResult> read_table(const YamlValue& root) {
  std::vector<std::string_view> known = kEntryKeys;
  known.insert(known.end(), {"schema", "tilewright", "job", "entries", "without_tiling"});
  const YamlMap document = root.map(known);
  document.text("tilewright");
  if (!document.has("entries")) return {read_entry(document)};
  document.text("job");
  std::vector<StoredResult> entries;
  for (const YamlValue& item : document.list("entries")) {
    entries.push_back(read_entry(item.map(kEntryKeys)));
  }
  for (const YamlValue& item : document.list("without_tiling")) {
    check_missing(item.map({"hw", "workload", "objective", "reasons"}));
  }
  return entries;
}

bool is_of_workload(const StoredResult& result, std::string_view workload) {
  return result.workload == workload ||
         (result.from_table && result.workload.ends_with(fmt::format("/{}", workload)));
}

}  // namespace

std::vector<StoredResult> parse_results(std::string_view text, std::string_view file) {
  const YamlValue root = parse_yaml(text, file, kResultSizeLimit);
  const YamlValue schema = schema_of(root);
  if (schema.text() == kTableSchema) return read_table(root);
  if (schema.text() != kResultSchema) {
    throw schema.error(fmt::format("is '{}', expected '{}' or '{}'", printable(schema.text()),
                                   kResultSchema, kTableSchema));
  }
  std::vector<std::string_view> known = kResultKeys;
  known.insert(known.end(), {"schema", "tilewright", "baseline", "results", "geometric_mean"});
  const YamlMap document = root.map(known);
  document.text("tilewright");
  if (!document.has("results")) return {read_result(document)};
  std::vector<StoredResult> results;
  for (const YamlValue& item : document.list("results")) {
    results.push_back(read_result(item.map(kResultKeys)));
  }
  return results;
}

std::vector<StoredResult> load_results(const std::string& file) {
  return parse_results(read_text_file(file, kResultSizeLimit), file);
}

const StoredResult* most_alike(std::span<const StoredResult> results, const SearchNames& search) {
  const auto likeness = [&search](const StoredResult& result) {
    const int profile = result.hw == search.hw ? 2 : (result.base == search.hw ? 1 : 0);
    return std::pair(profile, result.objective == search.objective);
  };
  const StoredResult* best = nullptr;
  for (const StoredResult& result : results) {
    if (!is_of_workload(result, search.workload) || result.schedule != search.schedule) continue;
    if (best == nullptr || likeness(result) > likeness(*best)) best = &result;
  }
  return best;
}

}  // namespace tilewright
