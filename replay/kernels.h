// The arithmetic of the matrix and the vector unit, in single precision. Matrices are dense and
// stand row by row.
#pragma once

#include <cstdint>
#include <limits>
#include <span>

namespace tilewright {

struct MatmulSize {
  std::int64_t m = 0;
  std::int64_t n = 0;
  std::int64_t k = 0;
};

/// out (m x n) = left (m x k) times right (n x k) transposed.
void multiply_transposed(const MatmulSize& size, std::span<const float> left,
                         std::span<const float> right, std::span<float> out);

/// out (m x n) += left (m x k) times right (k x n).
void multiply_add(const MatmulSize& size, std::span<const float> left, std::span<const float> right,
                  std::span<float> out);

/// What scores are limited to where a workload has a soft cap; it does not say to how much.
inline constexpr float kSoftcap = 3.0F;

/// kSoftcap tanh(score / kSoftcap) of every score, in place.
void cap_scores(std::span<float> scores);

/// Softmax in place of the scores of a row from `first` up to, not including, `end`: maximum,
/// subtraction, exponential, sum, division. All others are masked: 0.
void softmax_row(std::span<float> row, std::int64_t first, std::int64_t end);

/// exp(score - maximum) in place of each score of a row; returns their sum.
float exponentials_of_row(std::span<float> row, float maximum);

/// What an online softmax remembers of a row.
struct RowState {
  float maximum = -std::numeric_limits<float>::infinity();
  float sum = 0;     ///< of exp(score - maximum)
  float factor = 0;  ///< to this maximum from the one before: exp(before - maximum)
};

/// One more tile of a row, in place: exp(score - maximum), the maximum of all scores so far, from
/// `first` up to, not including, `end`. All others are masked: 0.
void online_softmax_row(std::span<float> row, std::int64_t first, std::int64_t end,
                        RowState& state);

/// A row of O from its parts, each not divided and followed by its maximum and its sum.
void merge_parts(std::span<const float> parts, std::span<float> out);

/// Every row of `out` times its factor, or divided by its sum.
void scale_rows(std::span<const float> factors, std::span<float> out);
void divide_rows(std::span<const float> sums, std::span<float> out);

}  // namespace tilewright
