#include "report/convergence.h"

#include <fmt/format.h>

#include "report/emit_csv.h"
#include "report/number_text.h"
#include "report/result_document.h"

namespace tilewright {

std::string convergence_csv(const ResultSet& set) {
  std::string csv = "strategy,workload,schedule,seed,evaluations,seconds,incumbent,bound\n";
  for (const Result& result : set.results) {
    const std::string which =
        fmt::format("{},{},{},{}", csv_field(result.strategy), csv_field(result.workload),
                    csv_field(result.schedule), result.seed);
    for (const ConvergencePoint& point : result.convergence) {
      csv += fmt::format("{},{},{:.6f},{},{}\n", which, decimal(point.evaluated), point.seconds,
                         point.incumbent ? number_node(*point.incumbent).dump() : "",
                         number_node(point.lower_bound).dump());
    }
  }
  return csv;
}

}  // namespace tilewright
