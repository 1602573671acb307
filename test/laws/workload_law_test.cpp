// Laws between workloads: what sharing keys and values, and repeating a layer, make of the cost.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <string>

#include "costmodel/evaluator.h"
#include "schedules/workload_text.h"
#include "schedules/workload_yaml.h"
#include "search/tune.h"
#include "test/support/counts.h"
#include "test/support/oracle.h"
#include "test/support/random_case.h"

namespace tilewright::test {
namespace {

constexpr std::uint64_t kSeed = 33'001;

Candidate cost_of(const OracleCase& drawn, const Workload& workload) {
  const Problem problem = make_problem(drawn.hardware, workload, *drawn.schedule, drawn.variant);
  return Evaluator(problem).evaluate(drawn.tiling, drawn.objective).value();
}

/// Calls check(case) for `cases` cases of every schedule and variant.
template <typename Check>
void for_each_schedule(std::uint64_t salt, std::int64_t cases, const Check& check) {
  for (const Schedule* schedule : all_schedules()) {
    for (const std::string_view variant : schedule->variants()) {
      for_each_case(kSeed + salt, counted(cases), *schedule, variant, DrawKind::kRandom,
                    [&](const OracleCase& drawn) {
                      INFO(describe(drawn));
                      check(drawn);
                    });
    }
  }
}

Workload read_back(const std::string& text) {
  return parse_suite(text, "suite.yaml").workloads.at(0);
}

TEST_CASE("as many key/value heads as heads are plain attention: the key may be left out") {
  for_each_schedule(0, 300, [](const OracleCase& drawn) {
    Workload workload = drawn.workload;
    workload.kv_heads = workload.heads;
    const std::string plain = suite_text({"suite", "", {workload}});
    REQUIRE(plain.find("kv_heads") == std::string::npos);
    const std::string heads = "heads: " + std::to_string(workload.heads);
    std::string grouped = plain;
    grouped.replace(grouped.find(heads), heads.size(), heads + ", kv_" + heads);
    OracleCase own = drawn;
    own.tiling.q_rows = std::min(drawn.tiling.q_rows, workload.q_len);
    const Candidate with = cost_of(own, read_back(grouped));
    const Candidate without = cost_of(own, read_back(plain));
    REQUIRE(with.figures == without.figures);
    REQUIRE(with.tiling == without.tiling);
  });
}

// Under a mask the rows of a pair see the keys of their own query.
TEST_CASE("heads that share keys and values cost what further queries of a single head cost") {
  std::int64_t shared = 0;
  for_each_schedule(1, 1000, [&](const OracleCase& drawn) {
    if (drawn.workload.mask != Mask::kNone) {
      return;
    }
    Workload folded = drawn.workload;
    folded.q_len *= folded.heads / folded.kv_heads;
    folded.heads = folded.kv_heads *= folded.batch;
    folded.batch = 1;
    const Candidate with = cost_of(drawn, drawn.workload);
    const Candidate without = cost_of(drawn, folded);
    REQUIRE(with.figures == without.figures);
    REQUIRE(with.tiling == without.tiling);
    shared += drawn.workload.heads > drawn.workload.kv_heads ? 1 : 0;
  });
  CHECK((!counts_are_full() || shared > 200));
}

TEST_CASE("a layer that is repeated costs so many times one layer, and the launch once") {
  std::int64_t repeated = 0;
  for_each_schedule(2, 1000, [&](const OracleCase& drawn) {
    Workload single = drawn.workload;
    single.repeat = 1;
    const Figures one = cost_of(drawn, single).figures;
    const Figures all = cost_of(drawn, drawn.workload).figures;
    const std::int64_t repeat = drawn.workload.repeat;
    const std::int64_t launch = drawn.hardware.launch_cycles;
    const Int128 launch_fj = Int128{launch} * drawn.hardware.energy.static_fj_per_cycle;
    REQUIRE(all.cycles - launch == repeat * (one.cycles - launch));
    REQUIRE(all.traffic_bytes == repeat * one.traffic_bytes);
    REQUIRE(all.energy_fj - launch_fj == repeat * (one.energy_fj - launch_fj));
    REQUIRE(all.l1_peak_bytes == one.l1_peak_bytes);
    repeated += repeat > 1 && launch > 0 ? 1 : 0;
  });
  CHECK((!counts_are_full() || repeated > 200));
}

/// One core with room for everything, and a workload of 12 heads.
Result least_traffic(const Hardware& hardware, Workload workload, const Schedule& schedule,
                     std::int64_t kv_heads) {
  workload.kv_heads = kv_heads;
  TuneOptions options;
  options.objective = "traffic";
  options.threads = 1;
  return tune(hardware, workload, std::string(schedule.name()), options);
}

TEST_CASE("on one core with room for everything, fewer key/value heads never move more") {
  for (const Schedule* schedule : all_schedules()) {
    for (std::int64_t i = 0; i < counted(20); ++i) {
      Random random = Random::of(kSeed, 3, static_cast<std::uint64_t>(i));
      Hardware hardware = random_hardware(random);
      hardware.cores = 1;
      Workload workload = random_workload(random);
      workload.heads = 12;
      workload.q_len = random.between(1, 12);
      keep_valid(workload);
      keep_runnable(*schedule, schedule->variants().front(), workload);
      INFO(schedule->name() << " " << i << ": " << describe(hardware, workload, Tiling{}));
      std::int64_t before = 0;
      for (const std::int64_t kv_heads : {12, 6, 4, 3, 2, 1}) {
        const Result best = least_traffic(hardware, workload, *schedule, kv_heads);
        REQUIRE(best.proven);
        REQUIRE(best.tiling);
        const std::int64_t bytes = best.cost.dram_read_bytes + best.cost.dram_write_bytes;
        REQUIRE((before == 0 || bytes < before));
        before = bytes;
      }
    }
  }
}

TEST_CASE(
    "a bias adds its bytes for every score that is computed, and saves neither time nor memory") {
  for_each_schedule(5, 300, [](const OracleCase& drawn) {
    if (drawn.tiling.overwrite != Overwrite::kNone) {
      return;
    }
    Workload biased = drawn.workload;
    biased.bias_bytes = 2;
    const Candidate without = cost_of(drawn, drawn.workload);
    const Candidate with = cost_of(drawn, biased);
    const std::int64_t bytes = with.figures.traffic_bytes - without.figures.traffic_bytes;
    const std::int64_t all = biased.repeat * biased.batch * biased.heads * biased.q_len *
                             biased.kv_len * biased.bias_bytes;
    REQUIRE((biased.mask == Mask::kNone ? bytes == all : bytes <= all));
    // An array that works on scores alone may be slower than the vector unit.
    const bool on_array =
        make_problem(drawn.hardware, drawn.workload, *drawn.schedule, drawn.variant).on_array();
    REQUIRE((on_array || with.figures.cycles >= without.figures.cycles));
    REQUIRE(with.figures.l1_peak_bytes >= without.figures.l1_peak_bytes);
  });
}

TEST_CASE("V in K is never more traffic than V apart, and none for V where K stays for P V") {
  std::int64_t saved = 0;
  for_each_schedule(6, 300, [&](const OracleCase& drawn) {
    if (drawn.tiling.overwrite != Overwrite::kNone) {
      return;
    }
    OracleCase own = drawn;
    own.workload.v_dim = std::min(own.workload.v_dim, own.workload.qk_dim);
    Workload latent = own.workload;
    latent.v_in_k = true;
    const std::int64_t less = cost_of(own, own.workload).figures.traffic_bytes -
                              cost_of(own, latent).figures.traffic_bytes;
    const Problem problem = make_problem(own.hardware, latent, *own.schedule, own.variant);
    const PhasePlan& front = problem.plans.of(own.tiling).phases().front();
    if (front.values_in_keys) {
      REQUIRE(less >=
              latent.repeat * latent.batch * latent.kv_heads * latent.v_dim * latent.bytes.kv);
      ++saved;
    } else {
      REQUIRE(less == 0);
    }
  });
  CHECK(saved > 0);
}

}  // namespace
}  // namespace tilewright::test
