// What every schedule promises, whatever the machine: loops over all_schedules().
#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "costmodel/reference.h"
#include "hw_profiles/hardware_yaml.h"
#include "schedules/expand.h"
#include "schedules/workload_yaml.h"
#include "search/tune.h"
#include "test/support/counts.h"
#include "test/support/oracle.h"

namespace tilewright::test {
namespace {

constexpr std::uint64_t kSeed = 7001;

/// Sums up the work of all operations, and notes the scores that are computed.
class WorkSink final : public OperationSink {
 public:
  explicit WorkSink(const Problem& problem, const Tiling& tiling)
      : problem_(problem), tiling_(tiling) {
    for (const PhasePlan& phase : problem.plans.of(tiling).phases()) {
      expand(problem.shape, tiling, problem.layout, phase, *this);
    }
  }

  void take(const Operation& op) override {
    if (is_elementwise(op)) {
      softmax_scores += op.vector == VectorKind::kExponentials ? op.rows * op.cols : 0;
    } else if (op.unit == Unit::kMatrix) {
      const bool scores = op.matmul == MatmulKind::kQK;
      (scores ? qk_scores : pv_scores) += op.rows * op.cols;
      (scores ? computed : weighed).insert({op.pair, op.q_tile, op.sub_tile});
    } else if (op.unit == Unit::kVector && op.operand == Operand::kP) {
      softmax_scores += op.rows * op.cols;
    }
  }

  /// By the definition of the mask: every score that a query sees, in some tile.
  std::int64_t seen(std::set<std::array<std::int64_t, 3>>& tiles) const {
    const Workload& w = problem_.workload;
    const std::int64_t sharing = w.heads / w.kv_heads;
    std::int64_t count = 0;
    for (std::int64_t pair = 0; pair < problem_.shape.pairs; ++pair) {
      for (std::int64_t row = 0; row < problem_.shape.rows; ++row) {
        const std::int64_t own = row / sharing + w.kv_len - w.q_len;
        for (std::int64_t key = 0; key < w.kv_len; ++key) {
          const bool causal = w.mask == Mask::kCausal;
          if (!causal || (key <= own && (w.window == 0 || own - key < w.window))) {
            tiles.insert({pair, row / tiling_.q_rows, key / tiling_.kv_cols});
            ++count;
          }
        }
      }
    }
    return count;
  }

  std::int64_t qk_scores = 0;
  std::int64_t pv_scores = 0;
  std::int64_t softmax_scores = 0;
  std::set<std::array<std::int64_t, 3>> computed;  ///< pair, query tile, sub-tile
  std::set<std::array<std::int64_t, 3>> weighed;

 private:
  const Problem& problem_;
  const Tiling& tiling_;
};

TEST_CASE("every schedule does exactly the work of attention, whatever the tiling and the mask") {
  for (const Schedule* schedule : all_schedules()) {
    for (const std::string_view variant : schedule->variants()) {
      for_each_case(
          kSeed, counted(2000), *schedule, variant, DrawKind::kRandom, [](const OracleCase& drawn) {
            INFO(describe(drawn));
            const Problem problem =
                make_problem(drawn.hardware, drawn.workload, *drawn.schedule, drawn.variant);
            const WorkSink work(problem, drawn.tiling);
            std::set<std::array<std::int64_t, 3>> tiles;
            const std::int64_t seen = work.seen(tiles);
            REQUIRE(work.qk_scores == work.softmax_scores);
            REQUIRE(work.pv_scores == work.softmax_scores);
            REQUIRE(work.computed == work.weighed);
            REQUIRE(std::includes(work.computed.begin(), work.computed.end(), tiles.begin(),
                                  tiles.end()));
            if (drawn.workload.mask == Mask::kNone) {
              REQUIRE(work.qk_scores == seen);
            }
            // Cores in lock-step also compute what only the others see.
            const TileCounts counts = count_tiles(problem.shape, drawn.tiling);
            if (cores_in_step(counts, drawn.tiling.core_split, problem.layout) == 1) {
              REQUIRE(work.computed == tiles);
            }
          });
    }
  }
}

/// Numbers of operations and edges of a GraphML text, and whether the edges have an order.
struct GraphFacts {
  std::size_t vertices = 0;
  std::size_t edges = 0;
  bool acyclic = false;
};

GraphFacts facts_of(const std::string& graphml) {
  static const std::regex edge(R"re(<edge [^>]*source="n(\d+)" target="n(\d+)")re");
  std::vector<std::vector<std::size_t>> followers;
  std::vector<std::size_t> waits_for;
  for (std::size_t at = graphml.find("<node "); at != std::string::npos;
       at = graphml.find("<node ", at + 1)) {
    followers.emplace_back();
    waits_for.push_back(0);
  }
  GraphFacts facts;
  facts.vertices = followers.size();
  for (std::sregex_iterator it(graphml.begin(), graphml.end(), edge), end; it != end; ++it) {
    followers.at(std::stoul((*it)[1])).push_back(std::stoul((*it)[2]));
    ++waits_for.at(std::stoul((*it)[2]));
    ++facts.edges;
  }
  std::vector<std::size_t> ready;
  for (std::size_t v = 0; v < waits_for.size(); ++v) {
    if (waits_for[v] == 0) {
      ready.push_back(v);
    }
  }
  std::size_t done = 0;
  for (; !ready.empty(); ++done) {
    const std::size_t v = ready.back();
    ready.pop_back();
    for (const std::size_t next : followers[v]) {
      if (--waits_for[next] == 0) {
        ready.push_back(next);
      }
    }
  }
  facts.acyclic = done == facts.vertices;
  return facts;
}

TEST_CASE("every schedule's graph is acyclic on random machines") {
  for (const Schedule* schedule : all_schedules()) {
    for (const std::string_view variant : schedule->variants()) {
      for_each_case(kSeed + 1, counted(50), *schedule, variant, DrawKind::kRandom,
                    [](const OracleCase& drawn) {
                      INFO(describe(drawn));
                      const Problem problem = make_problem(drawn.hardware, drawn.workload,
                                                           *drawn.schedule, drawn.variant);
                      Evaluator evaluator(problem);
                      std::ostringstream text;
                      ReferenceGraph(evaluator, drawn.tiling, drawn.objective).write_graphml(text);
                      const GraphFacts facts = facts_of(text.str());
                      REQUIRE(facts.vertices > 1);
                      REQUIRE(facts.edges >= facts.vertices - 1);
                      REQUIRE(facts.acyclic);
                    });
    }
  }
}

TEST_CASE("every schedule runs on every bundled profile, and its optimum equals the reference") {
  const Workload workload = load_suite("vit-b-16").workloads.at(0);
  for (const std::string& name : bundled_hardware()) {
    const Hardware hardware = load_hardware(name);
    for (const Schedule* schedule : all_schedules()) {
      for (const std::string_view variant : schedule->variants()) {
        INFO(name << " " << schedule->name() << " " << variant);
        TuneOptions options;
        options.variant = variant;
        const Result result = tune(hardware, workload, std::string(schedule->name()), options);
        REQUIRE(result.tiling);
        CHECK(result.proven);
        CHECK(result.gap == 0.0);
        CHECK(result.cost.l1_peak_bytes <= hardware.l1.capacity_bytes);
        std::string graph;
        CHECK(reference_cycles(hardware, workload, result, &graph) == result.cost.cycles);
        CHECK(graph.find("</graphml>") != std::string::npos);
      }
    }
  }
}

TEST_CASE("every schedule says who published it as what") {
  for (const Schedule* schedule : all_schedules()) {
    const auto variants = schedule->variants();
    REQUIRE_FALSE(variants.empty());
    CHECK(std::count(variants.begin(), variants.end(), schedule->published_variant()) == 1);
    CHECK(&find_schedule(schedule->name()) == schedule);
    CHECK_FALSE(schedule->summary().empty());
  }
}

}  // namespace
}  // namespace tilewright::test
