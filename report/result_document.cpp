#include "report/result_document.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "report/names.h"
#include "report/number_text.h"
#include "report/result_text.h"
#include "report/winners.h"

namespace tilewright {
namespace {

Document l0_node(const L0Tile& tile) {
  return Document::array({tile.m, tile.n, tile.k});
}

Document shortfall_node(const Shortfall& shortfall) {
  Document node;
  node["level"] = shortfall.level;
  node["need_bytes"] = shortfall.need_bytes;
  node["have_bytes"] = shortfall.have_bytes;
  node["short_bytes"] = shortfall.need_bytes - shortfall.have_bytes;
  node["largest_slot"] = shortfall.largest_slot;
  node["largest_slot_bytes"] = shortfall.largest_slot_bytes;
  node["tiling"] = tiling_node(shortfall.tiling);
  return node;
}

Document front_node(const Result& result) {
  Document list = Document::array();
  for (const FrontEntry& entry : result.front) {
    Document node;
    if (entry.knee) node["knee"] = true;
    node["l0_objective"] = entry.l0_objective;
    node["tiling"] = tiling_node(entry.tiling);
    node["cost"] = cost_node(entry.cost, result.clock_hz, entry.knee);
    list.push_back(std::move(node));
  }
  return list;
}

/// The rules cover all candidates that were not evaluated. A front has no one bound.
Document certificate_node(const Result& result) {
  Document node;
  if (result.tiling && result.front.empty()) {
    node["bound"] = integer_node(exact_objective(result.cost, result.objective));
  }
  node["evaluated"] = integer_node(result.search.evaluated);
  for (std::size_t rule = 0; rule < kRuleNames.size(); ++rule) {
    node[kRuleNames[rule]] = integer_node(result.search.excluded.by_rule[rule]);
  }
  return node;
}

Document pins_node(const std::map<std::string, std::string>& pins) {
  Document list = Document::array();
  for (const auto& [factor, value] : pins) list.push_back(factor + "=" + value);
  return list;
}

Document search_node(const Result& result) {
  const SearchStatistics& search = result.search;
  Document node;
  node["space"] = integer_node(search.space);
  node["evaluated"] = integer_node(search.evaluated);
  node["pruned"] = integer_node(search.pruned());
  node["seconds"] = rounded(search.seconds, 6);
  if (result.front.empty()) {
    node["lower_bound"] = number_node(search.lower_bound);
    node["lower_bound_unit"] = objective_unit(result.objective);
  }
  if (result.proven) node["certificate"] = certificate_node(result);
  return node;
}

bool is_among(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Document wins_node(const Verdict& verdict) {
  Document node;
  if (!verdict.next.empty()) {
    node["over"] = verdict.next;
    node["ratio"] = rounded(verdict.ratio, 6);
  }
  node["reason"] = reason_name(verdict.reason);
  node["why"] = verdict.why;
  return node;
}

/// Adds the keys of one result to `node`, in the order of the result file.
void add_result(Document& node, const Result& result, std::optional<double> ratio,
                const Verdict* verdict) {
  node["hw"] = result.hw;
  node["workload"] = result.workload;
  node["schedule"] = result.schedule;
  node["variant"] = result.variant;
  node["objective"] = result.objective;
  node["strategy"] = result.strategy;
  node["seed"] = result.seed;
  node["tile_sizes"] = result.tile_sizes;
  if (!result.pins.empty()) node["pins"] = pins_node(result.pins);
  if (result.interrupted) node["interrupted"] = true;
  if (result.tiling) {
    node["optimal"] = result.proven ? "proven" : "best-found";
    node["gap"] = std::isfinite(result.gap) ? Document(result.gap) : Document(nullptr);
    node["tiling"] = tiling_node(*result.tiling);
    node["cost"] = cost_node(result.cost, result.clock_hz);
  } else if (result.shortfall) {
    node["feasible"] = false;
    node["shortfall"] = shortfall_node(*result.shortfall);
  }
  if (result.reference_cycles) node["reference"]["cycles"] = *result.reference_cycles;
  if (ratio) node["ratio"] = rounded(*ratio, 6);
  if (verdict != nullptr && is_among(verdict->winners, result.schedule)) {
    node["wins"] = wins_node(*verdict);
  }
  node["search"] = search_node(result);
  if (!result.front.empty()) {
    node["l0_objective"] = result.l0_objective;
    node["front"] = front_node(result);
  }
}

Document results_node(const ResultSet& set) {
  Document list = Document::array();
  const std::vector<Verdict> all = verdicts(set);
  auto verdict = all.begin();
  for (const Result& result : set.results) {
    while (verdict != all.end() && verdict->workload != result.workload) ++verdict;
    Document node;
    add_result(node, result, ratio_to_baseline(set, result),
               verdict == all.end() ? nullptr : &*verdict);
    list.push_back(std::move(node));
  }
  return list;
}

Document means_node(const ResultSet& set) {
  Document list = Document::array();
  for (const MeanRatio& mean : mean_ratios(set)) {
    list.push_back({{"schedule", mean.schedule},
                    {"variant", mean.variant},
                    {"ratio", rounded(mean.ratio, 6)},
                    {"workloads", mean.workloads}});
  }
  return list;
}

}  // namespace

double rounded(double value, int places) {
  const double scale = std::pow(10.0, places);
  const double scaled = value * scale;
  return std::isfinite(scaled) ? std::round(scaled) / scale : value;
}

Document tiling_node(const Tiling& tiling) {
  Document node;
  node["heads"] = tiling.heads;
  node["q_rows"] = tiling.q_rows;
  node["kv_cols"] = tiling.kv_cols;
  node["kv_resident"] = tiling.kv_resident;
  node["buffers"] = tiling.buffers;
  node["lookahead"] = tiling.lookahead;
  node["overwrite"] = overwrite_name(tiling.overwrite);
  node["core_split"] = core_split_name(tiling.core_split);
  node["l0"]["qk"] = l0_node(tiling.l0_qk);
  node["l0"]["pv"] = l0_node(tiling.l0_pv);
  return node;
}

Document cost_node(const Cost& cost, std::int64_t clock_hz, bool overlap) {
  Document node;
  node["cycles"] = cost.cycles;
  node["latency_us"] = rounded(latency_us(cost, clock_hz), 6);
  node["energy_uj"] = rounded(static_cast<double>(cost.energy_fj) / 1e9, 9);
  node["dram_read_bytes"] = cost.dram_read_bytes;
  node["dram_write_bytes"] = cost.dram_write_bytes;
  node["l1_access_bytes"] = cost.l1_access_bytes;
  node["l0_access_bytes"] = cost.l0_access_bytes;
  node["l1_peak_bytes"] = cost.l1_peak_bytes;
  node["matrix_busy_cycles"] = cost.matrix_busy_cycles;
  node["vector_busy_cycles"] = cost.vector_busy_cycles;
  node["load_busy_cycles"] = cost.load_busy_cycles;
  node["store_busy_cycles"] = cost.store_busy_cycles;
  if (overlap) node["overlap_cycles"] = cost.overlap_cycles;
  node["matrix_utilization"] = rounded(cost.matrix_utilization, 6);
  node["vector_utilization"] = rounded(cost.vector_utilization, 6);
  node["bottleneck"] = bottleneck_name(cost.bottleneck);
  return node;
}

Document number_node(double value) {
  constexpr double kExactIntegers = 9007199254740992.0;  // 2^53
  if (!std::isfinite(value)) return nullptr;
  if (value == std::floor(value) && std::abs(value) <= kExactIntegers) {
    return static_cast<std::int64_t>(value);
  }
  return value;
}

Document integer_node(Int128 value) {
  constexpr Int128 kHighest = std::numeric_limits<std::int64_t>::max();
  constexpr Int128 kLowest = std::numeric_limits<std::int64_t>::min();
  if (value < kLowest || value > kHighest) return decimal(value);
  return static_cast<std::int64_t>(value);
}

Document result_document(const ResultSet& set, std::string_view version) {
  Document document;
  document["schema"] = kResultSchema;
  document["tilewright"] = version;
  if (!set.list && set.results.size() == 1) {
    add_result(document, set.results.front(), std::nullopt, nullptr);
    return document;
  }
  if (set.interrupted) document["interrupted"] = true;
  if (!set.baseline.empty()) document["baseline"] = set.baseline;
  document["results"] = results_node(set);
  if (!set.baseline.empty()) document["geometric_mean"] = means_node(set);
  return document;
}

Document integer_node(const Wide& value) {
  constexpr Wide kHighest{0, std::numeric_limits<std::int64_t>::max()};
  if (value > kHighest) return decimal(value);
  return static_cast<std::int64_t>(value.low);
}

std::string emit_json(const Document& document) {
  return document.dump(2, ' ', false, Document::error_handler_t::replace) + "\n";
}

}  // namespace tilewright
