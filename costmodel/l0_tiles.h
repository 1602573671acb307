// The L0 tier: how a matmul tile is cut for the operand and accumulator buffers of the matrix unit.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "hw_profiles/hardware.h"
#include "schedules/plan.h"

namespace tilewright {

/// A matmul tile m x n x k under one L0 tile.
struct TileCost {
  std::int64_t cycles = 0;
  std::int64_t l1_bytes = 0;  ///< moved between L1 and L0
  std::int64_t l0_bytes = 0;  ///< held in L0 at once
  L0Tile tile;
  auto operator<=>(const TileCost&) const = default;
};

/// Dimensions of one matmul tile; for P V, n = F and k = columns.
struct MatmulTile {
  MatmulKind kind = MatmulKind::kQK;
  std::int64_t m = 0;
  std::int64_t n = 0;
  std::int64_t k = 0;
};

MatmulTile matmul_tile(const Shape& shape, MatmulKind kind, std::int64_t rows, std::int64_t cols);

/// Cost model and Pareto sets of L0 tiles, for one machine and shape. Not thread-safe: it
/// remembers.
class L0Tiles {
 public:
  L0Tiles(const Hardware& hardware, const Shape& shape);

  /// Cost under a given L0 tile with its best stationary operand; empty if it exceeds a buffer.
  std::optional<TileCost> cost(const MatmulTile& matmul, const L0Tile& tile) const;

  /// Bytes of the three buffers that a given L0 tile takes.
  std::int64_t held_bytes(const MatmulTile& matmul, const L0Tile& tile) const;

  /// The fastest L0 tiles of both matmuls of a (rows x columns) tile: least (cycles, L1 bytes, L0
  /// bytes, m, n, k) each; by MatmulKind. One cache line.
  class alignas(64) Fastest {
   public:
    std::int64_t cycles(MatmulKind kind) const { return cycles_[at(kind)]; }
    std::int64_t l1_bytes(MatmulKind kind) const { return l1_bytes_[at(kind)]; }
    L0Tile tile(MatmulKind kind) const {
      const Piece& piece = tile_[at(kind)];
      return {piece.m, piece.n, piece.k};
    }
    /// The Pareto set has more than this tile.
    bool several(MatmulKind kind) const { return tile_[at(kind)].several; }

   private:
    friend class L0Tiles;
    struct Piece {
      std::uint32_t m : 31;
      bool several : 1;
      std::uint32_t n;
      std::uint32_t k;
    };
    static std::size_t at(MatmulKind kind) { return kind == MatmulKind::kQK ? 0 : 1; }

    std::uint64_t key_ = 0;  ///< 0: free
    std::array<std::int64_t, 2> cycles_{};
    std::array<std::int64_t, 2> l1_bytes_{};
    std::array<Piece, 2> tile_{};
  };
  /// Answers from the table; a first question computes. Not defined if misfit() is. The answer
  /// stays until the next question.
  const Fastest& fastest(std::int64_t rows, std::int64_t cols) {
    const std::uint64_t key = key_of(rows, cols);
    std::size_t at = hash(key);
    while (table_[at].key_ != key) {
      if (table_[at].key_ == 0) {
        return insert(key, rows, cols);
      }
      at = (at + 1) & mask_;
    }
    return table_[at];
  }
  /// Has the answer fetched from memory while other things are done.
  void prefetch(std::int64_t rows, std::int64_t cols) const {
    __builtin_prefetch(&table_[hash(key_of(rows, cols))]);
  }

  /// The L0 tiles that no other one beats in (cycles, L1 bytes, L0 bytes), reduced to those that
  /// differ in (cycles, L1 bytes); fastest first. Not empty unless misfit() is.
  std::vector<TileCost> pareto(const MatmulTile& matmul);

  /// Cycles and L1 bytes that no L0 tile goes below; exact where the whole tile fits. Cheap.
  TileCost least(const MatmulTile& matmul) const;

  /// The first buffer that cannot hold its part of an array-sized tile, if any.
  struct Misfit {
    const char* level = "";
    std::int64_t need_bytes = 0;
    std::int64_t have_bytes = 0;
  };
  std::optional<Misfit> misfit() const;

 private:
  struct Counts {
    std::int64_t m, n, k;
  };

  /// One way to cut a side: the piece, how many there are and the array passes they take.
  struct Cut {
    std::int64_t piece = 0;
    std::int64_t count = 0;
    std::int64_t passes = 0;
  };
  enum class Side : std::uint8_t { kRows, kCols, kDepth };
  const std::vector<Cut>& cuts(Side side, std::int64_t size, std::int64_t width,
                               std::int64_t limit);

  std::size_t hash(std::uint64_t key) const {
    return static_cast<std::size_t>((key * 0x9E3779B97F4A7C15ULL) >> 32U) & mask_;
  }
  static std::uint64_t key_of(std::int64_t rows, std::int64_t cols) {
    return (static_cast<std::uint64_t>(rows) << 32U) | static_cast<std::uint64_t>(cols);
  }
  const Fastest& insert(std::uint64_t key, std::int64_t rows, std::int64_t cols);
  void compute(MatmulKind kind, std::int64_t rows, std::int64_t cols, Fastest& answer);
  std::size_t place_of(std::uint64_t key) const;
  void grow();
  TileCost cost_of(const MatmulTile& matmul, std::int64_t array_passes, const Counts& counts,
                   const L0Tile& tile) const;
  template <typename Visit>
  void for_each_tile(const MatmulTile& matmul, const Visit& visit);
  std::int64_t traffic(const MatmulTile& matmul, const Counts& counts) const;

  Shape shape_;
  MatrixUnit unit_;
  L0Buffers buffers_;
  ElementBytes bytes_;
  std::int64_t pass_milli_ = 0;
  std::vector<Fastest> table_;  ///< open addressing; its size is a power of two
  std::array<std::unordered_map<std::int64_t, std::vector<Cut>>, 3> cuts_;  ///< by Side, then size
  std::size_t mask_ = 0;
  std::size_t used_ = 0;
};

}  // namespace tilewright
