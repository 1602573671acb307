// One random candidate on which the analytic model and the reference graph must say the same.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "costmodel/objective.h"
#include "hw_profiles/hardware.h"
#include "schedules/schedule.h"
#include "search/random.h"
#include "test/support/random_case.h"

namespace tilewright::test {

/// What is drawn: small graphs with every feature, or long ones whose queues are nearly balanced.
enum class DrawKind { kRandom, kBalanced };

struct OracleCase {
  std::uint64_t seed = 0;
  const Schedule* schedule = nullptr;
  std::string variant;
  Objective objective = Objective::kLatency;
  Hardware hardware;
  Workload workload;
  Tiling tiling;
};

std::string describe(const OracleCase& drawn);

/// The case of `seed`, of any workload or of a family; empty if the drawn tiling is not legal or
/// has too many operations.
std::optional<OracleCase> draw_case(std::uint64_t seed, const Schedule& schedule,
                                    std::string_view variant, DrawKind kind,
                                    std::optional<Family> family = std::nullopt);

/// Where the two differ ("cycles: analytic 12, reference 13"); empty if they agree on the makespan,
/// the traffic both ways, every unit's busy cycles, the overlap, the L0 bytes and the energy.
std::optional<std::string> difference(const OracleCase& drawn);

/// Operations of the reference graph, about.
double operations_of(const OracleCase& drawn);

/// How long it takes until the queues of the busiest core have settled. Not for serial variants:
/// the simulation leaves out that every operation waits for the one before it.
/// Where steps are watched (simulation.h), rounds are steps and a group is a round.
struct Transient {
  /// Rounds of a group until every dozen more adds the same number of cycles to the makespan.
  std::int64_t makespan_rounds = 0;
  /// Rounds in which queues still move against each other (see simulation.h).
  std::int64_t drifting_rounds = 0;
};
Transient transient_of(const OracleCase& drawn);

/// Calls check(case) for `count` cases drawn from `seed` on.
template <typename Check>
void for_each_case(std::uint64_t seed, std::int64_t count, const Schedule& schedule,
                   std::string_view variant, DrawKind kind, const Check& check,
                   std::optional<Family> family = std::nullopt) {
  std::int64_t drawn = 0;
  for (std::uint64_t item = 0; drawn < count; ++item) {
    const std::uint64_t own = Random::of(seed, static_cast<std::uint64_t>(kind), item).next();
    if (const auto found = draw_case(own, schedule, variant, kind, family)) {
      check(*found);
      ++drawn;
    }
  }
}

}  // namespace tilewright::test
