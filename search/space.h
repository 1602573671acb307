// The design space: every mode of a schedule times every legal tile size.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/math.h"
#include "costmodel/evaluator.h"

namespace tilewright {

enum class TileSizes : std::uint8_t { kAll, kDivisors, kPow2 };
inline constexpr std::array<std::string_view, 3> kTileSizesNames{"all", "divisors", "pow2"};

/// The values of one tile size, ascending: 1 .. length, or a list.
class Axis {
 public:
  Axis() = default;
  Axis(std::int64_t length, TileSizes sizes);
  static Axis only(std::int64_t length, std::int64_t value);

  std::int64_t length() const { return length_; }  ///< of what is tiled
  std::int64_t size() const {
    return listed_ ? static_cast<std::int64_t>(values_.size()) : length_;
  }
  std::int64_t value(std::int64_t index) const {
    return listed_ ? values_[static_cast<std::size_t>(index)] : index + 1;
  }
  /// Index of the first value that is not below `value`; size() if none.
  std::int64_t first_not_below(std::int64_t value) const;
  bool contains(std::int64_t value) const;

 private:
  std::int64_t length_ = 1;
  bool listed_ = false;
  std::vector<std::int64_t> values_;
};

inline constexpr std::size_t kAxes = 3;  ///< heads, q_rows, kv_cols

struct DesignSpace {
  std::array<Axis, kAxes> axes;
  std::vector<Mode> modes;

  Int128 per_mode() const {
    return static_cast<Int128>(axes[0].size()) * axes[1].size() * axes[2].size();
  }
  Int128 size() const { return per_mode() * static_cast<Int128>(modes.size()); }
};

using Pins = std::map<std::string, std::string>;

/// Names of the factors that can be pinned, in the order of `tiling:`.
const std::vector<std::string>& factor_names();

/// "q_rows=64,kv_cols=128,l0.qk=16x16x64"; throws InputError naming the factor.
Pins parse_factors(const std::string& text);

/// The factors of a tiling as pins (L0 tiles only if chosen).
Pins factors_of(const Tiling& tiling);

/// The inverse, but for L0 tiles, which are left open. Factors that are missing stay as they are in
/// a Tiling. Throws InputError naming the factor.
Tiling tiling_of_factors(const Pins& factors);

/// Throws InputError if a pin is unknown, malformed or illegal for the schedule and shape. Also
/// sets the pinned L0 tiles of `problem`.
DesignSpace make_space(Problem& problem, std::string_view variant, TileSizes sizes,
                       const Pins& pins);

}  // namespace tilewright
