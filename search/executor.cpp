#include "search/executor.h"

#include <tbb/blocked_range.h>
#include <tbb/enumerable_thread_specific.h>
#include <tbb/info.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

namespace tilewright {

class Executor::Impl {
 public:
  Impl(const Problem& problem, int threads)
      : arena_(threads > 0 ? threads : tbb::info::default_concurrency()),
        evaluators_([&problem] { return std::make_unique<Evaluator>(problem); }) {}

  int threads() const { return arena_.max_concurrency(); }

  void for_each(std::int64_t count, const std::function<void(std::int64_t, Evaluator&)>& work) {
    if (count == 1 || threads() == 1) {
      for (std::int64_t i = 0; i < count; ++i) {
        work(i, *evaluators_.local());
      }
      return;
    }
    arena_.execute([&] {
      tbb::parallel_for(
          tbb::blocked_range<std::int64_t>(0, count, 1),
          [&](const tbb::blocked_range<std::int64_t>& range) {
            Evaluator& evaluator = *evaluators_.local();
            for (std::int64_t i = range.begin(); i != range.end(); ++i) {
              work(i, evaluator);
            }
          },
          tbb::simple_partitioner());
    });
  }

 private:
  tbb::task_arena arena_;
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
