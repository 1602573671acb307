// An attention layer: S = Q K^T, P = softmax(S), O = P V.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tilewright {

enum class Mask { kNone, kCausal };

/// Bytes per element.
struct ElementBytes {
  std::int64_t input = 2;        ///< Q, P as an operand, and O in DRAM
  std::int64_t score = 2;        ///< S as the vector unit reads it
  std::int64_t accumulator = 4;  ///< partial sums of O
  std::int64_t kv = 2;           ///< K and V, e.g. a quantised cache
};

struct Workload {
  std::string name;
  std::string place;  ///< "file:line" where it was read, for messages; empty if made by hand
  std::int64_t batch = 1;
  std::int64_t heads = 1;     ///< query heads H
  std::int64_t kv_heads = 1;  ///< key/value heads G; divides H
  std::int64_t q_len = 1;     ///< M
  std::int64_t kv_len = 1;    ///< N
  std::int64_t qk_dim = 1;    ///< E
  std::int64_t v_dim = 1;     ///< F
  ElementBytes bytes;
  Mask mask = Mask::kNone;
  /// With a causal mask: a query sees at most so many keys, up to its own position; 0: all.
  std::int64_t window = 0;
  /// Of an additive bias (heads x q_len x kv_len, the same for the whole batch) in DRAM, per
  /// element; 0: none.
  std::int64_t bias_bytes = 0;
  bool softcap = false;     ///< scores go through cap * tanh(score / cap)
  bool v_in_k = false;      ///< V is the first v_dim elements of K's rows (latent attention)
  std::int64_t repeat = 1;  ///< identical layers
};

struct Suite {
  std::string name;
  std::string description;
  std::vector<Workload> workloads;
};

}  // namespace tilewright
