#include "batch/ranks.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>

#include <fmt/format.h>
#include <boost/mpi.hpp>
#include <boost/serialization/string.hpp>
#include <boost/serialization/vector.hpp>

#include "common/error.h"

namespace boost::serialization {

template <typename Archive>
void serialize(Archive& archive, tilewright::Case& item, unsigned /*version*/) {
  archive& item.hardware& item.workload& item.objective& item.schedule;
}

template <typename Archive>
void serialize(Archive& archive, tilewright::L0Tile& tile, unsigned /*version*/) {
  archive& tile.m& tile.n& tile.k;
}

template <typename Archive>
void serialize(Archive& archive, tilewright::Tiling& t, unsigned /*version*/) {
  archive& t.heads& t.q_rows& t.kv_cols& t.kv_resident& t.buffers& t.lookahead;
  archive& t.overwrite& t.core_split& t.l0_qk& t.l0_pv;
}

template <typename Archive>
void serialize_wide(Archive& archive, tilewright::Int128& value) {
  auto high = static_cast<std::uint64_t>(static_cast<tilewright::UInt128>(value) >> 64U);
  auto low = static_cast<std::uint64_t>(value);
  archive& high& low;
  value = static_cast<tilewright::Int128>((static_cast<tilewright::UInt128>(high) << 64U) | low);
}

template <typename Archive>
void serialize(Archive& archive, tilewright::Cost& c, unsigned /*version*/) {
  archive& c.cycles;
  serialize_wide(archive, c.energy_fj);
  archive& c.dram_read_bytes& c.dram_write_bytes& c.l1_access_bytes& c.l0_access_bytes;
  archive& c.l1_peak_bytes& c.matrix_busy_cycles& c.vector_busy_cycles& c.load_busy_cycles;
  archive& c.store_busy_cycles& c.overlap_cycles& c.matrix_utilization& c.vector_utilization;
  archive& c.bottleneck;
}

template <typename Archive>
void serialize(Archive& archive, tilewright::Outcome& o, unsigned /*version*/) {
  archive& o.status& o.message& o.proven& o.gap& o.tiling& o.cost& o.seconds;
  serialize_wide(archive, o.evaluated);
}

}  // namespace boost::serialization

namespace tilewright {
namespace {

namespace mpi = boost::mpi;

/// From rank 0: cases to search; an empty list ends it. To rank 0: one outcome; an empty message
/// asks for more cases.
enum Tag { kCases, kOutcome, kMore };

/// Enough to be busy while the next ones are asked for, few enough to share out evenly.
constexpr std::size_t kMostAtOnce = 32;
constexpr auto kPause = std::chrono::microseconds(200);

struct Finished {
  std::string key;
  Outcome outcome;

  template <typename Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& key& outcome;
  }
};

/// The cases that nobody has got yet.
class OpenCases {
 public:
  OpenCases(std::vector<Case> cases, int ranks)
      : cases_(cases.begin(), cases.end()), ranks_(static_cast<std::size_t>(ranks)) {}

  std::vector<Case> take(std::size_t most) {
    const std::lock_guard lock(mutex_);
    const std::size_t share = std::max<std::size_t>(1, cases_.size() / (4 * ranks_));
    const std::size_t count = std::min({most, share, cases_.size()});
    const auto end = cases_.begin() + static_cast<std::ptrdiff_t>(count);
    std::vector<Case> taken(cases_.begin(), end);
    cases_.erase(cases_.begin(), end);
    return taken;
  }
  void drop() {
    const std::lock_guard lock(mutex_);
    cases_.clear();
  }

 private:
  std::mutex mutex_;
  std::deque<Case> cases_;
  std::size_t ranks_;
};

/// A digest of what a rank has loaded: all must have the same.
std::string inputs_of(const CaseList& cases) {
  std::size_t digest = cases.count();
  cases.for_each([&](const Case& item) {
    digest = digest * 1'000'003 + std::hash<std::string>{}(cases.key(item));
  });
  return std::to_string(digest);
}

class MpiRanks final : public Ranks {
 public:
  MpiRanks() : environment_(mpi::threading::funneled, /*abort_on_exception=*/false) {}

  int rank() const override { return world_.rank(); }
  int size() const override { return world_.size(); }

  bool go(bool wanted) override {
    mpi::broadcast(world_, wanted, 0);
    return wanted;
  }

  RunSummary run(const CaseList& cases, Store& store, const RunOptions& options) override {
    check_inputs(cases);
    const std::vector<Case> all = open_cases(cases, store);
    RunSummary summary;
    summary.cases = static_cast<std::int64_t>(cases.count());
    summary.reused = store.outcome_count();
    OpenCases open(all, size());
    const auto interrupted = [&] { return options.stop != nullptr && options.stop->load(); };
    std::atomic<std::int64_t> done{0};
    std::exception_ptr error;
    std::atomic<bool> searching{true};
    std::thread own([&] {
      try {
        CaseRunner runner(cases);
        for (std::vector<Case> taken = open.take(1); !taken.empty(); taken = open.take(1)) {
          if (const auto outcome = runner.run(taken.front(), 1, options.stop)) {
            store.put(cases.key(taken.front()), *outcome);
            ++done;
          }
        }
      } catch (...) {
        error = std::current_exception();
        open.drop();
      }
      searching = false;
    });
    int serving = size() - 1;
    try {
      while (serving > 0 || searching) {
        if (interrupted()) open.drop();
        if (!answer(open, store, done, serving)) std::this_thread::sleep_for(kPause);
        if (options.progress) options.progress(done, static_cast<std::int64_t>(all.size()));
      }
    } catch (...) {
      open.drop();
      own.join();
      throw;
    }
    own.join();
    if (error) std::rethrow_exception(error);
    summary.searches = done;
    // A rank that was told to stop leaves its cases open.
    summary.interrupted = interrupted() || done < static_cast<std::int64_t>(all.size());
    return summary;
  }

  void serve(const CaseList& cases, const std::atomic<bool>* stop) override {
    check_inputs(cases);
    CaseRunner runner(cases);
    for (;;) {
      world_.send(0, kMore);
      std::vector<Case> taken;
      world_.recv(0, kCases, taken);
      if (taken.empty()) return;
      for (const Case& item : taken) {
        if (const auto outcome = runner.run(item, 1, stop)) {
          world_.send(0, kOutcome, Finished{cases.key(item), *outcome});
        }
      }
    }
  }

  void abort(int status) override { environment_.abort(status); }

 private:
  /// Throws InputError where a rank sees other files than rank 0.
  void check_inputs(const CaseList& cases) {
    const std::string own = inputs_of(cases);
    std::string first = own;
    mpi::broadcast(world_, first, 0);
    const bool same = mpi::all_reduce(world_, first == own, std::logical_and<>());
    if (!same) {
      throw InputError("the ranks do not see the same job, profiles and workloads");
    }
  }

  /// Takes one message, if there is any.
  bool answer(OpenCases& open, Store& store, std::atomic<std::int64_t>& done, int& serving) {
    const auto status = world_.iprobe();
    if (!status) return false;
    if (status->tag() == kOutcome) {
      Finished finished;
      world_.recv(status->source(), kOutcome, finished);
      store.put(finished.key, finished.outcome);
      ++done;
      return true;
    }
    world_.recv(status->source(), kMore);
    const std::vector<Case> taken = open.take(kMostAtOnce);
    world_.send(status->source(), kCases, taken);
    serving -= taken.empty() ? 1 : 0;
    return true;
  }

  mpi::environment environment_;
  mpi::communicator world_;
};

}  // namespace

std::unique_ptr<Ranks> join_ranks() {
  return std::make_unique<MpiRanks>();
}

}  // namespace tilewright
