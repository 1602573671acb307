#include "replay/dram_tensors.h"

#include <algorithm>
#include <cmath>

#include "search/random.h"

namespace tilewright {

DramTensor::DramTensor(const Element& element, std::int64_t pairs, std::int64_t rows,
                       std::int64_t cols)
    : element_(element),
      rows_(rows),
      cols_(cols),
      storage_(static_cast<std::size_t>(pairs * rows * cols * element.storage())),
      stores_(static_cast<std::size_t>(pairs * rows)) {}

std::byte* DramTensor::at(std::int64_t pair, std::int64_t row, std::int64_t byte) {
  return storage_.data() + ((pair * rows_ + row) * row_bytes() + byte) * element_.scale;
}

const std::byte* DramTensor::at(std::int64_t pair, std::int64_t row, std::int64_t byte) const {
  return storage_.data() + ((pair * rows_ + row) * row_bytes() + byte) * element_.scale;
}

void DramTensor::draw(std::uint64_t seed, double scale) {
  // Four numbers of 16 bits from each draw: their sum has mean 4 x 32,767.5 and variance
  // 4 (2^32 - 1) / 12. No function of the C library, so the same values everywhere.
  constexpr double kMean = 4 * 32767.5;
  const double unit = scale / std::sqrt(4 * 4294967295.0 / 12);
  Random random(seed);
  const auto step = static_cast<std::size_t>(element_.storage());
  for (std::size_t i = 0; i < storage_.size(); i += step) {
    const std::uint64_t bits = random.next();
    const std::uint64_t sum =
        (bits & 0xFFFFU) + (bits >> 16U & 0xFFFFU) + (bits >> 32U & 0xFFFFU) + (bits >> 48U);
    const auto value = static_cast<float>((static_cast<double>(sum) - kMean) * unit);
    encode(element_, {&value, 1}, &storage_[i]);
  }
}

void DramTensor::note_store(std::int64_t pair, std::int64_t row) {
  std::uint8_t& count = stores_[index(pair, row)];
  count = static_cast<std::uint8_t>(std::min<std::int64_t>(count + 1, kMostStores));
}

DramTensors::DramTensors(const Shape& shape, const Elements& elements,
                         std::span<const PhasePlan> phases, std::int64_t parts,
                         std::uint64_t seed) {
  of(Operand::kQ) = {elements.input, shape.pairs, shape.rows, shape.qk_dim};
  of(Operand::kK) = {elements.kv, shape.pairs, shape.cols, shape.qk_dim};
  if (!shape.v_in_k) {
    of(Operand::kV) = {elements.kv, shape.pairs, shape.cols, shape.v_dim};
  }
  of(Operand::kO) = {elements.input, shape.pairs, shape.rows, shape.v_dim};
  if (shape.bias_bytes > 0) {
    of(Operand::kBias) = {elements.bias, shape.bias_pairs, shape.rows, shape.cols};
  }
  for (const PhasePlan& phase : phases) {
    if (phase.output == Operand::kS) {
      of(Operand::kS) = {elements.score, shape.pairs, shape.rows, shape.cols};
    } else if (phase.output == Operand::kP) {
      of(Operand::kP) = {elements.input, shape.pairs, shape.rows, shape.cols};
    } else if (phase.makes_parts()) {
      of(Operand::kPart) = {elements.accumulator, shape.pairs, shape.rows,
                            parts * part_elements(shape)};
    }
  }
  // Q carries the 1 / sqrt(E) of attention, as kernels fold it in: scores are about N(0, 1).
  const double fold = 1 / std::sqrt(static_cast<double>(shape.qk_dim));
  of(Operand::kQ).draw(Random::of(seed, 0, 0).next(), fold);
  of(Operand::kK).draw(Random::of(seed, 0, 1).next(), 1);
  of(Operand::kV).draw(Random::of(seed, 0, 2).next(), 1);
  of(Operand::kBias).draw(Random::of(seed, 0, 3).next(), 1);
}

}  // namespace tilewright
