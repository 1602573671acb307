// Time to a proof over all integer tile sizes, and how a long search scales with threads.
//
// BM prove/<schedule>: worst and mean milliseconds over mas12 on mas-edge, one argument per number
// of threads (0: all), and the candidates of the largest space. BM scale/<threads> and
// scale_pruned/<threads>: an exhaustive and a pruned search of some seconds; compare the times of 1
// and 2 threads. BM verify/<threads>: a proof over 5e12 candidates checked again by blocks.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <string>

#include "hw_profiles/hardware_yaml.h"
#include "proof/proof.h"
#include "schedules/workload_yaml.h"
#include "search/tune.h"

namespace tilewright {
namespace {

void prove(benchmark::State& state, const std::string& schedule, const std::string& variant) {
  const Hardware hardware = load_hardware("mas-edge");
  const Suite suite = load_suite("mas12");
  TuneOptions options;
  options.variant = variant;
  options.threads = static_cast<int>(state.range(0));
  double worst = 0;
  double sum = 0;
  double space = 0;
  std::int64_t runs = 0;
  for (auto _ : state) {
    for (const Workload& workload : suite.workloads) {
      const Result result = tune(hardware, workload, schedule, options);
      if (!result.proven) {
        state.SkipWithError("not proven");
        return;
      }
      worst = std::max(worst, result.search.seconds);
      sum += result.search.seconds;
      space = std::max(space, static_cast<double>(result.search.space));
      ++runs;
    }
  }
  state.counters["worst_ms"] = worst * 1e3;
  state.counters["mean_ms"] = sum / static_cast<double>(runs) * 1e3;
  state.counters["space"] = space;
}

BENCHMARK_CAPTURE(prove, flat_serial, "flat", "serial")->Arg(1)->Arg(0)->UseRealTime();
BENCHMARK_CAPTURE(prove, flat_double_buffered, "flat", "double-buffered")
    ->Arg(1)
    ->Arg(0)
    ->UseRealTime();
BENCHMARK_CAPTURE(prove, mas, "mas", "")->Arg(1)->Arg(0)->UseRealTime();
BENCHMARK_CAPTURE(prove, flash2, "flash2", "")->Arg(1)->Arg(0)->UseRealTime();
BENCHMARK_CAPTURE(prove, flash3, "flash3", "")->Arg(1)->Arg(0)->UseRealTime();
BENCHMARK_CAPTURE(prove, layerwise, "layerwise", "")->Arg(1)->Arg(0)->UseRealTime();
BENCHMARK_CAPTURE(prove, softpipe, "softpipe", "")->Arg(1)->Arg(0)->UseRealTime();

/// All candidates of a space of some ten millions.
void scale(benchmark::State& state) {
  const Hardware hardware = load_hardware("mas-edge");
  Workload workload = load_suite("bert-small").workloads.front();
  TuneOptions options;
  options.strategy = "exhaustive";
  options.threads = static_cast<int>(state.range(0));
  for (auto _ : state) {
    benchmark::DoNotOptimize(tune(hardware, workload, "flat", options));
  }
}
BENCHMARK(scale)->Arg(1)->Arg(2)->UseRealTime()->Unit(benchmark::kMillisecond)->Iterations(3);

/// A proof whose bounds look at a thousand positions each.
void scale_pruned(benchmark::State& state) {
  const Hardware hardware = load_hardware("mas-edge");
  Workload workload;
  workload.name = "windowed";
  workload.heads = 32;
  workload.kv_heads = 8;
  workload.q_len = workload.kv_len = 65536;
  workload.qk_dim = workload.v_dim = 128;
  workload.mask = Mask::kCausal;
  workload.window = 4096;
  TuneOptions options;
  options.threads = static_cast<int>(state.range(0));
  for (auto _ : state) {
    benchmark::DoNotOptimize(tune(hardware, workload, "layerwise", options));
  }
}
BENCHMARK(scale_pruned)
    ->Arg(1)
    ->Arg(2)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond)
    ->Iterations(3);

void verify(benchmark::State& state) {
  const Hardware hardware = load_hardware("mas-edge");
  Workload workload;
  workload.name = "long";
  workload.heads = workload.kv_heads = 8;
  workload.q_len = workload.kv_len = 131072;
  workload.qk_dim = workload.v_dim = 64;
  const Result best = tune(hardware, workload, "flash3", {});
  ProofQuestion question;
  question.schedule = "flash3";
  question.objective = "latency";
  const ProofChecker checker(hardware, workload, question, {{*best.tiling, "latency"}});
  SurveyOptions options;
  options.method = ProofMethod::kBlocks;
  options.threads = static_cast<int>(state.range(0));
  for (auto _ : state) {
    const ProofSurvey survey = checker.survey(options);
    if (survey.covered != checker.space()) {
      state.SkipWithError("not verified");
      return;
    }
  }
}
BENCHMARK(verify)->Arg(1)->Arg(2)->UseRealTime()->Unit(benchmark::kMillisecond)->Iterations(1);

}  // namespace
}  // namespace tilewright
