#include "replay/kernels.h"

#include <algorithm>
#include <cmath>

#include <Eigen/Core>

namespace tilewright {
namespace {

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Input = Eigen::Map<const Matrix>;
using Output = Eigen::Map<Matrix>;

using Row = Eigen::Map<Eigen::ArrayXf>;
using Column = Eigen::Map<const Eigen::ArrayXf>;

Row row_of(std::span<float> values) {
  return {values.data(), static_cast<Eigen::Index>(values.size())};
}

/// `out` as one row for each element of `column`.
Output rows_of(std::span<const float> column, std::span<float> out) {
  const auto rows = static_cast<Eigen::Index>(column.size());
  return {out.data(), rows, static_cast<Eigen::Index>(out.size()) / rows};
}

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
  Row values = row_of(scores);
  values = kSoftcap * (values / kSoftcap).tanh();
}

void softmax_row(std::span<float> row, std::int64_t first, std::int64_t end) {
  std::fill(row.begin(), row.begin() + first, 0.0F);
  std::fill(row.begin() + end, row.end(), 0.0F);
  Row values =
      row_of(row.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(end - first)));
  values = (values - values.maxCoeff()).exp();
  values /= values.sum();
}

float exponentials_of_row(std::span<float> row, float maximum) {
  Row values = row_of(row);
  values = (values - maximum).exp();
  return values.sum();
}

void online_softmax_row(std::span<float> row, RowState& state, bool is_first) {
  Row values = row_of(row);
  const float here = values.maxCoeff();
  const float maximum = is_first ? here : std::max(here, state.maximum);
  state.factor = is_first ? 0.0F : std::exp(state.maximum - maximum);
  state.sum = (is_first ? 0.0F : state.sum * state.factor) + exponentials_of_row(row, maximum);
  state.maximum = maximum;
}

void scale_rows(std::span<const float> factors, std::span<float> out) {
  const Column column(factors.data(), static_cast<Eigen::Index>(factors.size()));
  rows_of(factors, out).array().colwise() *= column;
}

void divide_rows(std::span<const float> sums, std::span<float> out) {
  const Column column(sums.data(), static_cast<Eigen::Index>(sums.size()));
  rows_of(sums, out).array().colwise() /= column;
}

}  // namespace tilewright
