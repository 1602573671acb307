#include "replay/kernels.h"

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

void softmax_row(std::span<float> row) {
  Eigen::Map<Eigen::ArrayXf> values(row.data(), static_cast<Eigen::Index>(row.size()));
  values = (values - values.maxCoeff()).exp();
  values /= values.sum();
}

}  // namespace tilewright
