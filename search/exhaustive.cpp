// Every candidate: the ground truth.
#include <algorithm>
#include <array>
#include <vector>

#include "search/course.h"
#include "search/strategy.h"

namespace tilewright {
namespace {

/// One piece of work: neighbours in the space, most of which differ in kv_cols alone.
constexpr std::int64_t kPiece = 1024;
constexpr std::int64_t kPiecesAtOnce = 64;
constexpr std::int64_t kFrontPiecesAtOnce = 16;  ///< a round is a row of its record

/// Candidates evaluated together, between two looks at the clock: under a mask, where they go one
/// by one and can take milliseconds each, a few.
std::int64_t between_looks(const SearchTask& task) {
  constexpr std::int64_t kFew = 8;
  return task.problem.shape.mask.causal ? kFew : kPiece;
}

class Exhaustive final : public Strategy {
 public:
  std::string_view name() const override { return "exhaustive"; }
  std::string_view summary() const override { return "every candidate; the ground truth"; }
  bool is_exact() const override { return true; }

  std::optional<FrontOutcome> run_front(const FrontTask& task) const override {
    const Int128 size = task.space.size();
    Front front = task.start;
    FrontOutcome outcome;
    while (outcome.evaluated < size && !task.budget.spent(outcome.evaluated)) {
      if (task.trace != nullptr && task.trace->begin_round()) {
        task.trace->add(outcome.evaluated, front, kNoBound);
      }
      const std::int64_t wanted = next_count(task.budget, size, outcome.evaluated);
      Int128 evaluated = 0;
      for (const Piece& piece : pieces(task, outcome.evaluated, wanted)) {
        front.offer(piece.front);
        evaluated += piece.evaluated;
      }
      outcome.evaluated += evaluated;
    }
    outcome.points = front.points();
    outcome.proven = outcome.evaluated == size;
    outcome.gap = outcome.proven ? 0 : front_gap(outcome.points, kNoBound);
    return outcome;
  }

  SearchOutcome run(const SearchTask& task) const override {
    const Int128 size = task.space.size();
    const std::int64_t together = between_looks(task);
    Course course(task, size);
    while (!course.finished()) {
      course.round(kPiecesAtOnce, kPiece, [&](std::int64_t, Probe& probe, Evaluator& evaluator) {
        while (probe.may_go_on()) {
          std::vector<Tiling> next;
          for (std::int64_t i = 0; i < std::min(together, probe.left()); ++i) {
            next.push_back(at(task.space, probe.position() + i));
          }
          probe.evaluate_each(evaluator, next);
        }
      });
    }
    SearchOutcome outcome = course.outcome();
    outcome.proven = outcome.evaluated == size;
    return outcome;
  }

 private:
  /// Of a space that is not yet looked at to its end.
  static constexpr std::array<FrontValues, 1> kNoBound{};

  static std::int64_t next_count(const Budget& budget, Int128 size, Int128 done) {
    return budget.allowed(done, static_cast<std::int64_t>(
                                    std::min<Int128>(size - done, kPiece * kFrontPiecesAtOnce)));
  }

  struct Piece {
    Front front;
    std::int64_t evaluated = 0;  ///< fewer than there are where time runs out
  };

  /// The front of every piece of [from, from + count) of the space in its natural order.
  static std::vector<Piece> pieces(const FrontTask& task, Int128 from, std::int64_t count) {
    std::vector<Piece> found(static_cast<std::size_t>(ceil_div(count, kPiece)));
    task.executor.for_each(
        static_cast<std::int64_t>(found.size()), [&](std::int64_t index, Evaluator& evaluator) {
          Piece& piece = found[static_cast<std::size_t>(index)];
          const std::int64_t end = std::min(count, (index + 1) * kPiece);
          for (std::int64_t i = index * kPiece; i < end && !task.budget.out_of_time(); ++i) {
            offer_candidate(piece.front, task.axes, evaluator, at(task.space, from + i));
            ++piece.evaluated;
          }
        });
    return found;
  }

  static Tiling at(const DesignSpace& space, Int128 index) {
    Int128 rest = index % space.per_mode();
    Point point{static_cast<std::size_t>(index / space.per_mode()), {}};
    for (std::size_t axis = kAxes; axis-- > 0;) {
      const std::int64_t size = space.axes[axis].size();
      point.index[axis] = static_cast<std::int64_t>(rest % size);
      rest /= size;
    }
    return tiling_at(space, point);
  }
};

}  // namespace

const Strategy& exhaustive_strategy() {
  static const Exhaustive strategy;
  return strategy;
}

}  // namespace tilewright
