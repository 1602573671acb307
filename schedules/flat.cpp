// FLAT (Kao et al., arXiv 2107.06419): fused logit and attend operators. The granularities of the
// paper are regions of the factors: row (q_rows below the rows of a head), head (q_rows = rows,
// heads = 1), batch-head (more heads) and whole multi-head (heads = all pairs).
#include <array>

#include "schedules/schedule.h"
#include "schedules/schedules.h"

namespace tilewright {
namespace {

constexpr std::array<std::string_view, 2> kVariants{"double-buffered", "serial"};

class Flat final : public Schedule {
 public:
  std::string_view name() const override { return "flat"; }
  std::string_view summary() const override {
    return "FLAT (arXiv 2107.06419): fused, the stages of a tile one after the other";
  }
  std::span<const std::string_view> variants() const override { return kVariants; }
  std::string_view published_variant() const override { return kVariants[1]; }

  ModeValues searched(std::string_view variant) const override {
    ModeValues values;
    if (is_serial(variant)) {
      values.buffers = {1};
    }
    return values;
  }

  Plan plan(const Shape& shape, const Mode& mode, std::string_view variant) const override {
    Plan plan;
    plan.phase_table[0] = fused_phase(shape, mode);
    plan.phase_count = 1;
    plan.serial = is_serial(variant);
    return plan;
  }
};

}  // namespace

const Schedule& flat_schedule() {
  static const Flat schedule;
  return schedule;
}

}  // namespace tilewright
