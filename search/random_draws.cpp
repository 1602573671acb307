// Independent draws: what any other strategy must beat.
#include "search/course.h"
#include "search/random.h"
#include "search/strategy.h"

namespace tilewright {
namespace {

constexpr std::int64_t kPiece = 256;
constexpr std::int64_t kPiecesAtOnce = 16;

class RandomDraws final : public Strategy {
 public:
  std::string_view name() const override { return "random"; }
  std::string_view summary() const override {
    return "independent draws, sizes log-uniform; what others must beat";
  }

  SearchOutcome run(const SearchTask& task) const override {
    Course course(task);
    for (std::uint64_t round = 0; !course.finished(); ++round) {
      course.round(
          kPiecesAtOnce, kPiece, [&](std::int64_t piece, Probe& probe, Evaluator& evaluator) {
            Random random = Random::of(task.seed, round, static_cast<std::uint64_t>(piece));
            while (probe.may_go_on()) {
              probe.evaluate(evaluator, tiling_at(task.space, random_point(task.space, random)));
            }
          });
    }
    return course.outcome();
  }
};

}  // namespace

const Strategy& random_strategy() {
  static const RandomDraws strategy;
  return strategy;
}

}  // namespace tilewright
