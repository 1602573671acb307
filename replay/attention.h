// Attention as its formula says, in double precision: what a replay is compared with. It knows no
// tiles and no folding of query heads.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "replay/dram_tensors.h"
#include "schedules/workload.h"

namespace tilewright {

/// Largest magnitudes, for error bounds.
struct AttentionScale {
  double score = 0;
  double value = 0;
  double output = 0;
};

/// Which of the batch x heads x q_len rows of Q and O, and O there.
using OutputRow = std::function<void(std::int64_t row, std::span<const double> output)>;

/// softmax(Q K^T) V, capped, biased and masked, for every batch entry, query and query head; the
/// rows of a key/value head stand query by query, the heads that share it side by side. Q carries
/// the scale of the scores. Hands out the rows in order.
AttentionScale attention(const Workload& workload, const DramTensors& dram, const OutputRow& take);

}  // namespace tilewright
