// The points of a front, for people.
#include <fmt/format.h>

#include <algorithm>

#include "report/names.h"
#include "report/number_text.h"
#include "report/result_text.h"
#include "report/table.h"
#include "report/text_table.h"

namespace tilewright {
namespace {

constexpr std::size_t kMostRows = 24;

/// Of `count` points so many that they fit a screen: the first, the last, and the knee among them.
std::vector<std::size_t> shown_points(const std::vector<FrontEntry>& front) {
  std::vector<std::size_t> shown;
  const std::size_t rows = std::min(front.size(), kMostRows);
  for (std::size_t i = 0; i < rows; ++i) {
    shown.push_back(rows == 1 ? 0 : i * (front.size() - 1) / (rows - 1));
  }
  const auto knee =
      std::find_if(front.begin(), front.end(), [](auto& point) { return point.knee; });
  const auto at = static_cast<std::size_t>(knee - front.begin());
  const auto place = std::lower_bound(shown.begin(), shown.end(), at);
  if (place != shown.end() && *place != at) shown.insert(place, at);
  return shown;
}

}  // namespace

std::string front_table(const Result& result) {
  TextTable table({{"", ""},
                   {"cycles", ""},
                   {"time", ""},
                   {"energy", ""},
                   {"DRAM", ""},
                   {"L1 peak", ""},
                   {"tiling", "", Align::kLeft}});
  const std::vector<std::size_t> shown = shown_points(result.front);
  for (const std::size_t i : shown) {
    const FrontEntry& point = result.front[i];
    const Cost& cost = point.cost;
    table.add_row({point.knee ? "knee" : "", with_separators(cost.cycles),
                   latency_text(latency_us(cost, result.clock_hz)), energy_text(cost.energy_fj),
                   bytes_text(cost.dram_read_bytes + cost.dram_write_bytes),
                   bytes_text(cost.l1_peak_bytes), factor_list(point.tiling)});
  }
  std::string text = table.render();
  if (shown.size() < result.front.size()) {
    text += fmt::format("\n{} of {} points; -o FILE has them all.\n", shown.size(),
                        with_separators(Int128{result.front.size()}));
  }
  return text;
}

}  // namespace tilewright
