// The L0 tier: how a matmul tile is cut for the operand and accumulator buffers of the matrix unit.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "common/math.h"
#include "costmodel/l0_table.h"
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

/// Cost model and Pareto sets of L0 tiles, for one machine and shape. Not thread-safe, but several
/// can share a table.
class L0Tiles {
 public:
  L0Tiles(const Hardware& hardware, const Shape& shape);
  /// `scores_stay`: S and P stay in the array and are not moved.
  L0Tiles(const Hardware& hardware, const Shape& shape, std::shared_ptr<L0Table> table,
          bool scores_stay);

  /// Cost under a given L0 tile with its best stationary operand; empty if it exceeds a buffer.
  std::optional<TileCost> cost(const MatmulTile& matmul, const L0Tile& tile) const;

  /// Bytes of the three buffers that a given L0 tile takes.
  std::int64_t held_bytes(const MatmulTile& matmul, const L0Tile& tile) const;

  /// The fastest L0 tiles of both matmuls of a (rows x columns) tile: least (cycles, L1 bytes, L0
  /// bytes, m, n, k) each. Answers from the table; a first question computes. Not defined if
  /// misfit() is. The answer stays until the next question.
  const L0Answer& fastest(std::int64_t rows, std::int64_t cols) {
    const L0Answer* answer = table_->find(L0Table::key_of(rows, cols));
    return answer != nullptr ? *answer : compute(rows, cols);
  }
  /// Has the answer fetched from memory while other things are done.
  void prefetch(std::int64_t rows, std::int64_t cols) const {
    table_->prefetch(L0Table::key_of(rows, cols));
  }

  /// The L0 tiles that no other one beats in (cycles, L1 bytes, L0 bytes), reduced to those that
  /// differ in (cycles, L1 bytes); fastest first. Not empty unless misfit() is.
  std::vector<TileCost> pareto(const MatmulTile& matmul);

  /// Cycles and L1 bytes that no L0 tile goes below; exact where the whole tile fits. Cheap.
  TileCost least(const MatmulTile& matmul) const;
  /// Of its cycles, array passes and start-ups. However a matmul is cut, its parts have no less.
  std::int64_t least_compute(const MatmulTile& matmul) const;

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
  struct CutSide {
    MatmulKind kind;
    Side side;
  };
  const std::vector<Cut>& cuts(const CutSide& side, std::int64_t size, std::int64_t width,
                               std::int64_t limit);

  /// What the table has no room for: one answer a place, the newest one.
  struct Overflow {
    std::uint64_t key = 0;
    L0Answer answer{};
  };
  const L0Answer& compute(std::int64_t rows, std::int64_t cols);
  void compute(MatmulKind kind, std::int64_t rows, std::int64_t cols, L0Answer& answer);
  TileCost cost_of(const MatmulTile& matmul, std::int64_t array_passes, const Counts& counts,
                   const L0Tile& tile) const;
  template <typename Visit>
  void for_each_tile(const MatmulTile& matmul, const Visit& visit);
  /// Bytes of the operands of a matmul, each moved once; `partial`: of sums read and written again.
  struct Moves {
    std::int64_t left, right, out, partial;
  };
  /// How many times the buffers its operands are, rounded up.
  struct Overfull {
    std::int64_t left, right, accumulator;
    std::int64_t most() const { return std::max({left, right, accumulator}); }
  };
  Moves moves(const MatmulTile& matmul) const;
  Overfull overfull(const MatmulTile& matmul) const;
  std::int64_t traffic(const MatmulTile& matmul, const Counts& counts) const;
  std::int64_t least_traffic(const MatmulTile& matmul, const Overfull& times) const;

  Shape shape_;
  MatrixUnit unit_;
  L0Buffers buffers_;
  ElementBytes bytes_;
  std::int64_t pass_milli_ = 0;
  bool scores_stay_ = false;
  Divisor bandwidth_;
  std::shared_ptr<L0Table> table_;
  std::vector<Overflow> overflow_;  ///< empty while the table has room
  /// By MatmulKind, Side, then size.
  std::array<std::array<std::unordered_map<std::int64_t, std::vector<Cut>>, 3>, 2> cuts_;
};

}  // namespace tilewright
