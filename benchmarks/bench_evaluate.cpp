// Exact evaluations per second of one core: candidates drawn log-uniformly in every factor,
// feasible ones only, L0 answers from the table, nothing reused between candidates, no allocation
// (counted).
//
// evaluate/<schedule>/<0 for mas12, or kv_len>: all of a network in one call; items_per_second is
// the figure to read. apart/...: the same without registers of several candidates.
// latency/<schedule>/...: one candidate at a time, median and p99 in nanoseconds.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "hw_profiles/hardware_yaml.h"
#include "schedules/workload_yaml.h"
#include "search/random.h"
#include "search/strategy.h"

namespace {

std::int64_t& allocations() {
  static std::int64_t count = 0;
  return count;
}

}  // namespace

// Inlined, g++ would take the pair for mismatched.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations();
  if (void* memory = std::malloc(size)) {
    return memory;
  }
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace tilewright {
namespace {

constexpr std::uint64_t kSeed = 2411;
constexpr std::size_t kCandidates = 16384;

Tiling draw(Random& random, const DesignSpace& space) {
  const auto mode = static_cast<std::size_t>(
      random.between(0, static_cast<std::int64_t>(space.modes.size()) - 1));
  std::array<std::int64_t, kAxes> value{};
  for (std::size_t axis = 0; axis < kAxes; ++axis) {
    value[axis] = random.log_between(1, space.axes[axis].length());
  }
  return tiling_of(space.modes[mode], value[0], value[1], value[2]);
}

/// One network: its evaluator (with a warm L0 table) and feasible candidates.
struct Network {
  Network(const Hardware& hardware, const Workload& workload, const Schedule& schedule,
          const SideBySide& side_by_side)
      : problem(make_problem(hardware, workload, schedule, "")), evaluator(problem, side_by_side) {
    const DesignSpace space = make_space(problem, "", TileSizes::kAll, {});
    Random random(kSeed);
    constexpr std::int64_t kMostDraws = 200'000;  // where next to nothing fits
    for (std::int64_t draws = 0; candidates.size() < kCandidates && draws < kMostDraws; ++draws) {
      const Tiling tiling = draw(random, space);
      if (try_candidate(evaluator, tiling, Objective::kLatency)) {
        candidates.push_back(tiling);
      }
    }
  }
  Problem problem;
  Evaluator evaluator;
  std::vector<Tiling> candidates;
};

std::vector<Workload> workloads_of(std::int64_t kv_len) {
  if (kv_len == 0) {
    return load_suite("mas12").workloads;
  }
  Workload workload = load_suite("bert-base").workloads.front();
  workload.q_len = workload.kv_len = kv_len;
  return {workload};
}

std::vector<std::unique_ptr<Network>> networks_of(const Hardware& hardware,
                                                  const std::string& schedule, std::int64_t kv_len,
                                                  const SideBySide& side_by_side) {
  std::vector<std::unique_ptr<Network>> networks;
  for (const Workload& workload : workloads_of(kv_len)) {
    networks.push_back(
        std::make_unique<Network>(hardware, workload, find_schedule(schedule), side_by_side));
  }
  return networks;
}

void evaluate_all(benchmark::State& state, const std::string& schedule,
                  const SideBySide& side_by_side) {
  const Hardware hardware = load_hardware("mas-edge");
  const auto networks = networks_of(hardware, schedule, state.range(0), side_by_side);
  if (networks.front()->candidates.empty()) {
    state.SkipWithError("nothing fits");
    return;
  }
  std::int64_t done = 0;
  const std::int64_t before = allocations();
  for (auto _ : state) {
    for (const auto& network : networks) {
      network->evaluator.evaluate_each(network->candidates, Objective::kLatency,
                                       [](std::size_t, const std::optional<Candidate>& found) {
                                         benchmark::DoNotOptimize(found);
                                       });
      done += static_cast<std::int64_t>(network->candidates.size());
    }
  }
  state.SetItemsProcessed(done);
  state.counters["allocations_per_candidate"] =
      static_cast<double>(allocations() - before) / static_cast<double>(done);
}

void evaluate(benchmark::State& state, const std::string& schedule) {
  evaluate_all(state, schedule, SideBySide::of_processor());
}

void apart(benchmark::State& state, const std::string& schedule) {
  evaluate_all(state, schedule, {});
}

void latency(benchmark::State& state, const std::string& schedule) {
  using Clock = std::chrono::steady_clock;
  const Hardware hardware = load_hardware("mas-edge");
  const auto networks = networks_of(hardware, schedule, state.range(0), {});
  std::vector<double> nanoseconds;
  if (networks.front()->candidates.empty()) {
    state.SkipWithError("nothing fits");
    return;
  }
  for (auto _ : state) {
    for (const auto& network : networks) {
      for (const Tiling& tiling : network->candidates) {
        const auto start = Clock::now();
        benchmark::DoNotOptimize(network->evaluator.evaluate(tiling, Objective::kLatency));
        nanoseconds.push_back(
            std::chrono::duration<double, std::nano>(Clock::now() - start).count());
      }
    }
  }
  std::sort(nanoseconds.begin(), nanoseconds.end());
  state.counters["median_ns"] = nanoseconds[nanoseconds.size() / 2];
  state.counters["p99_ns"] = nanoseconds[nanoseconds.size() * 99 / 100];
}

/// evaluate/..., apart/... and latency/... for every schedule. Argument: kv_len (and q_len) of a
/// bert-base-like layer; 0 is mas12.
bool register_all() {
  for (const Schedule* schedule : all_schedules()) {
    const std::string name(schedule->name());
    for (const auto& [kind, run] :
         {std::pair{"evaluate/", &evaluate}, {"apart/", &apart}, {"latency/", &latency}}) {
      benchmark::RegisterBenchmark((kind + name).c_str(), *run, name)
          ->Arg(0)
          ->Arg(8192)
          ->Arg(131072);
    }
  }
  return true;
}

[[maybe_unused]] const bool kRegistered = register_all();

}  // namespace
}  // namespace tilewright
