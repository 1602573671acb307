// FlashAttention-3 (Shah et al., arXiv 2407.08608): online softmax in two streams. While the vector
// unit does softmax of one sub-tile, the matrix unit works on Q K^T of a later and P V of an
// earlier one. The paper's 2-stage pipeline is look-ahead 1, its 3-stage pipeline look-ahead 2.
#include <array>

#include "schedules/schedule.h"
#include "schedules/schedules.h"

namespace tilewright {
namespace {

constexpr std::array<std::string_view, 1> kVariants{"two-stream"};

class Flash3 final : public Schedule {
 public:
  std::string_view name() const override { return "flash3"; }
  std::string_view summary() const override {
    return "FlashAttention-3 (arXiv 2407.08608): online softmax, two streams";
  }
  std::span<const std::string_view> variants() const override { return kVariants; }

  ModeValues searched(std::string_view) const override {
    ModeValues values;
    values.lookahead = {1, 2, 3};
    values.core_split.push_back(CoreSplit::kKeyValue);
    return values;
  }

  ModeValues legal(std::string_view variant) const override {
    ModeValues values = searched(variant);
    values.lookahead = {0, 1, 2, 3};
    return values;
  }

  Plan plan(const Shape& shape, const Mode& mode, std::string_view) const override {
    return online_plan(shape, mode);
  }
};

}  // namespace

const Schedule& flash3_schedule() {
  static const Flash3 schedule;
  return schedule;
}

}  // namespace tilewright
