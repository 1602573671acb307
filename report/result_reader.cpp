#include "report/result_reader.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <limits>

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

constexpr std::array<std::string_view, 3> kOverwrites{"none", "k", "v"};
constexpr std::array<std::string_view, 3> kCoreSplits{"heads", "q", "kv"};
constexpr std::array<std::string_view, 2> kProofs{"proven", "best-found"};
constexpr std::array<std::string_view, 6> kBottlenecks{"matrix", "vector", "load",
                                                       "store",  "dram",   "latency"};

const std::vector<std::string_view> kResultKeys{
    "hw",          "workload", "schedule", "variant", "objective", "strategy",    "seed",
    "interrupted", "optimal",  "gap",      "tiling",  "cost",      "feasible",    "shortfall",
    "reference",   "search",   "ratio",    "wins",    "front",     "l0_objective"};
/// Without a winner there is no `wins`.
const std::vector<std::string_view> kReasons{kReasonNames.begin() + 1, kReasonNames.end()};

/// 0 x 0 x 0 stands for "not chosen", in the smallest candidate of a machine that nothing fits.
std::string l0_factor(const YamlMap& l0, std::string_view key) {
  const std::vector<YamlValue> sizes = l0.list(key);
  if (sizes.size() != 3) {
    throw l0.at(key, "a list").error("has the wrong length, expected [m, n, k]");
  }
  return fmt::format("{}x{}x{}", sizes[0].integer(kCount), sizes[1].integer(kCount),
                     sizes[2].integer(kCount));
}

std::map<std::string, std::string> read_tiling(const YamlMap& parent) {
  const YamlMap tiling =
      parent.map("tiling", {"heads", "q_rows", "kv_cols", "kv_resident", "buffers", "lookahead",
                            "overwrite", "core_split", "l0"});
  std::map<std::string, std::string> factors;
  for (const std::string_view key : {"heads", "q_rows", "kv_cols", "buffers"}) {
    factors.emplace(key, std::to_string(tiling.integer(key, kPositive)));
  }
  factors["kv_resident"] = tiling.boolean("kv_resident") ? "true" : "false";
  factors["lookahead"] = std::to_string(tiling.integer("lookahead", kCount));
  factors["overwrite"] = kOverwrites.at(tiling.choice("overwrite", kOverwrites));
  factors["core_split"] = kCoreSplits.at(tiling.choice("core_split", kCoreSplits));
  const YamlMap l0 = tiling.map("l0", {"qk", "pv"});
  factors["l0.qk"] = l0_factor(l0, "qk");
  factors["l0.pv"] = l0_factor(l0, "pv");
  return factors;
}

void check_cost(const YamlMap& result) {
  const std::vector<std::string_view> counts{
      "cycles",           "dram_read_bytes",   "dram_write_bytes",   "l1_access_bytes",
      "l0_access_bytes",  "l1_peak_bytes",     "matrix_busy_cycles", "vector_busy_cycles",
      "load_busy_cycles", "store_busy_cycles", "overlap_cycles"};
  const std::vector<std::string_view> figures{"latency_us", "energy_uj", "matrix_utilization",
                                              "vector_utilization"};
  std::vector<std::string_view> known = counts;
  known.insert(known.end(), figures.begin(), figures.end());
  known.push_back("bottleneck");
  const YamlMap cost = result.map("cost", known);
  for (const std::string_view key : counts) cost.integer(key, kCount);
  for (const std::string_view key : figures) cost.number(key, 0, kLargest);
  cost.choice("bottleneck", kBottlenecks);
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

void check_search(const YamlMap& result) {
  const YamlMap search = result.map(
      "search", {"space", "evaluated", "pruned", "seconds", "lower_bound", "lower_bound_unit"});
  // Counts beyond 64 bits are kept as quoted digits, so only their presence is checked here.
  for (const std::string_view key : {"space", "evaluated", "pruned"}) {
    search.at(key, "a number");
  }
  search.number("seconds", 0, kLargest);
  if (is_front(result.text("objective"))) {
    return;
  }
  search.at("lower_bound", "a number");
  search.text("lower_bound_unit");
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

void check_outcome(const YamlMap& result) {
  if (result.has("tiling")) {
    result.choice("optimal", kProofs);
    result.at("gap", "a number");
    check_cost(result);
  } else if (result.has("shortfall")) {
    const bool feasible = result.boolean("feasible");
    if (feasible) throw result.at("feasible", "false").error("true contradicts `shortfall`");
    check_shortfall(result);
  }
  if (result.has("reference")) result.map("reference", {"cycles"}).integer("cycles", kCount);
  if (result.has("wins")) check_wins(result);
  if (result.has("interrupted")) result.boolean("interrupted");
}

/// Points of a front.
void check_front(const YamlMap& result) {
  for (const YamlValue& item : result.list("front")) {
    const YamlMap point = item.map({"tiling", "cost", "l0_objective", "knee"});
    read_tiling(point);
    check_cost(point);
    point.text("l0_objective");
    if (point.has("knee")) point.boolean("knee");
  }
}

StoredResult read_result(const YamlMap& result) {
  StoredResult stored{result.text("hw"),
                      result.text("workload"),
                      result.text("schedule"),
                      result.text("variant"),
                      {},
                      result.text("objective"),
                      result.text(result.has("l0_objective") ? "l0_objective" : "objective"),
                      result.at("hw", "text").line(),
                      result.at("workload", "text").line()};
  result.text("strategy");
  result.at("seed", "a whole number");
  check_outcome(result);
  check_search(result);
  if (result.has("front")) check_front(result);
  if (result.has("tiling")) stored.factors = read_tiling(result);
  return stored;
}

}  // namespace

std::vector<StoredResult> parse_results(std::string_view text, std::string_view file) {
  const YamlValue root = parse_yaml(text, file);
  expect_schema(root, kResultSchema);
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

}  // namespace tilewright
