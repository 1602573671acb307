#include "report/result_text.h"

#include <fmt/format.h>

#include <cmath>

#include "report/names.h"
#include "report/number_text.h"

namespace tilewright {
namespace {

/// "3.1 %", never rounded to "0.0 %".
std::string gap_text(double gap) {
  const double percent = gap * 100;
  return percent < 0.05 ? "less than 0.1 %" : fixed(percent, 1) + " %";
}

bool has_bound(const Result& result) {
  return std::isfinite(result.search.lower_bound) && result.search.lower_bound > 0;
}

std::string proof_claim(const Result& result) {
  if (!result.front.empty()) {
    const std::string claim =
        result.proven ? "proven" : (result.interrupted ? "interrupted" : "found");
    const std::string points =
        fmt::format("{}, {} points", claim, with_separators(Int128{result.front.size()}));
    return result.proven
               ? points
               : fmt::format("{}; others may lie up to {} below", points, gap_text(result.gap));
  }
  if (result.proven) return "proven";
  const std::string claim = result.interrupted ? "interrupted; best so far" : "best found";
  if (!has_bound(result)) return claim + ", with no bound on the optimum";
  return fmt::format("{}, the optimum is at most {} lower ({} {} or more)", claim,
                     gap_text(result.gap), fixed(result.search.lower_bound, 0),
                     objective_unit(result.objective));
}

std::string effort_text(const Result& result) {
  const SearchStatistics& search = result.search;
  if (search.evaluated >= search.space) {
    return fmt::format("{} candidates evaluated", approximate_count(search.evaluated));
  }
  const std::string part =
      fmt::format("{} of {} candidates evaluated", approximate_count(search.evaluated),
                  approximate_count(search.space));
  return result.proven ? part + ", the rest excluded by bounds" : part;
}

Int128 short_bytes(const Shortfall& shortfall) {
  return Int128{shortfall.need_bytes} - shortfall.have_bytes;
}

}  // namespace

std::string factor_list(const Tiling& tiling) {
  const std::string open_tile = l0_text(L0Tile{});
  std::string text;
  for (const FactorText& factor : factor_texts(tiling)) {
    if (factor.value == open_tile) continue;
    text += fmt::format("{}{}={}", text.empty() ? "" : ",", factor.name, factor.value);
  }
  return text;
}

std::string case_text(const Result& result) {
  return fmt::format("{} on {}, schedule {}", result.workload, result.hw, schedule_text(result));
}

std::string no_tiling_text(const Result& result) {
  if (!result.shortfall) return no_tiling_note(result);
  const Shortfall& shortfall = *result.shortfall;
  std::string text = fmt::format(
      "nothing fits: the smallest candidate needs {} bytes of {} and has {}, short by {}",
      with_separators(shortfall.need_bytes), shortfall.level, with_separators(shortfall.have_bytes),
      with_separators(short_bytes(shortfall)));
  // L0 has no slots.
  if (!shortfall.largest_slot.empty()) {
    text += fmt::format("; its largest slot is {} with {} bytes", shortfall.largest_slot,
                        with_separators(shortfall.largest_slot_bytes));
  }
  return text + "; its factors are " + factor_list(shortfall.tiling);
}

std::string no_tiling_note(const Result& result) {
  if (result.shortfall) {
    return fmt::format("nothing fits: short by {} bytes of {}",
                       with_separators(short_bytes(*result.shortfall)), result.shortfall->level);
  }
  return result.interrupted ? "interrupted before a tiling that fits was found"
                            : "no tiling that fits was found within the limits of the search";
}

std::string proof_text(const Result& result) {
  return fmt::format("{}: {}, {}", proof_claim(result), effort_text(result),
                     duration_text(result.search.seconds));
}

std::string proof_mark(const Result& result) {
  if (result.proven) return "proven";
  if (!has_bound(result)) return "found";
  const double percent = result.gap * 100;
  return percent < 0.05 ? "gap <0.1%" : fmt::format("gap {}%", fixed(percent, 1));
}

double overlap_utilization(const Cost& cost) {
  if (cost.matrix_busy_cycles <= 0) return 0;
  return cost.matrix_utilization * static_cast<double>(cost.overlap_cycles) /
         static_cast<double>(cost.matrix_busy_cycles);
}

double latency_us(const Result& result) {
  return latency_us(result.cost, result.clock_hz);
}

double latency_us(const Cost& cost, std::int64_t clock_hz) {
  if (clock_hz <= 0) return 0;
  return static_cast<double>(cost.cycles) / static_cast<double>(clock_hz) * 1e6;
}

}  // namespace tilewright
