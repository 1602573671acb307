// Every candidate: the ground truth.
#include <algorithm>
#include <vector>

#include "search/strategy.h"

namespace tilewright {
namespace {

/// One piece of work: all kv_cols of one (mode, heads, q_rows), or a part of them.
constexpr std::int64_t kPiece = 256;
constexpr std::int64_t kPiecesAtOnce = 64;

class Exhaustive final : public Strategy {
 public:
  std::string_view name() const override { return "exhaustive"; }
  std::string_view summary() const override { return "every candidate; the ground truth"; }

  SearchOutcome run(const SearchTask& task) const override {
    const Int128 size = task.space.size();
    Incumbent incumbent(task.objective);
    SearchOutcome outcome;
    while (outcome.evaluated < size && !task.budget.spent(outcome.evaluated)) {
      const Int128 left = size - outcome.evaluated;
      const std::int64_t wanted = task.budget.allowed(
          outcome.evaluated,
          static_cast<std::int64_t>(std::min<Int128>(left, kPiece * kPiecesAtOnce)));
      for (const auto& best : batch(task, outcome.evaluated, wanted)) {
        incumbent.offer(best);
      }
      outcome.evaluated += wanted;
    }
    outcome.best = incumbent.best();
    outcome.proven = outcome.evaluated == size;
    return outcome;
  }

 private:
  /// The best of every piece of [from, from + count) of the space in its natural order.
  static std::vector<std::optional<Candidate>> batch(const SearchTask& task, Int128 from,
                                                     std::int64_t count) {
    const std::int64_t pieces = ceil_div(count, kPiece);
    std::vector<std::optional<Candidate>> best(static_cast<std::size_t>(pieces));
    task.executor.for_each(pieces, [&](std::int64_t piece, Evaluator& evaluator) {
      Incumbent incumbent(task.objective);
      const std::int64_t end = std::min(count, (piece + 1) * kPiece);
      for (std::int64_t i = piece * kPiece; i < end; ++i) {
        incumbent.offer(try_candidate(evaluator, at(task.space, from + i), task.objective));
      }
      best[static_cast<std::size_t>(piece)] = incumbent.best();
    });
    return best;
  }

  static Tiling at(const DesignSpace& space, Int128 index) {
    const Int128 per_mode = space.per_mode();
    const Mode& mode = space.modes[static_cast<std::size_t>(index / per_mode)];
    Int128 rest = index % per_mode;
    std::array<std::int64_t, kAxes> values{};
    for (std::size_t axis = kAxes; axis-- > 0;) {
      const Axis& a = space.axes[axis];
      values[axis] = a.value(static_cast<std::int64_t>(rest % a.size()));
      rest /= a.size();
    }
    return tiling_of(mode, values[0], values[1], values[2]);
  }
};

}  // namespace

const Strategy& exhaustive_strategy() {
  static const Exhaustive strategy;
  return strategy;
}

}  // namespace tilewright
