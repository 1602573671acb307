#include "schedules/deal_forms.h"

#include <algorithm>

#include "common/math.h"

namespace tilewright {

Shape shape_of(const Workload& workload) {
  Shape shape;
  shape.pairs = workload.batch * workload.kv_heads;
  shape.rows = workload.q_len * (workload.heads / workload.kv_heads);
  shape.cols = workload.kv_len;
  shape.qk_dim = workload.qk_dim;
  shape.v_dim = workload.v_dim;
  shape.bytes = workload.bytes;
  shape.softcap = workload.softcap;
  shape.bias_bytes = workload.bias_bytes;
  shape.bias_pairs = workload.kv_heads;
  shape.v_in_k = workload.v_in_k;
  const std::int64_t window = workload.window < workload.kv_len ? workload.window : 0;
  // One query, the newest, sees all keys up to itself: nothing is hidden.
  const bool hides = workload.mask == Mask::kCausal && (workload.q_len > 1 || window > 0);
  shape.mask = {hides, hides ? window : 0, workload.heads / workload.kv_heads,
                workload.kv_len - workload.q_len};
  return shape;
}

template CoreRounds deal_rounds(const TileCounts& counts, const Tiling& tiling,
                                const CoreLayout& layout, std::int64_t core);

std::int64_t merging_cores(const Shape& shape, const CoreLayout& layout) {
  return std::min(layout.cores, shape.pairs * shape.rows);
}

std::int64_t merged_rows(const Shape& shape, const CoreLayout& layout, std::int64_t core) {
  return deal_forms::dealt(shape.pairs * shape.rows, layout.cores, core);
}

}  // namespace tilewright
