// TileFlow (Zheng et al., MICRO 2023): Q K^T, softmax and P V as the three stages of a pipeline of
// query tiles. An epoch takes what its slowest stage, or its transfers, take.
#include <array>

#include "schedules/schedule.h"
#include "schedules/schedules.h"

namespace tilewright {
namespace {

constexpr std::array<std::string_view, 1> kVariants{"epochs"};

class TileFlow final : public Schedule {
 public:
  std::string_view name() const override { return "tileflow"; }
  std::string_view summary() const override {
    return "TileFlow (MICRO'23): Q K^T, softmax and P V as a pipeline of three stages, in epochs";
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
    plan.phase_table[0] = epoch_phase(shape, false);
    plan.phase_count = 1;
    return plan;
  }
};

}  // namespace

const Schedule& tileflow_schedule() {
  static const TileFlow schedule;
  return schedule;
}

}  // namespace tilewright
