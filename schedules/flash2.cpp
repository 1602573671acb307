// FlashAttention-2 (Dao, arXiv 2307.08691): online softmax, the stages of a tile one after the
// other. Scores are kept for one sub-tile at a time, so that L1 does not limit the length.
#include <array>

#include "schedules/schedule.h"
#include "schedules/schedules.h"

namespace tilewright {
namespace {

constexpr std::array<std::string_view, 1> kVariants{"one-stream"};

class Flash2 final : public Schedule {
 public:
  std::string_view name() const override { return "flash2"; }
  std::string_view summary() const override {
    return "FlashAttention-2 (arXiv 2307.08691): online softmax, the stages one after the other";
  }
  std::span<const std::string_view> variants() const override { return kVariants; }

  ModeValues searched(std::string_view) const override {
    ModeValues values;
    values.core_split.push_back(CoreSplit::kKeyValue);
    return values;
  }

  Plan plan(const Shape& shape, const Mode& mode, std::string_view) const override {
    return online_plan(shape, mode);
  }
};

}  // namespace

const Schedule& flash2_schedule() {
  static const Flash2 schedule;
  return schedule;
}

}  // namespace tilewright
