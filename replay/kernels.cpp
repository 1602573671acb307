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

/// The values that are seen; all others become 0.
std::span<float> keep_visible(std::span<float> row, std::int64_t first, std::int64_t end) {
  std::fill(row.begin(), row.begin() + first, 0.0F);
  std::fill(row.begin() + end, row.end(), 0.0F);
  return row.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(end - first));
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
  Row values = row_of(keep_visible(row, first, end));
  values = (values - values.maxCoeff()).exp();
  values /= values.sum();
}

float exponentials_of_row(std::span<float> row, float maximum) {
  if (std::isinf(maximum)) {
    std::fill(row.begin(), row.end(), 0.0F);  // the row has seen nothing yet
    return 0;
  }
  Row values = row_of(row);
  values = (values - maximum).exp();
  return values.sum();
}

void online_softmax_row(std::span<float> row, std::int64_t first, std::int64_t end,
                        RowState& state) {
  if (first >= end) {
    std::fill(row.begin(), row.end(), 0.0F);
    state.factor = 1;
    return;
  }
  const std::span<float> seen = keep_visible(row, first, end);
  const float maximum = std::max(row_of(seen).maxCoeff(), state.maximum);
  state.factor = std::exp(state.maximum - maximum);
  state.sum = state.sum * state.factor + exponentials_of_row(seen, maximum);
  state.maximum = maximum;
}

void merge_parts(std::span<const float> parts, std::span<float> out) {
  const std::size_t width = out.size() + 2;
  float maximum = -std::numeric_limits<float>::infinity();
  for (std::size_t at = 0; at < parts.size(); at += width) {
    maximum = std::max(maximum, parts[at + out.size()]);
  }
  float sum = 0;
  std::fill(out.begin(), out.end(), 0.0F);
  for (std::size_t at = 0; at < parts.size(); at += width) {
    const float weight = std::exp(parts[at + out.size()] - maximum);
    sum += weight * parts[at + out.size() + 1];
    for (std::size_t i = 0; i < out.size(); ++i) {
      out[i] += weight * parts[at + i];
    }
  }
  row_of(out) /= sum;
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
