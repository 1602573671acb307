#include "search/cost.h"

#include <algorithm>
#include <array>

#include "costmodel/details.h"

namespace tilewright {
namespace {

Bottleneck bottleneck_of(const Details& d, const Hardware& hardware, std::int64_t cycles) {
  const bool shared = hardware.dram.shared_channel;
  const std::array<std::pair<std::int64_t, Bottleneck>, 4> queues{{
      {d.busiest[0], Bottleneck::kMatrix},
      {d.busiest[1], Bottleneck::kVector},
      {d.busiest[2] + (shared ? d.busiest[3] : 0), shared ? Bottleneck::kDram : Bottleneck::kLoad},
      {shared ? 0 : d.busiest[3], Bottleneck::kStore},
  }};
  const auto most = std::max_element(
      queues.begin(), queues.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  // Idle half of the time, the busiest queue is not what limits: waiting for each other is.
  return 2 * most->first < cycles ? Bottleneck::kLatency : most->second;
}

}  // namespace

Cost cost_of(Evaluator& evaluator, const Candidate& candidate, Objective objective, bool overlap) {
  const Details d = details(evaluator, candidate, objective, overlap);
  const Hardware& hardware = evaluator.problem().hardware;
  Cost cost;
  cost.cycles = candidate.figures.cycles;
  cost.energy_fj = candidate.figures.energy_fj;
  cost.dram_read_bytes = d.read_bytes;
  cost.dram_write_bytes = d.write_bytes;
  cost.l1_access_bytes = d.l1_bytes;
  cost.l0_access_bytes = d.l0_bytes;
  cost.l1_peak_bytes = candidate.figures.l1_peak_bytes;
  cost.matrix_busy_cycles = d.matrix_busy_cycles;
  cost.vector_busy_cycles = d.vector_busy_cycles;
  cost.load_busy_cycles = d.load_busy_cycles;
  cost.store_busy_cycles = d.store_busy_cycles;
  cost.overlap_cycles = d.overlap_cycles;
  const double all = static_cast<double>(cost.cycles) * static_cast<double>(hardware.cores);
  cost.matrix_utilization = static_cast<double>(cost.matrix_busy_cycles) / all;
  cost.vector_utilization = static_cast<double>(cost.vector_busy_cycles) / all;
  cost.bottleneck = bottleneck_of(d, hardware, cost.cycles);
  return cost;
}

}  // namespace tilewright
