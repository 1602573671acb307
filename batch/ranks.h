// A batch on several processes under MPI: rank 0 owns the store and hands out cases, all ranks
// search. Without MPI at build time there is nothing to join (ranks_none.cpp).
#pragma once

#include <memory>

#include "batch/runner.h"

namespace tilewright {

class Ranks {
 public:
  virtual ~Ranks() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;

  /// Rank 0: whether the others shall search; the others: what rank 0 said. Once, before anything
  /// else.
  virtual bool go(bool wanted) = 0;
  /// Rank 0. As run_cases(); searches one case itself while it hands out the others.
  virtual RunSummary run(const CaseList& cases, Store& store, const RunOptions& options) = 0;
  /// The others: search what rank 0 hands out, until it has nothing more.
  virtual void serve(const CaseList& cases, const std::atomic<bool>* stop) = 0;
  /// Ends all ranks at once.
  virtual void abort(int status) = 0;
};

/// Joins the processes that mpirun started along with this one. Throws InputError if this program
/// was built without MPI.
std::unique_ptr<Ranks> join_ranks();

}  // namespace tilewright
