#include "report/convergence.h"

#include <fmt/format.h>

#include "report/emit_csv.h"
#include "report/number_text.h"
#include "report/result_document.h"
#include "search/front.h"

namespace tilewright {

namespace {

std::string which(const Result& result) {
  return fmt::format("{},{},{},{}", csv_field(result.strategy), csv_field(result.workload),
                     csv_field(result.schedule), result.seed);
}

std::string optimum_rows(const Result& result) {
  std::string csv;
  for (const ConvergencePoint& point : result.convergence) {
    csv += fmt::format("{},{},{:.6f},{},{}\n", which(result), decimal(point.evaluated),
                       point.seconds, point.incumbent ? number_node(*point.incumbent).dump() : "",
                       number_node(point.lower_bound).dump());
  }
  return csv;
}

std::string front_rows(const Result& result) {
  std::string csv;
  for (const FrontMoment& moment : result.front_course) {
    csv += fmt::format("{},{},{:.6f},{},{}\n", which(result), decimal(moment.evaluated),
                       moment.seconds, moment.points, number_node(moment.gap).dump());
  }
  return csv;
}

}  // namespace

std::string convergence_csv(const ResultSet& set) {
  const bool fronts = !set.results.empty() && is_front(set.results.front().objective);
  std::string csv = fmt::format("strategy,workload,schedule,seed,evaluations,seconds,{}\n",
                                fronts ? "points,gap" : "incumbent,bound");
  for (const Result& result : set.results) {
    csv += fronts ? front_rows(result) : optimum_rows(result);
  }
  return csv;
}

}  // namespace tilewright
