// The attention problem as the schedules see it.
#pragma once

#include <cstdint>

#include "schedules/workload.h"

namespace tilewright {

/// One layer: `pairs` independent attentions of `rows` queries against `cols` keys.
/// The query heads of one key/value head (GQA, MQA) stand under each other as further rows: without
/// a mask, rows are independent, so this is the same computation and K/V are shared.
struct Shape {
  std::int64_t pairs = 1;   ///< batch x kv_heads
  std::int64_t rows = 1;    ///< q_len x heads / kv_heads
  std::int64_t cols = 1;    ///< kv_len
  std::int64_t qk_dim = 1;  ///< E
  std::int64_t v_dim = 1;   ///< F
  ElementBytes bytes;
};

Shape shape_of(const Workload& workload);

}  // namespace tilewright
