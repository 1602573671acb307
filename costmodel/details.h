// What is reported of one candidate beyond the figures it is ranked by.
#pragma once

#include "costmodel/evaluator.h"

namespace tilewright {

/// Sums over all cores and layers.
struct Details {
  std::int64_t read_bytes = 0;
  std::int64_t write_bytes = 0;
  std::int64_t matrix_busy_cycles = 0;
  std::int64_t vector_busy_cycles = 0;
  std::int64_t load_busy_cycles = 0;
  std::int64_t store_busy_cycles = 0;
  std::int64_t overlap_cycles = 0;
  std::int64_t l0_bytes = 0;  ///< moved between L1 and L0
  std::int64_t l1_bytes = 0;  ///< all accesses to L1
  /// Busy cycles of the busiest core: matrix, vector, load, store.
  std::array<std::int64_t, 4> busiest{};
};

/// `candidate` is what evaluate() returned for `objective`. Without `overlap` its cycles stay 0:
/// they take most of the time.
Details details(Evaluator& evaluator, const Candidate& candidate, Objective objective,
                bool overlap = true);

}  // namespace tilewright
