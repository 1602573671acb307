// The tiling factors of one candidate.
#pragma once

#include <compare>
#include <cstdint>

namespace tilewright {

enum class Overwrite : std::uint8_t { kNone, kKey, kValue };
enum class CoreSplit : std::uint8_t { kHeads, kQuery, kKeyValue };

/// m x n x k of the piece of a matmul tile that is in L0 at once; 0 x 0 x 0: not chosen yet.
struct L0Tile {
  std::int64_t m = 0;
  std::int64_t n = 0;
  std::int64_t k = 0;
  auto operator<=>(const L0Tile&) const = default;
};

/// Members stand in the order of `tiling:` in a result file, which is also the order of ties.
/// `Number`: what candidates of one mode differ in.
template <typename Number>
struct TilingOf {
  Number heads = 1;          ///< batch x key/value-head pairs per round
  Number q_rows = 1;         ///< query rows per round and pair
  Number kv_cols = 1;        ///< key/value columns per sub-tile
  bool kv_resident = false;  ///< K/V stay across the query tiles of a head
  std::int64_t buffers = 1;  ///< slots of every streamed operand: 1 or 2
  std::int64_t lookahead = 0;
  Overwrite overwrite = Overwrite::kNone;
  CoreSplit core_split = CoreSplit::kHeads;
  L0Tile l0_qk;
  L0Tile l0_pv;
  auto operator<=>(const TilingOf&) const = default;
};
using Tiling = TilingOf<std::int64_t>;

}  // namespace tilewright
