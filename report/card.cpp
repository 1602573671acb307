#include "report/card.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "report/names.h"
#include "report/number_text.h"
#include "report/result_text.h"

namespace tilewright {
namespace {

constexpr std::size_t kLabelWidth = 12;
constexpr std::size_t kTextWidth = 84;

std::string entry(std::string_view label, std::string_view text) {
  return fmt::format("  {:<{}} {}\n", label, kLabelWidth, text);
}

std::string percent(double share) {
  return fixed(share * 100, 1) + " %";
}

/// "a=1,b=2,..." over as many lines as it needs, broken after commas.
std::string factors_entry(std::string_view label, const std::vector<FactorText>& factors) {
  std::string text;
  std::string line;
  for (std::size_t i = 0; i < factors.size(); ++i) {
    const std::string item = fmt::format("{}={}{}", factors[i].name, factors[i].value,
                                         i + 1 < factors.size() ? "," : "");
    if (!line.empty() && line.size() + item.size() > kTextWidth) {
      text += entry(text.empty() ? label : "", line);
      line.clear();
    }
    line += item;
  }
  return text + entry(text.empty() ? label : "", line);
}

std::string tiling_entries(const Tiling& tiling, const std::vector<std::string>& given) {
  if (given.empty()) return factors_entry("tiling", factor_texts(tiling));
  std::vector<FactorText> fixed_factors;
  std::vector<FactorText> chosen;
  for (const FactorText& factor : factor_texts(tiling)) {
    const bool is_given = std::find(given.begin(), given.end(), factor.name) != given.end();
    (is_given ? fixed_factors : chosen).push_back(factor);
  }
  std::string text = factors_entry("given", fixed_factors);
  if (!chosen.empty()) text += factors_entry("chosen", chosen);
  return text;
}

std::string clock_text(std::int64_t hertz) {
  if (hertz >= 1'000'000'000) return fixed(static_cast<double>(hertz) / 1e9, 2) + " GHz";
  return fixed(static_cast<double>(hertz) / 1e6, 1) + " MHz";
}

std::string cost_entries(const Result& result) {
  const Cost& cost = result.cost;
  std::string text =
      entry("time", fmt::format("{} cycles, {} at {}", with_separators(cost.cycles),
                                latency_text(latency_us(result)), clock_text(result.clock_hz)));
  text += entry("energy", energy_text(cost.energy_fj));
  text += entry("DRAM", fmt::format("{} read, {} written", bytes_text(cost.dram_read_bytes),
                                    bytes_text(cost.dram_write_bytes)));
  text += entry("on chip",
                fmt::format("{} to and from L1, of these {} to and from L0",
                            bytes_text(cost.l1_access_bytes), bytes_text(cost.l0_access_bytes)));
  text += entry("L1 peak", bytes_text(cost.l1_peak_bytes));
  text +=
      entry("busy", fmt::format("matrix unit {}, vector unit {}, both at once {} of the time",
                                percent(cost.matrix_utilization), percent(cost.vector_utilization),
                                percent(overlap_utilization(cost))));
  return text + entry("limited by", bottleneck_text(cost.bottleneck));
}

std::string reference_entry(const Result& result) {
  const std::int64_t reference = *result.reference_cycles;
  const std::string cycles = with_separators(reference);
  if (reference == result.cost.cycles) {
    return entry("reference", fmt::format("{} cycles, equal to the analytic model", cycles));
  }
  return entry("reference", fmt::format("{} cycles, NOT equal to the analytic model", cycles));
}

}  // namespace

std::string result_card(const Result& result, const std::vector<std::string>& given) {
  if (!result.tiling) return "";
  std::string text = fmt::format("{}: objective {}, strategy {}, seed {}\n\n", case_text(result),
                                 result.objective, result.strategy, result.seed);
  if (!result.front.empty()) text += "The knee of the front:\n";
  text += cost_entries(result);
  if (result.reference_cycles) text += reference_entry(result);
  text += tiling_entries(*result.tiling, given);
  return text + entry("optimal", proof_text(result));
}

}  // namespace tilewright
