#include "costmodel/phase_costs.h"

#include "costmodel/slot_forms.h"

namespace tilewright {

template Sizes sizes_of(const Shape& shape, const Tiling& tiling, const CoreLayout& layout);
template std::int64_t peak_bytes(const Shape& shape, const Sizes& sizes, const CoreLayout& layout,
                                 const Divisor& alignment, std::span<const PhasePlan> phases);

Footprint footprint(const Shape& shape, const Sizes& sizes, const CoreLayout& layout,
                    const Divisor& alignment, const PhasePlan& phase) {
  Footprint total;
  const auto add = [&](Operand operand, std::int64_t bytes, std::int64_t slots,
                       std::int64_t copies) {
    if (bytes > 0 && slots > 0) {
      total.kinds[total.count] = {operand, alignment.round_up(bytes), slots, copies};
      total.bytes += total.kinds[total.count++].bytes();
    }
  };
  if (phase.own_rows) {
    const PhaseDeal deal = phase_deal(shape, sizes.tiling, layout, phase);
    const Sizes own = sizes_of(shape, deal.tiling, deal.layout);
    SlotKinds(shape, own, deal.layout, add).visit(phase);
  } else {
    SlotKinds(shape, sizes, layout, add).visit(phase);
  }
  return total;
}

}  // namespace tilewright
