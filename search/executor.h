// The one owner of threads. Work items get fixed slots, so that results do not depend on the
// timing.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "costmodel/evaluator.h"

namespace tilewright {

class Executor {
 public:
  /// `threads` 0: all that the machine has.
  Executor(const Problem& problem, int threads);
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  int threads() const;

  /// Calls work(i, evaluator) for every i in [0, count), in any order, each with its thread's own
  /// evaluator; returns when all are done. An exception in one is thrown here.
  void for_each(std::int64_t count, const std::function<void(std::int64_t, Evaluator&)>& work);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tilewright
