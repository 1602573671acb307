#include "replay/attention.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "replay/kernels.h"

namespace tilewright {
namespace {

double largest(std::span<const double> values, double so_far) {
  for (const double value : values) {
    so_far = std::max(so_far, std::abs(value));
  }
  return so_far;
}

/// K and V of one key/value head. K stands in blocks of columns, element by element within a block,
/// so that inner loops run along columns.
class KeysAndValues {
 public:
  KeysAndValues(const Workload& w, const DramTensors& dram, std::int64_t pair)
      : cols_(w.kv_len), qk_dim_(w.qk_dim), v_dim_(w.v_dim) {
    keys_.resize(static_cast<std::size_t>(cols_ * qk_dim_));
    values_.resize(static_cast<std::size_t>(cols_ * v_dim_));
    std::vector<float> key(static_cast<std::size_t>(qk_dim_));
    std::vector<float> value(static_cast<std::size_t>(v_dim_));
    for (std::int64_t n = 0; n < cols_; ++n) {
      dram.of(Operand::kK).read_row(pair, n, key);
      if (w.v_in_k) {
        std::copy_n(key.begin(), value.size(), value.begin());
      } else {
        dram.of(Operand::kV).read_row(pair, n, value);
      }
      for (std::int64_t e = 0; e < qk_dim_; ++e) {
        keys_[key_index(n, e)] = key[static_cast<std::size_t>(e)];
      }
      std::copy(value.begin(), value.end(), values_.begin() + n * v_dim_);
    }
  }

  void scores(std::span<const float> query, std::span<double> s) const {
    std::fill(s.begin(), s.end(), 0.0);
    for (std::int64_t first = 0; first < cols_; first += kBlock) {
      const std::int64_t count = std::min(kBlock, cols_ - first);
      double* const out = s.data() + first;
      for (std::int64_t e = 0; e < qk_dim_; ++e) {
        const double q = query[static_cast<std::size_t>(e)];
        const double* const k = &keys_[key_index(first, e)];
        for (std::int64_t n = 0; n < count; ++n) {
          out[n] += q * k[n];
        }
      }
    }
  }

  void weigh(std::span<const double> p, std::span<double> o) const {
    std::fill(o.begin(), o.end(), 0.0);
    for (std::int64_t n = 0; n < cols_; ++n) {
      const double weight = p[static_cast<std::size_t>(n)];
      const double* const v = &values_[static_cast<std::size_t>(n * v_dim_)];
      for (std::int64_t f = 0; f < v_dim_; ++f) {
        o[static_cast<std::size_t>(f)] += weight * v[f];
      }
    }
  }

  double largest_value(double so_far) const { return largest(values_, so_far); }

 private:
  static constexpr std::int64_t kBlock = 1024;

  std::size_t key_index(std::int64_t n, std::int64_t e) const {
    const std::int64_t first = n / kBlock * kBlock;
    const std::int64_t width = std::min(kBlock, cols_ - first);
    return static_cast<std::size_t>(first * qk_dim_ + e * width + (n - first));
  }

  std::int64_t cols_;
  std::int64_t qk_dim_;
  std::int64_t v_dim_;
  std::vector<double> keys_;
  std::vector<double> values_;
};

void softmax(std::span<double> row) {
  const double top = *std::max_element(row.begin(), row.end());
  double sum = 0;
  for (double& value : row) {
    value = std::exp(value - top);
    sum += value;
  }
  for (double& value : row) {
    value /= sum;
  }
}

void cap(std::span<double> scores) {
  for (double& score : scores) {
    score = kSoftcap * std::tanh(score / kSoftcap);
  }
}

/// `bias` may go on behind the last score.
void add(std::span<const float> bias, std::span<double> scores) {
  std::transform(scores.begin(), scores.end(), bias.begin(), scores.begin(), std::plus<>());
}

/// The scores of the keys that query `query` sees; the others become 0.
std::span<double> seen_by(const Workload& w, std::int64_t query, std::span<double> scores) {
  if (w.mask == Mask::kNone) {
    return scores;
  }
  const std::int64_t own = query + w.kv_len - w.q_len;
  std::int64_t first = 0;
  for (std::int64_t key = 0; key < w.kv_len; ++key) {
    const bool seen = key <= own && (w.window == 0 || own - key < w.window);
    scores[static_cast<std::size_t>(key)] *= seen ? 1.0 : 0.0;
    first += key <= own && !seen ? 1 : 0;
  }
  return scores.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(own + 1 - first));
}

/// The row of a tensor that stands as batch x heads x q_len rows.
void read_query(const DramTensor& queries, std::int64_t row, std::span<float> to) {
  queries.read_row(row / queries.rows(), row % queries.rows(), to);
}

}  // namespace

AttentionScale attention(const Workload& w, const DramTensors& dram, const OutputRow& take) {
  AttentionScale scale;
  std::vector<float> query(static_cast<std::size_t>(w.qk_dim));
  std::vector<double> scores(static_cast<std::size_t>(w.kv_len));
  std::vector<double> output(static_cast<std::size_t>(w.v_dim));
  std::vector<float> bias(static_cast<std::size_t>(w.bias_bytes > 0 ? w.kv_len : 0));
  const std::int64_t sharing = w.heads / w.kv_heads;
  for (std::int64_t kv_head = 0; kv_head < w.batch * w.kv_heads; ++kv_head) {
    const KeysAndValues kv(w, dram, kv_head);
    scale.value = kv.largest_value(scale.value);
    const std::int64_t first = kv_head * sharing * w.q_len;
    for (std::int64_t row = first; row < first + sharing * w.q_len; ++row) {
      read_query(dram.of(Operand::kQ), row, query);
      kv.scores(query, scores);
      const std::span<double> seen = seen_by(w, (row - first) / sharing, scores);
      scale.score = largest(seen, scale.score);
      if (w.softcap) {
        cap(seen);
      }
      if (w.bias_bytes > 0) {
        dram.of(Operand::kBias).read_row(kv_head % w.kv_heads, row - first, bias);
        add(std::span<const float>(bias).subspan(static_cast<std::size_t>(&seen[0] - &scores[0])),
            seen);
        scale.score = largest(seen, scale.score);
      }
      softmax(seen);
      kv.weigh(scores, output);
      scale.output = largest(output, scale.output);
      take(row, output);
    }
  }
  return scale;
}

}  // namespace tilewright
