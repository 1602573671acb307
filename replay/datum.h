// What the bytes of L1 hold, independent of any slot: the check that a reader finds what it means
// to read.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "schedules/plan.h"

namespace tilewright {

/// What the vector unit of an online softmax has made of O since the newest sub-tile was added.
enum class Adjusted : std::uint8_t { kNo, kRescaled, kNormalised };

/// Which figure of the state of a row, where each is written on its own (epochs).
enum class Figure : std::uint8_t {
  kAll,
  kMaximum,
  kSum,
  kFactor,
  kOwnMaximum,  ///< of the sub-tile alone; its sum takes the same place
  kOwnSum
};

/// A tile of a tensor: query tile `tile` of Q, S, P, O and the state of `pair`, or sub-tile `tile`
/// of its K, V.
struct Datum {
  Operand operand = Operand::kNone;
  std::int64_t pair = 0;
  std::int64_t tile = 0;
  /// O: sub-tiles of V that it already has; state: sub-tiles that it knows; S and P of an online
  /// softmax: the number of their sub-tile, from 1 on.
  std::int64_t added = 0;
  Adjusted adjusted = Adjusted::kNo;
  Figure figure = Figure::kAll;
  std::int64_t first = 0;  ///< where they begin to be counted: the first of the round's sub-tiles
  auto operator<=>(const Datum&) const = default;
};

/// "K of pair 3, sub-tile 1".
std::string datum_text(const Datum& datum);

/// Numbers for data, from 1 on, in the order in which they are first asked for; 0 is "nothing".
class DatumTable {
 public:
  std::uint32_t number(const Datum& datum);
  const Datum& at(std::uint32_t number) const { return data_[number - 1]; }

 private:
  std::map<Datum, std::uint32_t> numbers_;
  std::vector<Datum> data_;
};

}  // namespace tilewright
