// Candidates of one mode, evaluated side by side in the vector registers of the processor.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "costmodel/objective.h"

namespace tilewright {

class Evaluator;

/// What this processor can do.
struct SideBySide {
  static constexpr std::size_t kMostWidth = 8;

  /// `count` candidates of one mode to be looked at: whether each fits (a bit), and a key that is
  /// the same where rounds seem to take the same course.
  struct Survey {
    std::size_t count = 0;
    std::array<const Tiling*, kMostWidth> tilings;
    std::uint32_t fitting = 0;
    std::array<std::int64_t, kMostWidth> keys;
  };

  /// Candidates with one key that wait until they are enough, as places in a block.
  struct Bin {
    std::int64_t key = 0;
    std::size_t count = 0;
    std::array<std::uint16_t, kMostWidth> members;

    /// One is faster alone.
    bool few() const { return count < 2; }
  };

  class Bins {
   public:
    /// The bin of a key. Calls empty(bin) if its place has candidates of another key.
    template <typename Empty>
    Bin& of(std::int64_t key, const Empty& empty) {
      constexpr std::int64_t kPrime = 251;
      const auto place = static_cast<std::size_t>(key % kPrime);
      Bin& bin = bins_[place];
      if (bin.count > 0 && bin.key != key) {
        empty(bin);
      }
      bin.key = key;
      used_[place / kBits] |= std::uint64_t{1} << (place % kBits);
      return bin;
    }

    /// Calls visit(bin) for all that have been asked for since.
    template <typename Visit>
    void for_each_used(const Visit& visit) {
      for (std::size_t word = 0; word < used_.size(); ++word) {
        for (; used_[word] != 0; used_[word] &= used_[word] - 1) {
          const auto bit = static_cast<std::size_t>(std::countr_zero(used_[word]));
          visit(bins_[word * kBits + bit]);
        }
      }
    }

   private:
    static constexpr std::size_t kCount = 256;
    static constexpr std::size_t kBits = 64;
    std::array<Bin, kCount> bins_{};
    std::array<std::uint64_t, kCount / kBits> used_{};
  };

  /// The candidates of a bin, all of which fit, to be evaluated.
  struct Found {
    Found(const Bin& bin, std::span<const Tiling> block) : count(bin.count) {
      for (std::size_t i = 0; i < count; ++i) {
        tilings[i] = &block[bin.members[i]];
      }
    }
    std::size_t count;
    std::array<const Tiling*, kMostWidth> tilings;
    std::array<std::optional<Candidate>, kMostWidth> candidates;
  };

  /// Candidates that go at once at most; 1: they go one by one.
  std::size_t width = 1;
  void (*survey)(const Evaluator& evaluator, Survey& survey) = nullptr;
  /// Finds what Evaluator::evaluate() does. A bit for each that is found; the others took another
  /// course than most, and have to go alone.
  std::uint32_t (*evaluate)(Evaluator& evaluator, Objective objective, Found& found) = nullptr;

  static SideBySide of_processor();
};

}  // namespace tilewright
