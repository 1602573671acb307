#include "replay/slot_map.h"

#include <stdexcept>

#include <fmt/format.h>

#include "schedules/operation_names.h"

namespace tilewright {
namespace {

using Pool = SlotUse::Pool;

/// A footprint lists the input first and the output last; K, V, S, P, the state and a bias stand
/// between.
Pool pool_of(const Footprint& footprint, std::size_t index) {
  if (index == 0) {
    return Pool::kInput;
  }
  if (index + 1 == footprint.count) {
    return Pool::kOutput;
  }
  switch (footprint.kinds[index].operand) {
    case Operand::kK:
      return Pool::kKey;
    case Operand::kV:
      return Pool::kValue;
    case Operand::kS:
      return Pool::kScore;
    case Operand::kState:
      return Pool::kState;
    case Operand::kBias:
      return Pool::kBias;
    default:
      return Pool::kProbability;
  }
}

}  // namespace

SlotMap::SlotMap(const Problem& problem, const Footprint& footprint,
                 std::vector<OffsetAllocator>& arenas)
    : shared_(problem.layout.l1_shared) {
  for (std::size_t i = 0; i < footprint.count; ++i) {
    place(pool_of(footprint, i), footprint.kinds[i], arenas);
  }
}

void SlotMap::place(Pool pool, const SlotKind& kind, std::vector<OffsetAllocator>& arenas) {
  // With private L1s a footprint counts the slots of one core, which each core has.
  const std::int64_t copies = shared_ ? kind.copies : static_cast<std::int64_t>(arenas.size());
  place_copies(
      pool, kind, copies,
      [&](std::int64_t copy) { return shared_ ? 0 : static_cast<std::size_t>(copy); }, arenas);
}

void SlotMap::place_in_arrays(const SlotKind& kind, std::size_t first_arena,
                              std::vector<OffsetAllocator>& arenas) {
  place_copies(
      Pool::kArray, kind, kind.copies,
      [&](std::int64_t copy) { return first_arena + static_cast<std::size_t>(copy); }, arenas);
}

template <typename ArenaOf>
void SlotMap::place_copies(Pool pool, const SlotKind& kind, std::int64_t copies,
                           const ArenaOf& arena_of, std::vector<OffsetAllocator>& arenas) {
  PoolSlots slots{pool, kind.slots, copies, {}};
  for (std::int64_t copy = 0; copy < copies; ++copy) {
    const std::size_t arena = arena_of(copy);
    for (std::int64_t slot = 0; slot < kind.slots; ++slot) {
      const auto offset = arenas[arena].allocate(kind.slot_bytes);
      if (!offset) {
        throw std::logic_error(fmt::format("no room in L1 for slot {} of {} ({} bytes)", slot,
                                           operand_name(kind.operand), kind.slot_bytes));
      }
      slots.places.push_back({arena, *offset, kind.slot_bytes});
    }
  }
  pools_.push_back(std::move(slots));
}

std::optional<SlotPlace> SlotMap::find(const SlotUse& slot) const {
  for (const PoolSlots& pool : pools_) {
    if (pool.pool == slot.pool && slot.index < pool.slots && slot.core < pool.copies) {
      return pool.places.at(static_cast<std::size_t>(slot.core * pool.slots + slot.index));
    }
  }
  return std::nullopt;
}

void SlotMap::shrink(Pool pool, std::int64_t bytes) {
  for (PoolSlots& slots : pools_) {
    for (SlotPlace& place : slots.places) {
      place.bytes -= slots.pool == pool ? bytes : 0;
    }
  }
}

}  // namespace tilewright
