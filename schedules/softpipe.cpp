// Soft-Pipe, a baseline of MAS-Attention (arXiv 2411.17720): Q K^T and softmax in one pass, P
// through DRAM, then P V. With two buffers S has two slots as well, so that the matrix unit works
// on the scores of the next round during a softmax.
#include <array>

#include "schedules/schedule.h"
#include "schedules/schedules.h"

namespace tilewright {
namespace {

constexpr std::array<std::string_view, 1> kVariants{"double-buffered"};

PhasePlan probabilities_phase(const Shape& shape, std::int64_t buffers) {
  PhasePlan phase = fused_phase(shape, {});
  phase.has_second = false;
  phase.scores_ahead = buffers > 1;
  phase.output = Operand::kP;
  phase.output_slot_row_bytes = shape.cols * shape.bytes.input;
  phase.output_row_bytes = phase.output_slot_row_bytes;
  return phase;
}

class SoftPipe final : public Schedule {
 public:
  std::string_view name() const override { return "softpipe"; }
  std::string_view summary() const override {
    return "Soft-Pipe (as in arXiv 2411.17720): Q K^T with softmax, P through DRAM, then P V";
  }
  std::span<const std::string_view> variants() const override { return kVariants; }
  ModeValues searched(std::string_view) const override { return {}; }

  Plan plan(const Shape& shape, const Mode& mode, std::string_view) const override {
    Plan plan;
    plan.phase_table[0] = probabilities_phase(shape, mode.buffers);
    plan.phase_table[1] = output_phase(shape, mode.buffers);
    plan.phase_count = 2;
    return plan;
  }
};

}  // namespace

const Schedule& softpipe_schedule() {
  static const SoftPipe schedule;
  return schedule;
}

}  // namespace tilewright
