// The L0 tier: how a matmul tile is cut for the operand and accumulator buffers of the matrix unit.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
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

/// Cost models and Pareto sets of L0 tiles, for one machine and shape. Not thread-safe: it remembers.
class L0Tiles {
 public:
  L0Tiles(const Hardware& hardware, const Shape& shape);

  /// Cost under a given L0 tile with its best stationary operand; empty if it exceeds a buffer.
  std::optional<TileCost> cost(const MatmulTile& matmul, const L0Tile& tile) const;

  /// Bytes of the three buffers that a given L0 tile takes.
  std::int64_t held_bytes(const MatmulTile& matmul, const L0Tile& tile) const;

  /// The L0 tiles of `matmul` that no other one beats in (cycles, L1 bytes, L0 bytes), reduced to
  /// those that differ in (cycles, L1 bytes); fastest first. Not empty if misfit() is.
  std::span<const TileCost> pareto(const MatmulTile& matmul) {
    const Slot& slot = lookup(matmul);
    return slot.points;
  }

  /// The smallest number of cycles / L1 bytes over all L0 tiles.
  std::int64_t min_cycles(const MatmulTile& matmul) { return pareto(matmul).front().cycles; }
  std::int64_t min_l1_bytes(const MatmulTile& matmul) { return pareto(matmul).back().l1_bytes; }

  /// The first buffer that cannot hold its part of an array-sized tile, if any.
  struct Misfit {
    const char* level = "";
    std::int64_t need_bytes = 0;
    std::int64_t have_bytes = 0;
  };
  std::optional<Misfit> misfit() const;

 private:
  struct Slot {
    MatmulTile key;
    std::vector<TileCost> points;
  };
  struct Counts {
    std::int64_t m, n, k;
  };

  const Slot& lookup(const MatmulTile& matmul) {
    Slot& slot = memory_[hash(matmul) & (memory_.size() - 1)];
    if (slot.key.m != matmul.m || slot.key.n != matmul.n || slot.key.k != matmul.k ||
        slot.key.kind != matmul.kind) [[unlikely]] {
      fill(slot, matmul);
    }
    return slot;
  }
  static std::size_t hash(const MatmulTile& matmul) {
    const auto mixed = static_cast<std::uint64_t>(matmul.m) * 0x9E3779B97F4A7C15ULL +
                       static_cast<std::uint64_t>(matmul.n) * 0xC2B2AE3D27D4EB4FULL +
                       static_cast<std::uint64_t>(matmul.k) * 0x165667B19E3779F9ULL +
                       static_cast<std::uint64_t>(matmul.kind);
    return static_cast<std::size_t>(mixed >> 40);
  }
  void fill(Slot& slot, const MatmulTile& matmul) const;
  void enumerate(const MatmulTile& matmul, std::vector<TileCost>& points) const;
  std::int64_t traffic(const MatmulTile& matmul, const Counts& counts) const;

  MatrixUnit unit_;
  L0Buffers buffers_;
  ElementBytes bytes_;
  std::int64_t pass_milli_ = 0;
  std::vector<Slot> memory_;
};

}  // namespace tilewright
