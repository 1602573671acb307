// Random numbers that are the same on every platform and with any number of threads.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace tilewright {

/// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  /// An independent stream for item `item` of round `round`.
  static Random of(std::uint64_t seed, std::uint64_t round, std::uint64_t item) {
    Random random(seed);
    random.state_ ^= Random(round ^ 0xA0761D6478BD642FULL).next();
    random.state_ ^= Random(item ^ 0xE7037ED1A0B428DBULL).next();
    return random;
  }

  std::uint64_t next() {
    state_ += 0x9E3779B97F4A7C15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31U);
  }

  /// Uniform in [low, high].
  std::int64_t between(std::int64_t low, std::int64_t high) {
    const auto span = static_cast<std::uint64_t>(high - low) + 1;
    return low + static_cast<std::int64_t>(next() % span);
  }

  /// Uniform in [0, count): an index.
  std::size_t below(std::size_t count) { return static_cast<std::size_t>(next() % count); }

  /// Log-uniform in [low, high], low >= 1.
  std::int64_t log_between(std::int64_t low, std::int64_t high) {
    const double unit = static_cast<double>(next() >> 11U) * 0x1.0p-53;
    const double from = std::log(static_cast<double>(low));
    const double to = std::log(static_cast<double>(high) + 1.0);
    return std::clamp(static_cast<std::int64_t>(std::exp(from + unit * (to - from))), low, high);
  }

  bool chance(std::int64_t percent) { return between(1, 100) <= percent; }

 private:
  std::uint64_t state_;
};

}  // namespace tilewright
