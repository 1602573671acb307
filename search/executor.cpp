#include "search/executor.h"

#include <algorithm>
#include <atomic>

#include <tbb/blocked_range.h>
#include <tbb/enumerable_thread_specific.h>
#include <tbb/global_control.h>
#include <tbb/info.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

namespace tilewright {

class Executor::Impl {
 public:
  Impl(const Problem& problem, int threads)
      : most_(tbb::global_control::max_allowed_parallelism,
              static_cast<std::size_t>(std::max(threads, tbb::info::default_concurrency()))),
        arena_(threads > 0 ? threads : tbb::info::default_concurrency()),
        evaluators_([&problem] { return std::make_unique<Evaluator>(problem); }) {}

  int threads() const { return arena_.max_concurrency(); }

  void for_each(std::int64_t count, const std::function<void(std::int64_t, Evaluator&)>& work) {
    if (count == 1 || threads() == 1) {
      for (std::int64_t i = 0; i < count; ++i) {
        work(i, *evaluators_.local());
      }
      return;
    }
    // TBB orders what comes before, in and after the loop. Saying so again lets a thread sanitizer
    // see it that cannot look into TBB.
    order_.store(0, std::memory_order_release);
    arena_.execute([&] {
      tbb::parallel_for(
          tbb::blocked_range<std::int64_t>(0, count, 1),
          [&](const tbb::blocked_range<std::int64_t>& range) {
            static_cast<void>(order_.load(std::memory_order_acquire));
            Evaluator& evaluator = *evaluators_.local();
            for (std::int64_t i = range.begin(); i != range.end(); ++i) {
              work(i, evaluator);
            }
            order_.fetch_add(1, std::memory_order_acq_rel);
          },
          tbb::simple_partitioner());
    });
    static_cast<void>(order_.load(std::memory_order_acquire));
  }

 private:
  tbb::global_control most_;  ///< more threads than cores where so many are asked for
  tbb::task_arena arena_;
  std::atomic<std::int64_t> order_{0};
  tbb::enumerable_thread_specific<std::unique_ptr<Evaluator>> evaluators_;
};

Executor::Executor(const Problem& problem, int threads)
    : impl_(std::make_unique<Impl>(problem, threads)) {}
Executor::~Executor() = default;
int Executor::threads() const {
  return impl_->threads();
}
void Executor::for_each(std::int64_t count,
                        const std::function<void(std::int64_t, Evaluator&)>& work) {
  impl_->for_each(count, work);
}

}  // namespace tilewright
