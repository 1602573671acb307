// The tensors in DRAM. Only loads and stores touch them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "replay/element.h"
#include "schedules/plan.h"

namespace tilewright {

/// pairs x rows x cols elements, row by row. Knows how often each row was stored.
class DramTensor {
 public:
  DramTensor() = default;
  DramTensor(const Element& element, std::int64_t pairs, std::int64_t rows, std::int64_t cols);

  const Element& element() const { return element_; }
  std::int64_t rows() const { return rows_; }
  std::int64_t cols() const { return cols_; }
  /// In the workload's bytes.
  std::int64_t row_bytes() const { return cols_ * element_.bytes; }

  /// Storage of `byte`, counted in the workload's bytes from row `row` of `pair` on.
  std::byte* at(std::int64_t pair, std::int64_t row, std::int64_t byte = 0);
  const std::byte* at(std::int64_t pair, std::int64_t row, std::int64_t byte = 0) const;

  void read_row(std::int64_t pair, std::int64_t row, std::span<float> to) const {
    decode(element_, at(pair, row), to);
  }

  /// Draws all elements, about normal: sums of four uniform numbers with mean 0 and deviation
  /// `scale`, rounded to the element's type.
  void draw(std::uint64_t seed, double scale);

  void note_store(std::int64_t pair, std::int64_t row);
  static constexpr std::int64_t kMostStores = 255;  ///< that are counted
  int stores(std::int64_t pair, std::int64_t row) const { return stores_[index(pair, row)]; }

 private:
  std::size_t index(std::int64_t pair, std::int64_t row) const {
    return static_cast<std::size_t>(pair * rows_ + row);
  }

  Element element_;
  std::int64_t rows_ = 0;
  std::int64_t cols_ = 0;
  std::vector<std::byte> storage_;
  std::vector<std::uint8_t> stores_;
};

/// All tensors of a layer. No V if it is in K, a bias if
/// there is one, the same for the whole batch. S, P and parts of O exist only where a phase passes
/// them through DRAM.
class DramTensors {
 public:
  /// Draws Q, K, V and the bias from `seed`. `parts`: of every row of O, if there are any.
  DramTensors(const Shape& shape, const Elements& elements, std::span<const PhasePlan> phases,
              std::int64_t parts, std::uint64_t seed);

  DramTensor& of(Operand operand) { return tensors_[static_cast<std::size_t>(operand)]; }
  const DramTensor& of(Operand operand) const {
    return tensors_[static_cast<std::size_t>(operand)];
  }

 private:
  std::array<DramTensor, kDramOperands> tensors_;  ///< by Operand
};

}  // namespace tilewright
