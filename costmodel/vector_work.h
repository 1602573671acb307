// What the vector unit does in a layer, counted: for energy and accesses to L1.
#pragma once

#include <cstdint>
#include <span>

#include "common/math.h"
#include "schedules/plan.h"

namespace tilewright {

struct VectorWork {
  Int128 operations = 0;  ///< elementary ones, of one element each
  Int128 l1_bytes = 0;    ///< read and written
};

/// Of one layer. Linear in `sub_tiles`, of which only an online softmax depends.
VectorWork vector_work(const Shape& shape, std::span<const PhasePlan> phases,
                       std::int64_t sub_tiles);

}  // namespace tilewright
