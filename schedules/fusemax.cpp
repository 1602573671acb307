// FuseMax (Nayak et al., MICRO 2024, arXiv 2406.10491): online softmax with one division a row of O
// at the end, in epochs that keep the matrix and the vector array busy at once. Where the matrix
// array can, it does all that is done with single scores, and they never leave it.
#include <array>

#include "schedules/schedule.h"
#include "schedules/schedules.h"

namespace tilewright {
namespace {

constexpr std::array<std::string_view, 1> kVariants{"epochs"};

class FuseMax final : public Schedule {
 public:
  std::string_view name() const override { return "fusemax"; }
  std::string_view summary() const override {
    return "FuseMax (MICRO'24, arXiv 2406.10491): online softmax, both arrays in epochs";
  }
  std::span<const std::string_view> variants() const override { return kVariants; }

  ModeValues searched(std::string_view) const override {
    ModeValues values;
    values.buffers = {2};
    values.lookahead = {1};
    return values;
  }

  Plan plan(const Shape& shape, const Mode&, std::string_view) const override {
    Plan plan;
    plan.phase_table[0] = epoch_phase(shape, true);
    // A soft cap takes operations that no array has, a bias another operand.
    plan.phase_table[0].on_array = !shape.softcap && shape.bias_bytes == 0;
    plan.phase_count = 1;
    return plan;
  }
};

}  // namespace

const Schedule& fusemax_schedule() {
  static const FuseMax schedule;
  return schedule;
}

}  // namespace tilewright
