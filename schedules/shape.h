// The attention problem as the schedules see it.
#pragma once

#include <cstdint>

#include "schedules/workload.h"

namespace tilewright {

/// Which keys a query row sees.
struct RowMask {
  bool causal = false;
  std::int64_t window = 0;   ///< at most so many keys, up to the query's own position; 0: all
  std::int64_t sharing = 1;  ///< neighbouring rows that are heads of one query
  std::int64_t offset = 0;   ///< the first query's own position, kv_len - q_len
};

/// One layer: `pairs` independent attentions of `rows` queries against `cols` keys.
/// The query heads of one key/value head (GQA, MQA) are further rows, query by query: rows are
/// independent, so this is the same computation, K/V are shared, and neighbours see the same keys.
struct Shape {
  std::int64_t pairs = 1;   ///< batch x kv_heads
  std::int64_t rows = 1;    ///< q_len x heads / kv_heads
  std::int64_t cols = 1;    ///< kv_len
  std::int64_t qk_dim = 1;  ///< E
  std::int64_t v_dim = 1;   ///< F
  ElementBytes bytes;
  bool softcap = false;
  std::int64_t bias_bytes = 0;  ///< of an additive bias, per score; 0: none
  std::int64_t bias_pairs = 1;  ///< whose biases differ: of one batch entry
  bool v_in_k = false;          ///< V is the first v_dim elements of K's rows
  RowMask mask;
};

Shape shape_of(const Workload& workload);

}  // namespace tilewright
