#include "batch/runner.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <mutex>
#include <new>
#include <unordered_set>

#include <fmt/format.h>
#include <tbb/info.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include "common/error.h"
#include "report/number_text.h"
#include "report/result_text.h"
#include "schedules/schedule.h"
#include "search/strategy.h"

namespace tilewright {
namespace {

/// Candidates of a case from which on it gets all threads to itself.
constexpr double kLargeSpace = 1e12;

double estimated_size(const CaseList& cases, const Case& item) {
  const Workload& w = cases.workloads()[item.workload].workload;
  return static_cast<double>(w.batch) * static_cast<double>(w.heads) *
         static_cast<double>(w.q_len) * static_cast<double>(w.kv_len);
}

/// Each distinct search once, but for those that were `seen`.
std::vector<Case> distinct_cases(const CaseList& cases, std::unordered_set<std::string> seen) {
  std::vector<Case> distinct;
  cases.for_each_by_neighbours([&](const Case& item) {
    if (seen.insert(cases.key(item)).second) {
      distinct.push_back(item);
    }
  });
  return distinct;
}

Outcome failed(CaseStatus status, const std::string& message) {
  Outcome outcome;
  outcome.status = status;
  outcome.message = message;
  return outcome;
}

Outcome outcome_of(const Result& result) {
  if (!result.tiling) {
    return failed(CaseStatus::kInfeasible, no_tiling_text(result));
  }
  Outcome outcome;
  outcome.proven = result.proven;
  outcome.gap = result.gap;
  outcome.tiling = *result.tiling;
  outcome.cost = result.cost;
  outcome.evaluated = result.search.evaluated;
  outcome.seconds = result.search.seconds;
  return outcome;
}

/// Hands out cases one after the other and ends early where one of the workers fails.
class Crew {
 public:
  Crew(const CaseList& cases, Store& store, const RunOptions& options, std::int64_t all)
      : cases_(cases), store_(store), options_(options), all_(all) {}

  /// Works through `items`, each on `threads` threads, `jobs` at once.
  void work(std::span<const Case> items, int jobs, int threads) {
    std::atomic<std::size_t> next{0};
    const auto worker = [&](int) {
      CaseRunner runner(cases_);
      for (std::size_t i = next++; i < items.size() && !stopped(); i = next++) {
        run(runner, items[i], threads);
      }
    };
    if (jobs == 1) {
      worker(0);
    } else {
      tbb::task_arena arena(jobs);
      arena.execute([&] { tbb::parallel_for(0, jobs, worker, tbb::simple_partitioner()); });
    }
    if (error_) {
      std::rethrow_exception(error_);
    }
  }

  std::int64_t done() const { return done_; }
  bool interrupted() const { return options_.stop != nullptr && options_.stop->load(); }

 private:
  bool stopped() const { return broken_ || interrupted(); }

  void run(CaseRunner& runner, const Case& item, int threads) {
    try {
      const auto outcome = runner.run(item, threads, options_.stop);
      if (outcome) {
        store_.put(cases_.key(item), *outcome);
        report();
      }
    } catch (...) {
      const std::lock_guard lock(mutex_);
      error_ = error_ ? error_ : std::current_exception();
      broken_ = true;
    }
  }

  void report() {
    const std::lock_guard lock(mutex_);
    ++done_;
    if (options_.progress) {
      options_.progress(done_, all_);
    }
  }

  const CaseList& cases_;
  Store& store_;
  const RunOptions& options_;
  std::int64_t all_;
  std::mutex mutex_;
  std::int64_t done_ = 0;
  std::atomic<bool> broken_{false};
  std::exception_ptr error_;
};

}  // namespace

std::optional<Outcome> run_case(const CaseList& cases, const Case& item, int threads,
                                const std::atomic<bool>* stop, const std::optional<Tiling>& start) {
  const HardwareInput& hardware = cases.hardware()[item.hardware];
  const WorkloadInput& workload = cases.workloads()[item.workload];
  for (const std::string& error : {hardware.error, workload.error}) {
    if (!error.empty()) {
      return failed(CaseStatus::kFailed, error);
    }
  }
  const std::string& schedule = cases.schedules()[item.schedule].name;
  TuneOptions options = cases.options(item);
  if (const auto reason = refusal(find_schedule(schedule), workload.workload, options.variant)) {
    return failed(CaseStatus::kRefused, *reason);
  }
  options.threads = threads;
  options.stop = stop;
  options.start = start;
  try {
    const Result result = tune(hardware.hardware, workload.workload, schedule, options);
    return result.interrupted ? std::nullopt : std::optional(outcome_of(result));
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    return failed(CaseStatus::kFailed, error.what());  // of this case alone
  }
}

CaseRunner::CaseRunner(const CaseList& cases)
    : cases_(cases),
      starts_(find_strategy(cases.job().strategy).is_exact() && cases.job().time_limit_s == 0 &&
              cases.job().max_evals == 0) {}

std::optional<Outcome> CaseRunner::run(const Case& item, int threads,
                                       const std::atomic<bool>* stop) {
  const bool neighbours = item.workload == last_.workload && item.objective == last_.objective &&
                          item.schedule == last_.schedule;
  const auto outcome =
      run_case(cases_, item, threads, stop, starts_ && neighbours ? found_ : std::nullopt);
  last_ = item;
  found_.reset();
  if (outcome && outcome->status == CaseStatus::kSolved) {
    found_ = outcome->tiling;
  }
  return outcome;
}

std::vector<Case> open_cases(const CaseList& cases, const Store& store) {
  return distinct_cases(cases, store.keys());
}

std::string estimate_text(const CaseList& cases) {
  const std::vector<Case> all = distinct_cases(cases, {});
  // Evenly spread over the cases, until they have taken long enough.
  constexpr double kEnoughSeconds = 2;
  constexpr std::size_t kMostSamples = 64;
  const auto start = std::chrono::steady_clock::now();
  const auto seconds = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  const std::size_t samples = std::min(all.size(), kMostSamples);
  std::size_t tried = 0;
  for (; tried < samples && seconds() < kEnoughSeconds; ++tried) {
    // A stride that is prime to most counts visits all regions early.
    const std::size_t at = (tried * 7919) % samples * all.size() / samples;
    run_case(cases, all[at], 1, nullptr);
  }
  if (tried == 0) {
    return "nothing to search\n";
  }
  const double mean = seconds() / static_cast<double>(tried);
  const int threads = tbb::info::default_concurrency();
  return fmt::format("{}, about {} on {} ({} tried, {} each)\n",
                     count_text(Int128{all.size()}, "distinct search", "distinct searches"),
                     duration_text(mean * static_cast<double>(all.size()) / threads),
                     count_text(Int128{threads}, "core"), tried, duration_text(mean));
}

RunSummary run_cases(const CaseList& cases, Store& store, const RunOptions& options) {
  RunSummary summary;
  summary.cases = static_cast<std::int64_t>(cases.count());
  summary.reused = store.outcome_count();
  std::vector<Case> open = open_cases(cases, store);
  const auto large = std::stable_partition(open.begin(), open.end(), [&](const Case& item) {
    return estimated_size(cases, item) < kLargeSpace;
  });
  const int threads = options.jobs > 0 ? options.jobs : tbb::info::default_concurrency();
  Crew crew(cases, store, options, static_cast<std::int64_t>(open.size()));
  crew.work({open.begin(), large}, threads, 1);
  crew.work({large, open.end()}, 1, threads);
  summary.searches = crew.done();
  summary.interrupted = crew.interrupted();
  return summary;
}

}  // namespace tilewright
