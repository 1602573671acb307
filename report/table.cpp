#include "report/table.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/text.h"
#include "report/names.h"
#include "report/number_text.h"
#include "report/result_text.h"
#include "report/text_table.h"
#include "report/winners.h"

namespace tilewright {
namespace {

/// One unit for a whole column, so that its figures can be compared at a glance.
struct Scale {
  double size = 1;
  std::string unit;
  int digits = 0;

  std::string cell(double value) const { return fixed(value / size, digits); }
};

struct Scales {
  Scale time;
  Scale energy;
  Scale traffic;
  Scale memory;
};

template <typename Figure>
double largest(const ResultSet& set, Figure figure) {
  double value = 0;
  for (const Result& result : set.results) {
    if (result.tiling) value = std::max(value, figure(result));
  }
  return value;
}

Scale bytes_scale(double most) {
  constexpr double kKibi = 1024;
  if (most < 1e5 * kKibi) return {kKibi, "KiB", 0};
  if (most < 1e5 * kKibi * kKibi) return {kKibi * kKibi, "MiB", 1};
  return {kKibi * kKibi * kKibi, "GiB", 1};
}

Scales scales_for(const ResultSet& set) {
  const double time = largest(set, [](const Result& r) { return latency_us(r); });
  const double energy =
      largest(set, [](const Result& r) { return static_cast<double>(r.cost.energy_fj); });
  Scales scales;
  scales.time = time < 1e5 ? Scale{1, "µs", 1} : Scale{1e3, "ms", 2};
  scales.energy = energy < 1e14 ? Scale{1e9, "µJ", 1} : Scale{1e12, "mJ", 2};
  scales.traffic = bytes_scale(largest(set, [](const Result& r) { return traffic_bytes(r.cost); }));
  scales.memory = bytes_scale(
      largest(set, [](const Result& r) { return static_cast<double>(r.cost.l1_peak_bytes); }));
  return scales;
}

std::string percent(double share) {
  return fixed(share * 100, 1);
}

std::string_view ratio_title(std::string_view objective) {
  if (objective == "latency") return "speed-up";
  return "gain";
}

std::vector<Column> cost_columns(const ResultSet& set, const Scales& scales) {
  std::vector<Column> columns{{"workload", "", Align::kLeft},
                              {"schedule", "", Align::kLeft},
                              {"cycles", ""},
                              {"time", scales.time.unit},
                              {"energy", scales.energy.unit},
                              {"DRAM", scales.traffic.unit},
                              {"L1 peak", scales.memory.unit},
                              {"matrix", "%"},
                              {"vector", "%"},
                              {"both", "%"},
                              {"limited", "by", Align::kLeft},
                              {"optimal", "", Align::kLeft}};
  if (!set.baseline.empty()) {
    columns.push_back(
        {std::string(ratio_title(set.results.front().objective)), "vs " + set.baseline});
  }
  return columns;
}

std::string ratio_cell(const ResultSet& set, const Result& result) {
  const std::optional<double> ratio = ratio_to_baseline(set, result);
  const std::string text = ratio ? fixed(*ratio, 2) + "x" : "-";
  return text + (is_winner(set, result) ? " *" : "  ");
}

std::vector<std::string> cost_cells(const ResultSet& set, const Result& result,
                                    const Scales& scales) {
  const Cost& cost = result.cost;
  std::vector<std::string> cells{
      result.schedule,
      with_separators(cost.cycles),
      scales.time.cell(latency_us(result)),
      scales.energy.cell(static_cast<double>(cost.energy_fj)),
      scales.traffic.cell(traffic_bytes(cost)),
      scales.memory.cell(static_cast<double>(cost.l1_peak_bytes)),
      percent(cost.matrix_utilization),
      percent(cost.vector_utilization),
      percent(overlap_utilization(cost)),
      cost.bottleneck == Bottleneck::kDram ? "DRAM" : std::string(bottleneck_name(cost.bottleneck)),
      proof_mark(result)};
  if (!set.baseline.empty()) cells.push_back(ratio_cell(set, result));
  return cells;
}

/// The workload's name on the first row of its group only.
std::string group_label(const ResultSet& set, std::size_t index) {
  const bool first = index == 0 || set.results[index - 1].workload != set.results[index].workload;
  return first ? set.results[index].workload : "";
}

/// Groups of three rows and more are set apart by blank lines.
bool has_wide_groups(const ResultSet& set) {
  for (std::size_t i = 2; i < set.results.size(); ++i) {
    if (set.results[i].workload == set.results[i - 2].workload) return true;
  }
  return false;
}

void add_means(TextTable& table, const ResultSet& set) {
  table.add_rule();
  bool first = true;
  for (const MeanRatio& mean : mean_ratios(set)) {
    std::vector<std::string> cells(12);
    cells[0] = first ? "geometric mean" : "";
    cells[1] = mean.schedule;
    cells.push_back(fixed(mean.ratio, 3) + "x");
    cells[11] = fmt::format("over {}", mean.workloads);
    table.add_row(std::move(cells));
    first = false;
  }
}

std::string title(const ResultSet& set) {
  const Result& first = set.results.front();
  std::string text = fmt::format("Best tilings on {}: objective {}, strategy {}, seed {}\n",
                                 first.hw, first.objective, first.strategy, first.seed);
  std::vector<std::string> named;
  for (const Result& result : set.results) {
    const std::string schedule = schedule_text(result);
    const bool known = std::find(named.begin(), named.end(), schedule) != named.end();
    if (known || schedule == result.schedule) continue;
    named.push_back(schedule);
    text += fmt::format("{}{}", named.size() == 1 ? "Variants: " : ", ", schedule);
  }
  return text + (named.empty() ? "\n" : "\n\n");
}

std::string legend(const ResultSet& set) {
  std::string text =
      "matrix, vector, both: share of the time in which the unit works, or both at once.\n";
  if (set.baseline.empty()) return text;
  const bool latency = set.results.front().objective == "latency";
  return text + fmt::format("{}: how many times {} than {}; * the best of its workload.\n",
                            ratio_title(set.results.front().objective), latency ? "faster" : "less",
                            set.baseline);
}

std::string winner_table(const ResultSet& set) {
  const std::vector<Verdict> list = verdicts(set);
  if (list.empty()) return "";
  TextTable table({{"workload", "", Align::kLeft},
                   {"best", "", Align::kLeft},
                   {"ahead of", "", Align::kLeft},
                   {"by", ""},
                   {"why", "", Align::kLeft}});
  for (const Verdict& verdict : list) {
    const bool ahead = !verdict.next.empty();
    table.add_row({verdict.workload, verdict.winners.empty() ? "-" : join(verdict.winners),
                   ahead ? verdict.next : "-", ahead ? fixed(verdict.ratio, 3) + "x" : "-",
                   verdict.why});
  }
  return "\n" + table.render();
}

}  // namespace

std::string cost_table(const ResultSet& set) {
  if (set.results.empty()) return "";
  const Scales scales = scales_for(set);
  const bool wide = has_wide_groups(set);
  TextTable table(cost_columns(set, scales));
  for (std::size_t i = 0; i < set.results.size(); ++i) {
    const Result& result = set.results[i];
    const std::string label = group_label(set, i);
    if (wide && i > 0 && !label.empty()) table.add_blank();
    if (!result.tiling) {
      table.add_note({label, result.schedule}, no_tiling_note(result));
      continue;
    }
    std::vector<std::string> cells = cost_cells(set, result, scales);
    cells.insert(cells.begin(), label);
    table.add_row(std::move(cells));
  }
  if (!set.baseline.empty() && !mean_ratios(set).empty()) add_means(table, set);
  return title(set) + table.render() + "\n" + legend(set) + winner_table(set);
}

std::string tiling_table(const ResultSet& set) {
  TextTable table({{"workload", "", Align::kLeft},
                   {"schedule", "", Align::kLeft},
                   {"heads", ""},
                   {"q_rows", ""},
                   {"kv_cols", ""},
                   {"kv_resident", "", Align::kLeft},
                   {"buffers", ""},
                   {"lookahead", ""},
                   {"overwrite", "", Align::kLeft},
                   {"core_split", "", Align::kLeft},
                   {"l0.qk", "", Align::kLeft},
                   {"l0.pv", "", Align::kLeft}});
  for (std::size_t i = 0; i < set.results.size(); ++i) {
    const Result& result = set.results[i];
    if (!result.tiling) continue;
    std::vector<std::string> cells{group_label(set, i), result.schedule};
    for (const FactorText& factor : factor_texts(*result.tiling)) cells.push_back(factor.value);
    table.add_row(std::move(cells));
  }
  return table.render();
}

}  // namespace tilewright
