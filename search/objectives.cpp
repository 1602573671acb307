#include "search/objectives.h"

#include <array>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "common/error.h"
#include "common/text.h"

namespace tilewright {

std::span<const ObjectiveName> all_objectives() {
  static constexpr std::array<ObjectiveName, 4> kTable{{
      {Objective::kLatency, "latency", "cycles of the makespan"},
      {Objective::kEnergy, "energy", "femtojoules, static power included"},
      {Objective::kEdp, "edp", "energy x delay, in femtojoule cycles"},
      {Objective::kTraffic, "traffic", "bytes moved from and to DRAM"},
  }};
  return kTable;
}

std::string_view name_of(Objective objective) {
  for (const ObjectiveName& known : all_objectives()) {
    if (known.objective == objective) {
      return known.name;
    }
  }
  return {};
}

Objective find_objective(std::string_view name) {
  std::vector<std::string> names;
  for (const ObjectiveName& known : all_objectives()) {
    if (known.name == name) {
      return known.objective;
    }
    names.emplace_back(known.name);
  }
  throw InputError(
      fmt::format("unknown objective '{}'{}", printable(name), suggestion(name, names)));
}

}  // namespace tilewright
