// L1 during a replay: one arena, or one for each core. Every access names its slot and what it
// means to read, and is checked.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "replay/arena.h"
#include "replay/datum.h"
#include "replay/element.h"
#include "replay/program.h"
#include "replay/slot_map.h"
#include "replay/violation.h"

namespace tilewright {

/// A place in a slot, counted in bytes from the start of the slot.
struct SlotByte {
  SlotUse slot;
  std::int64_t byte = 0;
};

/// rows x cols elements, each row `stride` elements after the one before.
struct Block {
  SlotByte at;
  Element element;
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  std::int64_t stride = 0;

  static Block dense(const SlotByte& at, const Element& element, std::int64_t rows,
                     std::int64_t cols) {
    return {at, element, rows, cols, cols};
  }
};

class LocalMemory {
 public:
  LocalMemory(const std::vector<OffsetAllocator>& arenas, std::int64_t scale,
              Violations& violations);

  /// The slots of the next phase; what the last one left is gone. `slots` must outlive the phase.
  void enter_phase(const SlotMap& slots);

  // All return false, and note why, if the access leaves its slot or finds something else there;
  // such a write is left out, such a read gives what is there. They are on behalf of `step`.

  bool read(const Step& step, const Block& block, const Datum& expected, std::span<float> to);
  bool write(const Step& step, const Block& block, const Datum& datum, std::span<const float> from);

  /// As stored, `bytes` counted in the workload's bytes.
  bool read_bytes(const Step& step, const SlotByte& at, std::int64_t bytes, const Datum& expected,
                  std::byte* to);
  bool write_bytes(const Step& step, const SlotByte& at, std::int64_t bytes, const Datum& datum,
                   const std::byte* from);

 private:
  using SlotKey = std::pair<std::size_t, std::int64_t>;  ///< arena, offset
  struct Range {
    Arena* arena = nullptr;
    std::int64_t offset = 0;
    SlotKey slot;
  };

  /// Where `bytes` from `at` on are; no arena, and a violation, if they are not all in the slot.
  Range locate(const Step& step, const SlotByte& at, std::int64_t bytes, const Datum& datum);
  bool expect(const Step& step, const SlotByte& at, const Range& range, std::int64_t bytes,
              const Datum& expected);
  void note_write(const Step& step, const Range& range, std::uint32_t number);
  std::string mismatch(const Range& range, std::uint32_t expected, std::uint32_t found) const;

  std::int64_t scale_;
  std::vector<Arena> arenas_;
  const SlotMap* slots_ = nullptr;
  DatumTable data_;
  std::set<std::pair<SlotKey, std::uint32_t>> written_;  ///< in this phase
  std::map<SlotKey, const Step*> last_writer_;
  Violations& violations_;
};

}  // namespace tilewright
