// The arithmetic of the matrix and the vector unit, in single precision. Matrices are dense and
// stand row by row.
#pragma once

#include <cstdint>
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

/// Softmax of one whole row in place: maximum, subtraction, exponential, sum, division.
void softmax_row(std::span<float> row);

}  // namespace tilewright
