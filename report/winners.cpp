#include "report/winners.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "report/number_text.h"
#include "report/result_text.h"
#include "schedules/schedule.h"

namespace tilewright {
namespace {

struct Cause {
  WinReason reason = WinReason::kEqual;
  std::string why;
};

Cause nearly() {
  return {WinReason::kNearlyEqual, "nearly equal"};
}

constexpr double kShown = 1.0005;  ///< the least ratio that is not printed as 1.000

bool moves_data(Bottleneck queue) {
  return queue == Bottleneck::kLoad || queue == Bottleneck::kStore || queue == Bottleneck::kDram;
}

double busy_cycles(const Cost& cost, Bottleneck queue) {
  switch (queue) {
    case Bottleneck::kMatrix:
      return static_cast<double>(cost.matrix_busy_cycles);
    case Bottleneck::kVector:
      return static_cast<double>(cost.vector_busy_cycles);
    case Bottleneck::kLoad:
      return static_cast<double>(cost.load_busy_cycles);
    case Bottleneck::kStore:
      return static_cast<double>(cost.store_busy_cycles);
    case Bottleneck::kDram:
      return static_cast<double>(cost.load_busy_cycles) +
             static_cast<double>(cost.store_busy_cycles);
    case Bottleneck::kLatency:
      break;
  }
  return 0;
}

/// Of all cores' time.
double share(const Cost& cost, Bottleneck queue) {
  const double matrix = busy_cycles(cost, Bottleneck::kMatrix);
  return matrix > 0 ? busy_cycles(cost, queue) / matrix * cost.matrix_utilization : 0;
}

/// The bottleneck; where all wait most of the time, what waits least.
Bottleneck limiting_queue(const Cost& cost) {
  if (cost.bottleneck != Bottleneck::kLatency) return cost.bottleneck;
  constexpr std::array kQueues{Bottleneck::kMatrix, Bottleneck::kVector, Bottleneck::kLoad,
                               Bottleneck::kStore};
  return *std::max_element(kQueues.begin(), kQueues.end(), [&](Bottleneck a, Bottleneck b) {
    return busy_cycles(cost, a) < busy_cycles(cost, b);
  });
}

std::string_view queue_text(Bottleneck queue) {
  switch (queue) {
    case Bottleneck::kVector:
      return "vector unit";
    case Bottleneck::kLoad:
      return "load queue";
    case Bottleneck::kStore:
      return "store queue";
    case Bottleneck::kDram:
      return "DRAM channel";
    case Bottleneck::kMatrix:
    case Bottleneck::kLatency:
      break;
  }
  return "matrix unit";
}

/// What a queue waits for that is not the schedule's limit; "" if no figure says it.
std::string_view awaited(const Result& result, Bottleneck queue) {
  constexpr std::string_view kMatmuls = ", waits for matmuls";
  constexpr std::string_view kSoftmax = ", waits for softmax";
  const Cost& cost = result.cost;
  if (is_serial(result.variant)) return ", one operation at a time";
  const bool is_matrix = queue == Bottleneck::kMatrix;
  if (is_matrix || queue == Bottleneck::kVector) {
    const double other = is_matrix ? cost.vector_utilization : cost.matrix_utilization;
    const bool other_alone = 2 * (other - overlap_utilization(cost)) >= 1 - share(cost, queue);
    if (other_alone) return is_matrix ? kSoftmax : kMatmuls;
    return moves_data(cost.bottleneck) ? ", waits for DRAM" : "";
  }
  if (cost.bottleneck == Bottleneck::kMatrix) return kMatmuls;
  return cost.bottleneck == Bottleneck::kVector ? kSoftmax : "";
}

std::string percent(double part) {
  return fixed(part * 100, 1) + " %";
}

std::string against(std::string_view what, const std::string& own, const std::string& other) {
  return fmt::format("{}: {} against {}", what, own, other);
}

std::optional<Cause> less_traffic(const Result& winner, const Result& next) {
  const std::int64_t own = winner.cost.dram_read_bytes + winner.cost.dram_write_bytes;
  const std::int64_t other = next.cost.dram_read_bytes + next.cost.dram_write_bytes;
  if (own >= other || bytes_text(own) == bytes_text(other)) return std::nullopt;
  return Cause{WinReason::kLessTraffic,
               against("less traffic", bytes_text(own), bytes_text(other))};
}

/// Cycles are the busy cycles of a queue / its share: in most cases one of the two makes the
/// difference.
Cause cause_of_speed(const Result& winner, const Result& next) {
  const Bottleneck queue = limiting_queue(winner.cost);
  const double work = busy_cycles(next.cost, queue) / busy_cycles(winner.cost, queue);
  const double idle = share(winner.cost, queue) / share(next.cost, queue);
  if (moves_data(queue) ? work > idle : moves_data(next.cost.bottleneck)) {
    if (auto cause = less_traffic(winner, next)) return *cause;
  }
  if (work > idle) {
    return {WinReason::kLessWork,
            fmt::format("{} less work for the {}", percent(1 - 1 / work), queue_text(queue))};
  }
  const std::string own = percent(share(winner.cost, queue));
  const std::string other = percent(share(next.cost, queue));
  if (own == other) return nearly();
  return {WinReason::kBusier, fmt::format("{} {} busy ({}: {}{})", queue_text(queue), own,
                                          next.schedule, other, awaited(next, queue))};
}

/// What the energy of a result is made of.
struct EnergyParts {
  Int128 traffic = 0;
  Int128 l1 = 0;
  Int128 l0 = 0;
  Int128 time = 0;
  Int128 units = 0;
};

EnergyParts parts_of(const Cost& cost, const EnergyTable& table) {
  EnergyParts parts;
  parts.traffic = Int128{cost.dram_read_bytes + cost.dram_write_bytes} * table.dram_fj_per_byte;
  parts.l1 = Int128{cost.l1_access_bytes} * table.l1_fj_per_byte;
  parts.l0 = Int128{cost.l0_access_bytes} * table.l0_fj_per_byte;
  parts.time = Int128{cost.cycles} * table.static_fj_per_cycle;
  parts.units = cost.energy_fj - parts.traffic - parts.l1 - parts.l0 - parts.time;
  return parts;
}

/// The part that saves most.
Cause cause_of_energy(const Result& winner, const Result& next, const EnergyTable& table) {
  const EnergyParts own = parts_of(winner.cost, table);
  const EnergyParts other = parts_of(next.cost, table);
  const auto bytes = [&](std::string_view what, auto figure) {
    return against(what, bytes_text(winner.cost.*figure), bytes_text(next.cost.*figure));
  };
  const Int128 most = std::max({other.traffic - own.traffic, other.l1 - own.l1, other.l0 - own.l0,
                                other.time - own.time, other.units - own.units});
  if (other.traffic - own.traffic == most) return less_traffic(winner, next).value_or(nearly());
  if (other.l1 - own.l1 == most) {
    return {WinReason::kFewerAccesses, bytes("less to and from L1", &Cost::l1_access_bytes)};
  }
  if (other.l0 - own.l0 == most) {
    return {WinReason::kFewerAccesses, bytes("less to and from L0", &Cost::l0_access_bytes)};
  }
  if (other.time - own.time == most) {
    return {WinReason::kFaster,
            against("less static energy", with_separators(winner.cost.cycles) + " cycles",
                    with_separators(next.cost.cycles))};
  }
  return {WinReason::kLessWork,
          against("less energy in the units", energy_text(own.units), energy_text(other.units))};
}

Cause cause_of(const Result& winner, const Result& next, double ratio, const EnergyTable& table) {
  if (ratio < kShown) return nearly();
  const std::string& objective = winner.objective;
  if (objective == "traffic") return less_traffic(winner, next).value_or(nearly());
  const double time =
      static_cast<double>(next.cost.cycles) / static_cast<double>(winner.cost.cycles);
  const bool energy = objective == "energy" || (objective == "edp" && ratio > time * time);
  return energy ? cause_of_energy(winner, next, table) : cause_of_speed(winner, next);
}

struct Ranked {
  double value = 0;
  const Result* result = nullptr;
};

/// Those with a tiling, best first.
std::vector<Ranked> ranking(std::span<const Result> results) {
  std::vector<Ranked> ranked;
  for (const Result& result : results) {
    if (const auto value = objective_value(result)) ranked.push_back({*value, &result});
  }
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const Ranked& a, const Ranked& b) { return a.value < b.value; });
  return ranked;
}

/// Where no schedule is worse than the winners.
Cause unopposed(std::size_t winners, std::size_t results) {
  if (winners == 0) return {WinReason::kNothingFits, "no schedule has a tiling that fits"};
  if (winners > 1) return {WinReason::kEqual, "equal"};
  return {WinReason::kAlone,
          results > 1 ? "the only one with a tiling that fits" : "the only one compared"};
}

/// `results` are those of one workload.
Verdict verdict_of(std::span<const Result> results, const EnergyTable& table) {
  const std::vector<Ranked> ranked = ranking(results);
  Verdict verdict;
  verdict.workload = results.front().workload;
  std::size_t ties = 0;
  for (; ties < ranked.size() && ranked[ties].value == ranked[0].value; ++ties) {
    verdict.winners.push_back(ranked[ties].result->schedule);
  }
  Cause cause = unopposed(ties, results.size());
  if (ties < ranked.size()) {
    const Ranked& next = ranked[ties];
    verdict.next = next.result->schedule;
    verdict.ratio = next.value / ranked[0].value;
    cause = cause_of(*ranked[0].result, *next.result, verdict.ratio, table);
  }
  verdict.reason = cause.reason;
  verdict.why = std::move(cause.why);
  return verdict;
}

bool compares_schedules(const ResultSet& set) {
  return !set.baseline.empty() &&
         std::any_of(set.results.begin(), set.results.end(), [&](const Result& result) {
           return result.schedule != set.results.front().schedule;
         });
}

}  // namespace

std::vector<Verdict> verdicts(const ResultSet& set) {
  std::vector<Verdict> list;
  if (!compares_schedules(set)) return list;
  const std::span<const Result> all = set.results;
  for (std::size_t begin = 0; begin < all.size();) {
    std::size_t end = begin;
    while (end < all.size() && all[end].workload == all[begin].workload) ++end;
    list.push_back(verdict_of(all.subspan(begin, end - begin), set.energy));
    begin = end;
  }
  return list;
}

}  // namespace tilewright
