// Laws of the schedules: traffic in closed form, what MAS costs when transfers are free, and that
// doing everything in sequence never pays.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "common/math.h"
#include "costmodel/evaluator.h"
#include "search/tune.h"
#include "test/support/counts.h"
#include "test/support/oracle.h"
#include "test/support/random_case.h"
#include "test/support/random_space.h"

namespace tilewright::test {
namespace {

constexpr std::uint64_t kSeed = 31'001;

/// Of a split of keys and values: Q once more for every core but one, parts of O both ways.
std::int64_t bytes_of_parts(const Tiling& t, const Workload& w, const Hardware& hw) {
  if (t.core_split != CoreSplit::kKeyValue) {
    return 0;
  }
  const std::int64_t parts = std::min(hw.cores, ceil_div(w.kv_len, t.kv_cols));
  return w.batch * w.heads * w.q_len *
         ((parts - 1) * w.qk_dim * w.bytes.input + 2 * parts * (w.v_dim + 2) * w.bytes.accumulator);
}

/// How often one key or value of one head is fetched from DRAM, without overwrite.
std::int64_t fetches(const Tiling& t, const Workload& w, const Hardware& hw) {
  const std::int64_t q_tiles = ceil_div(w.q_len * w.heads / w.kv_heads, t.q_rows);
  const bool queries = t.core_split == CoreSplit::kQuery;
  if (t.kv_resident) {
    // Once; where every core has an L1 of its own and a part of the queries, once a core.
    return queries && !hw.l1.shared ? std::min(hw.cores, q_tiles) : 1;
  }
  // Once a query tile; cores that share L1 and split the queries fetch for one tile each at once.
  return queries && hw.l1.shared ? ceil_div(q_tiles, hw.cores) : q_tiles;
}

TEST_CASE("traffic is the closed form for streamed and resident K and V") {
  for (const char* name : {"flat", "mas", "flash2", "flash3"}) {
    for_each_case(
        kSeed, counted(5000), find_schedule(name), "", DrawKind::kRandom,
        [](const OracleCase& drawn) {
          if (drawn.tiling.overwrite != Overwrite::kNone || drawn.workload.mask != Mask::kNone) {
            return;
          }
          INFO(describe(drawn));
          const Workload& w = drawn.workload;
          const std::int64_t queries = w.batch * w.heads * w.q_len;
          const std::int64_t keys = w.batch * w.kv_heads * w.kv_len;
          const std::int64_t bytes =
              (queries * w.bytes.input +
               keys * fetches(drawn.tiling, w, drawn.hardware) * w.bytes.kv) *
                  (w.qk_dim + w.v_dim) +
              bytes_of_parts(drawn.tiling, w, drawn.hardware);
          const Problem problem = make_problem(drawn.hardware, w, *drawn.schedule, drawn.variant);
          Evaluator evaluator(problem);
          const auto found = evaluator.evaluate(drawn.tiling, drawn.objective);
          REQUIRE(found);
          REQUIRE(found->figures.traffic_bytes == w.repeat * bytes);
        });
  }
}

TEST_CASE("layerwise moves S and P to DRAM and back once each") {
  for_each_case(
      kSeed, counted(2000), find_schedule("layerwise"), "", DrawKind::kRandom,
      [](const OracleCase& drawn) {
        if (drawn.workload.mask != Mask::kNone) {
          return;
        }
        INFO(describe(drawn));
        const Workload& w = drawn.workload;
        const std::int64_t queries = w.batch * w.heads * w.q_len;
        const std::int64_t keys = w.batch * w.kv_heads * w.kv_len;
        const std::int64_t fused = (queries * w.bytes.input +
                                    keys * fetches(drawn.tiling, w, drawn.hardware) * w.bytes.kv) *
                                   (w.qk_dim + w.v_dim);
        const std::int64_t between = 2 * queries * w.kv_len * (w.bytes.score + w.bytes.input);
        const Problem problem = make_problem(drawn.hardware, w, *drawn.schedule, drawn.variant);
        Evaluator evaluator(problem);
        const auto found = evaluator.evaluate(drawn.tiling, drawn.objective);
        REQUIRE(found);
        REQUIRE(found->figures.traffic_bytes == w.repeat * (fused + between));
      });
}

/// Matrix and vector cycles of every round of the busiest core.
struct RoundWork {
  std::int64_t first = 0;
  std::int64_t softmax = 0;
  std::int64_t second = 0;
};

std::vector<RoundWork> rounds_of(const PhaseTimes& t) {
  std::vector<RoundWork> rounds;
  const std::int64_t groups = t.full_groups + (t.edge_heads > 0 ? 1 : 0);
  for (std::int64_t g = 0; g < groups; ++g) {
    const std::int64_t heads = g < t.full_groups ? t.heads : t.edge_heads;
    for (std::int64_t p = 0; p < t.positions; ++p) {
      const RoundTimes& r = p + 1 == t.positions ? t.last : t.full;
      const auto matmuls = [&](const StageTimes& stage) {
        return heads * ((t.sub_tiles - 1) * stage.matmul_full + stage.matmul_edge);
      };
      rounds.push_back({matmuls(r.first), heads * r.softmax, matmuls(r.second)});
    }
  }
  return rounds;
}

/// Softmax of a round takes no longer than what the matrix unit does meanwhile: P V of the round
/// before (and Q K^T of a later one, which the law does not need).
bool softmax_is_hidden(const std::vector<RoundWork>& rounds) {
  for (std::size_t i = 1; i < rounds.size(); ++i) {
    if (rounds[i].softmax > rounds[i - 1].second) {
      return false;
    }
  }
  return true;
}

/// All matrix work, and of the first softmax what the Q K^T of the look-ahead rounds cannot hide.
std::int64_t law(const std::vector<RoundWork>& rounds, std::int64_t lookahead) {
  std::int64_t matrix = 0;
  std::int64_t hiding = 0;
  for (std::size_t i = 0; i < rounds.size(); ++i) {
    matrix += rounds[i].first + rounds[i].second;
    hiding += i >= 1 && static_cast<std::int64_t>(i) <= lookahead ? rounds[i].first : 0;
  }
  return matrix + std::max<std::int64_t>(0, rounds.front().softmax - hiding);
}

void make_transfers_free(PhaseTimes& t) {
  t.latency = 0;
  for (RoundTimes* round : {&t.full, &t.last}) {
    round->input = round->store = 0;
    for (StageTimes* stage : {&round->first, &round->second}) {
      stage->load_full = stage->load_edge = 0;
    }
  }
  t.resident_first = t.resident_second = {};
}

/// A machine without start-ups on which softmax is cheap.
void make_softmax_short(Random& random, Hardware& hw) {
  hw.matrix.startup_cycles = 0;
  hw.vector.startup_cycles = 0;
  hw.vector.reduction_latency_cycles = 0;
  hw.vector.lanes = random.between(64, 1024);
  hw.matrix.rows = random.between(1, 8);
  hw.matrix.cols = random.between(1, 8);
  hw.matrix.depth = 1;
}

TEST_CASE(
    "with free transfers MAS takes the matrix work and what the first softmax shows of itself") {
  std::int64_t checked = 0;
  std::int64_t shown = 0;
  for_each_case(
      kSeed, counted(6000), find_schedule("mas"), "", DrawKind::kRandom, [&](OracleCase drawn) {
        INFO(describe(drawn));
        Random random(drawn.seed);
        make_softmax_short(random, drawn.hardware);
        if (drawn.tiling.overwrite != Overwrite::kNone || drawn.tiling.lookahead == 0 ||
            drawn.workload.mask != Mask::kNone) {
          return;
        }
        const Problem problem =
            make_problem(drawn.hardware, drawn.workload, *drawn.schedule, drawn.variant);
        Evaluator evaluator(problem);
        const auto costs = evaluator.operation_costs(drawn.tiling, Objective::kLatency);
        const Plan& plan = problem.plans.of(drawn.tiling);
        const CoreRounds core =
            deal_rounds(count_tiles(problem.shape, drawn.tiling), drawn.tiling, problem.layout, 0);
        PhaseTimes times = evaluator.phase_times(drawn.tiling, costs, plan.phases().front(), core);
        const auto rounds = rounds_of(times);
        if (rounds.size() < 2 || !softmax_is_hidden(rounds)) {
          return;
        }
        make_transfers_free(times);
        const std::int64_t expected = law(rounds, drawn.tiling.lookahead);
        REQUIRE(phase_makespan(times) == expected);
        // The same machine with real transfers is never faster.
        const auto found = evaluator.evaluate(drawn.tiling, Objective::kLatency);
        REQUIRE(found->figures.cycles - drawn.hardware.launch_cycles >=
                drawn.workload.repeat * expected);
        ++checked;
        std::int64_t matrix = 0;
        for (const RoundWork& round : rounds) {
          matrix += round.first + round.second;
        }
        shown += expected > matrix ? 1 : 0;
      });
  CHECK((!counts_are_full() || checked > 900));
  CHECK((!counts_are_full() || shown > 10));
}

TEST_CASE("serial FLAT is never faster than the best double-buffered FLAT") {
  for (std::int64_t i = 0; i < counted(400); ++i) {
    SpaceCase drawn = random_space(kSeed + static_cast<std::uint64_t>(i));
    INFO(describe(drawn));
    drawn.options.objective = "latency";
    drawn.options.pins.clear();
    drawn.options.variant = "serial";
    const Result serial = tune(drawn.hardware, drawn.workload, "flat", drawn.options);
    drawn.options.variant = "double-buffered";
    const Result buffered = tune(drawn.hardware, drawn.workload, "flat", drawn.options);
    REQUIRE((!serial.tiling || buffered.cost.cycles <= serial.cost.cycles));
  }
}

std::int64_t cycles_of(const OracleCase& drawn, const char* schedule, std::string_view variant,
                       const Tiling& tiling) {
  const Problem problem =
      make_problem(drawn.hardware, drawn.workload, find_schedule(schedule), variant);
  return Evaluator(problem).evaluate(tiling, Objective::kLatency).value().figures.cycles;
}

TEST_CASE("mas at look-ahead 0 without overwrite is flat, in every figure") {
  for_each_case(kSeed + 7, counted(3000), find_schedule("mas"), "", DrawKind::kRandom,
                [](const OracleCase& drawn) {
                  INFO(describe(drawn));
                  Tiling tiling = drawn.tiling;
                  tiling.lookahead = 0;
                  tiling.overwrite = Overwrite::kNone;
                  for (const std::int64_t buffers : {1, 2}) {
                    tiling.buffers = buffers;
                    const auto cost_of = [&](const char* schedule) {
                      const Problem problem =
                          make_problem(drawn.hardware, drawn.workload, find_schedule(schedule), "");
                      return Evaluator(problem).evaluate(tiling, drawn.objective).value();
                    };
                    const Candidate flat = cost_of("flat");
                    const Candidate mas = cost_of("mas");
                    REQUIRE(flat.figures == mas.figures);
                    REQUIRE(flat.tiling == mas.tiling);
                  }
                });
}

TEST_CASE("candidate by candidate, serial FLAT is never faster than MAS or double-buffered FLAT") {
  std::int64_t faster = 0;
  for_each_case(kSeed, counted(4000), find_schedule("flat"), "serial", DrawKind::kRandom,
                [&](const OracleCase& drawn) {
                  INFO(describe(drawn));
                  const std::int64_t serial = cycles_of(drawn, "flat", "serial", drawn.tiling);
                  Tiling tiling = drawn.tiling;
                  for (const std::int64_t buffers : {1, 2}) {
                    tiling.buffers = buffers;
                    tiling.lookahead = 0;
                    REQUIRE(cycles_of(drawn, "flat", "double-buffered", tiling) <= serial);
                    for (const std::int64_t lookahead : {0, 1, 2, 3}) {
                      tiling.lookahead = lookahead;
                      const std::int64_t mas = cycles_of(drawn, "mas", "", tiling);
                      REQUIRE(mas <= serial);
                      faster += mas < serial ? 1 : 0;
                    }
                  }
                });
  CHECK((!counts_are_full() || faster > 1000));
}

/// The look-ahead counts sub-tiles, not rounds.
bool looks_over_steps(const OracleCase& drawn) {
  const Plan plan = drawn.schedule->plan(shape_of(drawn.workload), {}, drawn.variant);
  return plan.phases().front().online && drawn.tiling.lookahead > 0;
}

// Of a resident K (V), a mask also puts loads off to where they are needed, which may show a
// latency that loading all at first would hide: so this is a law of the optimum only
// (machine_law_test.cpp). Where a look-ahead counts steps, it reaches further in short rounds: a
// store may wait for the input of a later round, which more steps between them would keep apart.
TEST_CASE("with streamed K and V a mask costs at most what none costs and its own additions") {
  std::int64_t cheaper = 0;
  for (const Schedule* schedule : all_schedules()) {
    for (const std::string_view variant : schedule->variants()) {
      for_each_case(
          kSeed + 5, counted(1000), *schedule, variant, DrawKind::kRandom,
          [&](const OracleCase& drawn) {
            if (drawn.workload.mask == Mask::kNone || drawn.tiling.kv_resident ||
                looks_over_steps(drawn)) {
              return;
            }
            INFO(describe(drawn));
            Workload open = drawn.workload;
            open.mask = Mask::kNone;
            open.window = 0;
            // Cores apart may see very different keys.
            Hardware hw = drawn.hardware;
            hw.cores = 1;
            const Problem masked = make_problem(hw, drawn.workload, *schedule, variant);
            const Problem whole = make_problem(hw, open, *schedule, variant);
            const auto with = Evaluator(masked).evaluate(drawn.tiling, Objective::kLatency);
            const auto without = Evaluator(whole).evaluate(drawn.tiling, Objective::kLatency);
            REQUIRE(with);
            REQUIRE(without);
            const std::int64_t most =
                mask_cycles(hw, drawn.workload, drawn.tiling, masked.online());
            REQUIRE(with->figures.cycles <= without->figures.cycles + most);
            REQUIRE(with->figures.traffic_bytes <= without->figures.traffic_bytes);
            REQUIRE(with->figures.l1_peak_bytes <= without->figures.l1_peak_bytes);
            cheaper += with->figures.cycles < without->figures.cycles ? 1 : 0;
          });
    }
  }
  CHECK((!counts_are_full() || cheaper > 200));
}

}  // namespace
}  // namespace tilewright::test
