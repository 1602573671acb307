// MAS-Attention (Shakerdargah et al., arXiv 2411.17720, MLSys'25): two streams. While the vector
// unit does softmax of one round, the matrix unit works on Q K^T of the next and P V of the
// previous one.
#include <array>

#include "schedules/schedule.h"
#include "schedules/schedules.h"

namespace tilewright {
namespace {

constexpr std::array<std::string_view, 1> kVariants{"two-stream"};

class Mas final : public Schedule {
 public:
  std::string_view name() const override { return "mas"; }
  std::string_view summary() const override {
    return "MAS-Attention (arXiv 2411.17720): matrix and vector unit as two streams";
  }
  std::span<const std::string_view> variants() const override { return kVariants; }

  ModeValues searched(std::string_view) const override {
    ModeValues values;
    values.lookahead = {1, 2, 3};
    values.overwrite = {Overwrite::kNone, Overwrite::kKey, Overwrite::kValue};
    return values;
  }

  ModeValues legal(std::string_view variant) const override {
    ModeValues values = searched(variant);
    values.lookahead = {0, 1, 2, 3};
    return values;
  }

  Plan plan(const Shape& shape, const Mode& mode, std::string_view) const override {
    Plan plan;
    plan.phase_table[0] = fused_phase(shape, mode);
    // The paper keeps the logits C and the probabilities P apart. One stream after the other
    // (look-ahead 0) is FLAT's program, where P takes the slot of S.
    if (mode.lookahead > 0) {
      plan.phase_table[0].prob_row_bytes = shape.cols * shape.bytes.input;
    }
    plan.phase_count = 1;
    return plan;
  }
};

}  // namespace

const Schedule& mas_schedule() {
  static const Mas schedule;
  return schedule;
}

}  // namespace tilewright
