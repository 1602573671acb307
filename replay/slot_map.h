// Where every slot of a phase stands in L1.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "costmodel/evaluator.h"
#include "replay/offset_allocator.h"
#include "schedules/expand.h"

namespace tilewright {

/// Which L1, and the bytes of a slot in it.
struct SlotPlace {
  std::size_t arena = 0;
  std::int64_t offset = 0;
  std::int64_t bytes = 0;
};

/// The slots of one phase.
class SlotMap {
 public:
  /// Places all kinds of slots of `footprint` by first fit, in the one arena (a shared L1) or in
  /// each core's. Throws std::logic_error if they do not fit: the cost model says that they do.
  SlotMap(const Problem& problem, const Footprint& footprint, std::vector<OffsetAllocator>& arenas);

  /// Places scores that the matrix arrays hold themselves: a memory each in `arenas`, the first
  /// core's at `first_arena`.
  void place_in_arrays(const SlotKind& kind, std::size_t first_arena,
                       std::vector<OffsetAllocator>& arenas);

  /// Empty if the footprint does not have the slot.
  std::optional<SlotPlace> find(const SlotUse& slot) const;

  /// For tests: takes `bytes` from the end of every slot of a pool.
  void shrink(SlotUse::Pool pool, std::int64_t bytes);

 private:
  struct PoolSlots {
    SlotUse::Pool pool = SlotUse::Pool::kInput;
    std::int64_t slots = 0;         ///< in a copy
    std::int64_t copies = 0;        ///< one for each core; 1: the first core's for all
    std::vector<SlotPlace> places;  ///< copy by copy
  };

  template <typename ArenaOf>
  void place_copies(SlotUse::Pool pool, const SlotKind& kind, std::int64_t copies,
                    const ArenaOf& arena_of, std::vector<OffsetAllocator>& arenas);
  void place(SlotUse::Pool pool, const SlotKind& kind, std::vector<OffsetAllocator>& arenas);

  bool shared_;
  std::vector<PoolSlots> pools_;
};

}  // namespace tilewright
