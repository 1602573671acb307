// Remembered L0 answers, shared by the threads of a search.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "schedules/plan.h"

namespace tilewright {

/// The fastest L0 tiles of both matmuls of a (rows x columns) tile; by MatmulKind.
struct L0Answer {
  struct Piece {
    std::uint32_t m : 31;
    bool several : 1;  ///< the Pareto set has more than this tile
    std::uint32_t n;
    std::uint32_t k;
  };
  static std::size_t at(MatmulKind kind) { return kind == MatmulKind::kQK ? 0 : 1; }

  std::int64_t cycles(MatmulKind kind) const { return cycles_of[at(kind)]; }
  std::int64_t l1_bytes(MatmulKind kind) const { return l1_bytes_of[at(kind)]; }
  bool several(MatmulKind kind) const { return piece_of[at(kind)].several; }
  L0Tile tile(MatmulKind kind) const {
    const Piece& piece = piece_of[at(kind)];
    return {piece.m, piece.n, piece.k};
  }

  std::array<std::int64_t, 2> cycles_of;
  std::array<std::int64_t, 2> l1_bytes_of;
  std::array<Piece, 2> piece_of;
};

/// Open addressing, a cache line an entry. Entries are written once and stay, so that readers take
/// no lock; it grows by copying.
class L0Table {
 public:
  L0Table();

  static std::uint64_t key_of(std::int64_t rows, std::int64_t cols) {
    return (static_cast<std::uint64_t>(rows) << 32U) | static_cast<std::uint64_t>(cols);
  }

  static std::size_t hash_of(std::uint64_t key) {
    return static_cast<std::size_t>((key * 0x9E3779B97F4A7C15ULL) >> 32U);
  }

  /// Null if it is not there (yet).
  const L0Answer* find(std::uint64_t key) const {
    const Slots& slots = *newest_.load(std::memory_order_acquire);
    for (std::size_t at = slots.hash(key);; at = (at + 1) & slots.mask) {
      const std::uint64_t here = slots.table[at].key.load(std::memory_order_acquire);
      if (here == key) {
        return &slots.table[at].answer;
      }
      if (here == 0) {
        return nullptr;
      }
    }
  }
  void prefetch(std::uint64_t key) const {
    const Slots& slots = *newest_.load(std::memory_order_acquire);
    __builtin_prefetch(&slots.table[slots.hash(key)]);
  }

  /// Null if there is no room. The answer stays where it is as long as the table lives.
  const L0Answer* insert(std::uint64_t key, const L0Answer& answer);

 private:
  struct alignas(64) Slot {
    std::atomic<std::uint64_t> key{0};  ///< 0: free; set last
    L0Answer answer;
  };
  static_assert(sizeof(Slot) == 64);
  struct Slots {
    explicit Slots(std::size_t count) : mask(count - 1), table(count) {}
    std::size_t hash(std::uint64_t key) const { return hash_of(key) & mask; }
    const L0Answer* put(std::uint64_t key, const L0Answer& answer);

    std::size_t mask;
    std::vector<Slot> table;
  };

  std::mutex writing_;
  std::size_t used_ = 0;
  std::vector<std::unique_ptr<Slots>> all_;  ///< older ones may still be read
  std::atomic<Slots*> newest_;
};

}  // namespace tilewright
