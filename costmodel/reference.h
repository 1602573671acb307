// The slow reference: every operation of one layer as a vertex of a Boost graph, every reason to
// wait as an edge, the makespan as the longest path. It knows expand() and the costs of single
// operations.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

#include "costmodel/evaluator.h"
#include "schedules/expand.h"

namespace tilewright {

enum class EdgeKind : std::uint8_t { kQueue, kData, kSlot, kBarrier, kSequence, kLockStep };

/// Sums over all cores, for one layer.
struct ReferenceTotals {
  std::int64_t operations = 0;
  std::int64_t cycles = 0;  ///< longest path, without the launch
  std::int64_t read_bytes = 0;
  std::int64_t write_bytes = 0;
  std::int64_t matrix_busy_cycles = 0;
  std::int64_t vector_busy_cycles = 0;
  std::int64_t load_busy_cycles = 0;
  std::int64_t store_busy_cycles = 0;
  std::int64_t overlap_cycles = 0;
  std::int64_t l0_bytes = 0;
  std::int64_t scores = 0;         ///< that softmaxes have worked on
  std::int64_t masked_scores = 0;  ///< in sub-tiles with masked scores
};

/// Cycles from the start of the layer.
struct BusyTime {
  std::int64_t start = 0;
  std::int64_t end = 0;
};

class ReferenceGraph {
 public:
  /// Builds the graph of a candidate that fits. Throws InputError above kMaxOperations.
  ReferenceGraph(Evaluator& evaluator, const Tiling& tiling, Objective objective);
  ~ReferenceGraph();
  ReferenceGraph(const ReferenceGraph&) = delete;
  ReferenceGraph& operator=(const ReferenceGraph&) = delete;

  const ReferenceTotals& totals() const;

  /// When every operation is done, phase by phase in the order in which expand() emits them.
  std::vector<BusyTime> busy_times() const;

  /// GraphML: vertices carry operation, queue, tile, start, end, bytes, slots; edges their kind.
  void write_graphml(std::ostream& out) const;

  static constexpr double kMaxOperations = 4e6;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tilewright
