// Layer by layer: three operators one after the other, S and P through DRAM.
#include <array>

#include "schedules/schedule.h"
#include "schedules/schedules.h"

namespace tilewright {
namespace {

constexpr std::string_view kTiled = "tiled";
constexpr std::array<std::string_view, 2> kVariants{"double-buffered", kTiled};

PhasePlan scores_phase(const Shape& shape, std::int64_t buffers) {
  PhasePlan phase;
  phase.input = Operand::kQ;
  phase.input_row_bytes = shape.qk_dim * shape.bytes.input;
  phase.has_first = true;
  phase.first_kind = MatmulKind::kQK;
  phase.output = Operand::kS;
  phase.output_slot_row_bytes = shape.cols * shape.bytes.score;
  phase.output_row_bytes = phase.output_slot_row_bytes;
  // With one output slot the matmul waits for the store, so its loads must not stand before it.
  phase.store_first = buffers == 1;
  return phase;
}

PhasePlan softmax_phase(const Shape& shape) {
  PhasePlan phase;
  phase.input = Operand::kS;
  phase.input_row_bytes = shape.cols * shape.bytes.score;
  phase.has_softmax = true;
  phase.bias_row_bytes = shape.cols * shape.bias_bytes;
  phase.output = Operand::kP;
  phase.output_slot_row_bytes = shape.cols * shape.bytes.input;
  phase.output_row_bytes = phase.output_slot_row_bytes;
  return phase;
}

/// S leaves, and P comes, sub-tile by sub-tile, in epochs: no phase but softmax needs whole rows.
Plan tiled_plan(const Shape& shape) {
  constexpr std::int64_t kBuffers = 2;
  Plan plan;
  plan.phase_table = {scores_phase(shape, kBuffers), softmax_phase(shape),
                      output_phase(shape, kBuffers)};
  plan.phase_count = 3;
  for (PhasePlan& phase : plan.phase_table) {
    phase.epochs = true;
  }
  plan.phase_table[1].own_rows = true;
  return plan;
}

class Layerwise final : public Schedule {
 public:
  std::string_view name() const override { return "layerwise"; }
  std::string_view summary() const override {
    return "three operators one after the other, S and P through DRAM";
  }
  std::span<const std::string_view> variants() const override { return kVariants; }
  ModeValues searched(std::string_view variant) const override {
    ModeValues values;
    if (variant == kTiled) {
      values.buffers = {2};
    }
    return values;
  }

  std::optional<std::string> refuses(const Workload& workload,
                                     std::string_view variant) const override {
    if (variant == kTiled && shape_of(workload).mask.causal) {
      return "tiled, softmax cuts rows another way than the matmuls, which see other keys; "
             "expected "
             "mask: none";
    }
    return std::nullopt;
  }

  Plan plan(const Shape& shape, const Mode& mode, std::string_view variant) const override {
    if (variant == kTiled) {
      return tiled_plan(shape);
    }
    Plan plan;
    plan.phase_table = {scores_phase(shape, mode.buffers), softmax_phase(shape),
                        output_phase(shape, mode.buffers)};
    plan.phase_count = 3;
    return plan;
  }
};

}  // namespace

const Schedule& layerwise_schedule() {
  static const Layerwise schedule;
  return schedule;
}

}  // namespace tilewright
