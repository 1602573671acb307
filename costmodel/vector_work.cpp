#include "costmodel/vector_work.h"

#include <algorithm>

namespace tilewright {

VectorWork vector_work(const Shape& s, std::span<const PhasePlan> phases, std::int64_t sub_tiles) {
  const bool online = std::any_of(phases.begin(), phases.end(),
                                  [](const PhasePlan& phase) { return phase.online; });
  const Int128 rows = static_cast<Int128>(s.pairs) * s.rows;
  const Int128 scores = rows * s.cols;
  const int cast = s.bytes.score != s.bytes.input ? 1 : 0;
  VectorWork work;
  work.l1_bytes = scores * (s.bytes.score + s.bytes.input);
  if (!online) {
    constexpr int kSoftmax = 5;  // maximum, subtract, exp, sum, divide
    work.operations = scores * (kSoftmax + cast);
    return work;
  }
  constexpr int kSoftmax = 4;  // the division comes once, for O
  constexpr int kState = 5;    // maximum, subtract, exp, multiply, add
  work.operations = scores * (kSoftmax + cast) + rows * sub_tiles * (kState + s.v_dim);
  // Of the state, softmax writes three figures and (but at first) reads two; O is read and written
  // with one of them.
  constexpr int kPerSubTile = 3 + 2 + 1;
  work.l1_bytes += rows * s.bytes.accumulator * (sub_tiles * (2 * s.v_dim + kPerSubTile) - 2);
  return work;
}

}  // namespace tilewright
