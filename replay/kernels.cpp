#include "replay/kernels.h"

#include <algorithm>

#include <Eigen/Core>

namespace tilewright {
namespace {

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Input = Eigen::Map<const Matrix>;
using Output = Eigen::Map<Matrix>;

}  // namespace

void multiply_transposed(const MatmulSize& size, std::span<const float> left,
                         std::span<const float> right, std::span<float> out) {
  Output(out.data(), size.m, size.n).noalias() =
      Input(left.data(), size.m, size.k) * Input(right.data(), size.n, size.k).transpose();
}

void multiply_add(const MatmulSize& size, std::span<const float> left, std::span<const float> right,
                  std::span<float> out) {
  Output(out.data(), size.m, size.n).noalias() +=
      Input(left.data(), size.m, size.k) * Input(right.data(), size.k, size.n);
}

void cap_scores(std::span<float> scores) {
  Eigen::Map<Eigen::ArrayXf> values(scores.data(), static_cast<Eigen::Index>(scores.size()));
  values = kSoftcap * (values / kSoftcap).tanh();
}

void softmax_row(std::span<float> row, std::int64_t first, std::int64_t end) {
  std::fill(row.begin(), row.begin() + first, 0.0F);
  std::fill(row.begin() + end, row.end(), 0.0F);
  Eigen::Map<Eigen::ArrayXf> values(row.data() + first, static_cast<Eigen::Index>(end - first));
  values = (values - values.maxCoeff()).exp();
  values /= values.sum();
}

}  // namespace tilewright
