#include "report/strategy_table.h"

#include <fmt/format.h>

#include "report/emit_csv.h"
#include "report/number_text.h"
#include "report/result_document.h"
#include "report/text_table.h"

namespace tilewright {
namespace {

std::string percent(double share) {
  return fixed(share * 100, 1);
}

std::string count_cell(const std::optional<double>& count) {
  return count ? with_separators(static_cast<std::int64_t>(*count)) : "-";
}

std::string limit_text(const StrategyBench& bench, EqualLimit limit) {
  return limit == EqualLimit::kEvaluations
             ? fmt::format("At {} evaluations", with_separators(bench.evaluations))
             : fmt::format("At {}", duration_text(bench.seconds));
}

std::string table_of(const StrategyBench& bench, std::span<const StrategySummary> summaries,
                     EqualLimit limit) {
  TextTable table({{"strategy", "", Align::kLeft},
                   {"optimal", "%"},
                   {"within 1 %", "%"},
                   {"within 5 %", "%"},
                   {"ratio", "mean"},
                   {"ratio", "worst"},
                   {"evaluations", "to 1 %"},
                   {"time", "to 1 %"}});
  bool any = false;
  for (const StrategySummary& s : summaries) {
    if (s.limit != limit) continue;
    any = true;
    table.add_row({s.strategy, percent(s.optimal), percent(s.within_1), percent(s.within_5),
                   fixed(s.mean_ratio, 4), fixed(s.worst_ratio, 4),
                   count_cell(s.evaluations_to_near),
                   s.seconds_to_near ? duration_text(*s.seconds_to_near) : "-"});
  }
  return any ? fmt::format("{}\n\n{}\n", limit_text(bench, limit), table.render()) : "";
}

std::string count_field(const std::optional<double>& count) {
  return count ? number_node(*count).dump() : "";
}

std::string seconds_field(const std::optional<double>& seconds) {
  return seconds ? fmt::format("{:.6f}", *seconds) : "";
}

}  // namespace

std::string strategy_table(const StrategyBench& bench, std::span<const StrategyCase> cases) {
  const std::vector<StrategySummary> all = summaries(cases);
  if (all.empty()) return "";
  return fmt::format(
             "Strategies on {}: {}, objective {}, {} cases (workload x schedule), median of {} "
             "seeds\n\n",
             bench.hw, bench.workload, bench.objective, all.front().cases, bench.seeds) +
         table_of(bench, all, EqualLimit::kEvaluations) + table_of(bench, all, EqualLimit::kTime) +
         "optimal, within: share of cases. ratio: what was found / the proven optimum.\n"
         "to 1 %: until the incumbent is within 1 % of the optimum, median over the cases.\n";
}

std::string strategy_csv(const StrategyBench& bench, std::span<const StrategyCase> cases) {
  std::string csv =
      "hw,limit,strategy,workload,schedule,objective,seeds,optimum,found,ratio,"
      "evaluations_to_1_percent,seconds_to_1_percent\n";
  for (const StrategyCase& c : cases) {
    const std::string limit = c.limit == EqualLimit::kEvaluations
                                  ? fmt::format("{} evaluations", bench.evaluations)
                                  : fmt::format("{} s", bench.seconds);
    csv += fmt::format("{},{},{},{},{},{},{},{},{},{:.6f},{},{}\n", csv_field(bench.hw), limit,
                       c.strategy, csv_field(c.workload), c.schedule, bench.objective, c.seeds,
                       number_node(c.optimum).dump(), number_node(c.median.value).dump(), c.ratio(),
                       count_field(c.median.evaluations_to_near),
                       seconds_field(c.median.seconds_to_near));
  }
  return csv;
}

}  // namespace tilewright
