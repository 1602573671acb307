// Every candidate: the ground truth.
#include <algorithm>
#include <span>
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

  std::optional<FrontOutcome> run_front(const FrontTask& task) const override {
    const Int128 size = task.space.size();
    Front front;
    FrontOutcome outcome;
    while (outcome.evaluated < size && !task.budget.spent(outcome.evaluated)) {
      const std::int64_t wanted = next_count(task.budget, size, outcome.evaluated);
      const auto look = [&](Evaluator& evaluator, std::span<const Tiling> tilings, Front& points) {
        for (const Tiling& tiling : tilings) {
          offer_candidate(points, task.axes, evaluator, tiling);
        }
      };
      for (const Front& part : pieces(task, outcome.evaluated, wanted, Front{}, look)) {
        front.offer(part);
      }
      outcome.evaluated += wanted;
    }
    outcome.points = front.points();
    outcome.proven = outcome.evaluated == size;
    outcome.gap = outcome.proven ? 0 : 1;
    return outcome;
  }

  SearchOutcome run(const SearchTask& task) const override {
    const Int128 size = task.space.size();
    Incumbent incumbent(task.objective);
    SearchOutcome outcome;
    while (outcome.evaluated < size && !task.budget.spent(outcome.evaluated)) {
      const std::int64_t wanted = next_count(task.budget, size, outcome.evaluated);
      const auto look = [&](Evaluator& evaluator, std::span<const Tiling> tilings,
                            Incumbent& best) {
        evaluator.evaluate_each(
            tilings, task.objective,
            [&best](std::size_t, const std::optional<Candidate>& found) { best.offer(found); });
      };
      for (const Incumbent& part :
           pieces(task, outcome.evaluated, wanted, Incumbent(task.objective), look)) {
        incumbent.offer(part.best());
      }
      outcome.evaluated += wanted;
    }
    outcome.best = incumbent.best();
    outcome.proven = outcome.evaluated == size;
    return outcome;
  }

 private:
  static std::int64_t next_count(const Budget& budget, Int128 size, Int128 done) {
    return budget.allowed(
        done, static_cast<std::int64_t>(std::min<Int128>(size - done, kPiece * kPiecesAtOnce)));
  }

  /// What look(evaluator, legal tilings, found) finds in every piece of [from, from + count) of the
  /// space in its natural order, each beginning with `nothing`.
  template <typename Task, typename Found, typename Look>
  static std::vector<Found> pieces(const Task& task, Int128 from, std::int64_t count,
                                   const Found& nothing, const Look& look) {
    std::vector<Found> found(static_cast<std::size_t>(ceil_div(count, kPiece)), nothing);
    task.executor.for_each(static_cast<std::int64_t>(found.size()),
                           [&](std::int64_t piece, Evaluator& evaluator) {
                             const std::int64_t end = std::min(count, (piece + 1) * kPiece);
                             std::vector<Tiling> legal;
                             for (std::int64_t i = piece * kPiece; i < end; ++i) {
                               const Tiling tiling = at(task.space, from + i);
                               if (is_legal(evaluator.problem().shape, tiling)) {
                                 legal.push_back(tiling);
                               }
                             }
                             look(evaluator, legal, found[static_cast<std::size_t>(piece)]);
                           });
    return found;
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
