#include <catch2/catch.hpp>

#include <filesystem>
#include <set>

#include <fmt/format.h>
#include <unistd.h>

#include "batch/cases.h"
#include "batch/folder_lock.h"
#include "batch/runner.h"
#include "batch/store.h"
#include "batch/tables.h"
#include "common/error.h"

namespace tilewright {
namespace {

/// An empty folder that goes away again.
class Folder {
 public:
  Folder() : path_(std::filesystem::temp_directory_path() / fmt::format("tw-{}", ::getpid())) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

Job job_of(const std::string& hardware, const std::string& rest = "") {
  return parse_job("schema: tilewright/job/v1\nname: t\nhardware: " + hardware +
                       "\nworkloads: [vit-b-16, bert-base]\nschedules: [flat, mas]\n" + rest,
                   "t.yaml");
}

TEST_CASE("sweeps have both ends, even steps, and values as a profile would have them") {
  const auto values = [](const std::string& range) {
    return job_of("[{base: mas-edge, sweep: {memory.dram.bandwidth_gbps: " + range + "}}]")
        .hardware.front()
        .sweeps.front()
        .values;
  };
  using Values = std::vector<std::string>;
  CHECK(values("[1, 2.5]") == Values{"1", "2.5"});
  CHECK(values("{from: 10, to: 40, steps: 4}") == Values{"10", "20", "30", "40"});
  CHECK(values("{from: 10, to: 1000, steps: 3, scale: log}") == Values{"10", "100", "1000"});
  CHECK(values("{from: 10, to: 100, steps: 3, scale: log}") == Values{"10", "32", "100"});
  CHECK(values("{from: 0.5, to: 2, steps: 3}") == Values{"0.5", "1.25", "2"});
  CHECK(values("{from: 16, to: 100, steps: 3, multiple_of: 16}") == Values{"16", "64", "96"});
  CHECK_THROWS_WITH(values("{from: 1, to: 2, steps: 5}"), Catch::Contains("twice"));
  CHECK_THROWS_WITH(values("[1, 1]"), Catch::Contains("twice"));
}

TEST_CASE("swept profiles differ in their figures and in nothing else") {
  const CaseList cases(
      job_of("[{base: mas-edge, sweep: {memory.l1.capacity_kib: [256, 512], cores: [1, 2, 4]}}]"));
  REQUIRE(cases.hardware().size() == 6);
  CHECK(cases.count() == 6 * 2 * 2);
  std::set<std::string> names;
  for (const HardwareInput& input : cases.hardware()) {
    names.insert(input.name);
    CHECK(input.base == "mas-edge");
    CHECK(input.hardware.clock_hz == 3'750'000'000);
  }
  CHECK(names.size() == 6);
  CHECK(names.contains("mas-edge@capacity_kib=512+cores=4"));
  CHECK(cases.hardware()[5].hardware.cores == 4);
  CHECK(cases.hardware()[5].hardware.l1.capacity_bytes == 512 * 1024);
}

TEST_CASE("the key of a case depends on all its inputs and on no name") {
  const auto key = [](const Job& job) { return CaseList(job).key({}); };
  const std::string plain = key(job_of("[mas-edge]"));
  CHECK(key(job_of("[{base: mas-edge, sweep: {memory.l1.capacity_kib: [5120]}}]")) == plain);
  CHECK(key(job_of("[{base: mas-edge, sweep: {memory.l1.capacity_kib: [512]}}]")) != plain);
  CHECK(key(job_of("[mas-edge]", "objectives: [energy]\n")) != plain);
  CHECK(key(job_of("[mas-edge]", "tile_sizes: pow2\n")) != plain);
  CHECK(key(job_of("[mas-edge]", "limits: {max_evals: 10}\n")) != plain);
  CHECK(key(job_of("[mas-edge]", "strategy: genetic\n")) != plain);
  // Only strategies that draw at random depend on the seed.
  CHECK(key(job_of("[mas-edge]", "seed: 7\n")) == plain);
  CHECK(key(job_of("[mas-edge]", "strategy: genetic\nseed: 7\n")) !=
        key(job_of("[mas-edge]", "strategy: genetic\n")));
}

TEST_CASE("a store gives back what was put in, also figures beyond 64 bits") {
  const Folder folder;
  const CaseList cases(job_of("[mas-edge]"));
  {
    Store store(folder.path());
    store.set_cases(cases);
    Outcome outcome;
    outcome.proven = true;
    outcome.gap = 0.25;
    outcome.tiling.q_rows = 7;
    outcome.tiling.kv_resident = true;
    outcome.tiling.overwrite = Overwrite::kValue;
    outcome.tiling.core_split = CoreSplit::kQuery;
    outcome.tiling.l0_qk = {1, 22, 333};
    outcome.cost.cycles = 123;
    outcome.cost.energy_fj = static_cast<Int128>(1) << 90U;
    outcome.cost.bottleneck = Bottleneck::kLatency;
    outcome.evaluated = static_cast<Int128>(1) << 80U;
    store.put(cases.key({}), outcome);
    Outcome none;
    none.status = CaseStatus::kInfeasible;
    none.message = "no, 'it' does not";
    store.put(cases.key({0, 0, 0, 1}), none);
  }
  const Store store = Store::existing(folder.path());
  std::vector<StoredCase> all;
  store.for_each([&](const StoredCase& item) { all.push_back(item); });
  REQUIRE(all.size() == 4);
  REQUIRE(all[0].outcome);
  CHECK(all[0].workload == "vit-b-16");
  CHECK(all[0].outcome->tiling.l0_qk == L0Tile{1, 22, 333});
  CHECK(all[0].outcome->tiling.overwrite == Overwrite::kValue);
  CHECK((all[0].outcome->cost.energy_fj == static_cast<Int128>(1) << 90U));
  CHECK(all[0].outcome->cost.bottleneck == Bottleneck::kLatency);
  CHECK((all[0].outcome->evaluated == static_cast<Int128>(1) << 80U));
  CHECK(all[1].outcome->message == "no, 'it' does not");
  CHECK_FALSE(all[2].outcome);
  CHECK(store.model_version() == kModelVersion);
  CHECK_FALSE(all_solved(store));
}

TEST_CASE("a run searches each open case once and then none") {
  const Folder folder;
  const CaseList cases(job_of("[mas-edge]", "tile_sizes: pow2\n"));
  Store store(folder.path());
  store.set_cases(cases);
  RunOptions options;
  options.jobs = 3;
  std::int64_t reported = 0;
  options.progress = [&](std::int64_t done, std::int64_t all) {
    reported = done;
    CHECK(all == 4);
  };
  const RunSummary first = run_cases(cases, store, options);
  CHECK(first.searches == 4);
  CHECK(first.reused == 0);
  CHECK(reported == 4);
  CHECK_FALSE(first.interrupted);
  const RunSummary second = run_cases(cases, store, options);
  CHECK(second.searches == 0);
  CHECK(second.reused == 4);
  CHECK(all_solved(store));
  const std::atomic<bool> stop{true};
  store.clear_outcomes();
  options.stop = &stop;
  CHECK(run_cases(cases, store, options).interrupted);
  CHECK(store.outcome_count() == 0);
}

TEST_CASE("a lock is held by one at a time") {
  const Folder folder;
  {
    const FolderLock lock(folder.path());
    CHECK_THROWS_WITH(FolderLock(folder.path()), Catch::Contains("another batch"));
  }
  CHECK_NOTHROW(FolderLock(folder.path()));
}

}  // namespace
}  // namespace tilewright
