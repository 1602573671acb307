// 64-bit arithmetic that says when it does not fit, for products of user-given shapes.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>

namespace tilewright {

/// a * b, or nothing if it does not fit 64 bits.
constexpr std::optional<std::int64_t> checked_multiply(std::int64_t a, std::int64_t b) {
  std::int64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
  return product;
}

/// a + b, or nothing if it does not fit 64 bits.
constexpr std::optional<std::int64_t> checked_add(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) return std::nullopt;
  return sum;
}

/// The product of all factors, or nothing if it (or a partial product) does not fit 64 bits.
constexpr std::optional<std::int64_t> checked_product(std::initializer_list<std::int64_t> factors) {
  std::int64_t product = 1;
  for (const std::int64_t factor : factors) {
    const std::optional<std::int64_t> next = checked_multiply(product, factor);
    if (!next) return std::nullopt;
    product = *next;
  }
  return product;
}

}  // namespace tilewright
