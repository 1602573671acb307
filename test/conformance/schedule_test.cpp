// What every schedule promises, whatever the machine: loops over all_schedules().
#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <regex>
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

/// Sums up the work of all operations.
class WorkSink final : public OperationSink {
 public:
  explicit WorkSink(const Shape& shape) : shape_(shape) {}
  void take(const Operation& op) override {
    if (op.unit == Unit::kMatrix) {
      const bool scores = op.matmul == MatmulKind::kQK;
      (scores ? qk_macs : pv_macs) += op.rows * op.cols * (scores ? shape_.qk_dim : shape_.v_dim);
    } else if (op.unit == Unit::kVector && op.operand == Operand::kP) {
      softmax_elements += op.rows * op.cols;
    }
  }
  std::int64_t qk_macs = 0;
  std::int64_t pv_macs = 0;
  std::int64_t softmax_elements = 0;

 private:
  const Shape& shape_;
};

WorkSink work_of(const Problem& problem, const Tiling& tiling) {
  WorkSink sink(problem.shape);
  const Plan& plan = problem.plans.of(tiling);
  for (const PhasePlan& phase : plan.phases()) {
    expand(problem.shape, tiling, problem.layout, phase, sink);
  }
  return sink;
}

TEST_CASE("every schedule does exactly the work of attention, whatever the tiling") {
  for (const Schedule* schedule : all_schedules()) {
    for (const std::string_view variant : schedule->variants()) {
      for_each_case(
          kSeed, counted(2000), *schedule, variant, DrawKind::kRandom, [](const OracleCase& drawn) {
            INFO(describe(drawn));
            const Problem problem =
                make_problem(drawn.hardware, drawn.workload, *drawn.schedule, drawn.variant);
            const WorkSink work = work_of(problem, drawn.tiling);
            const Workload& w = drawn.workload;
            const std::int64_t scores = w.batch * w.heads * w.q_len * w.kv_len;
            REQUIRE(work.qk_macs == scores * w.qk_dim);
            REQUIRE(work.pv_macs == scores * w.v_dim);
            REQUIRE(work.softmax_elements == scores);
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
