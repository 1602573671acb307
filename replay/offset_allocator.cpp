#include "replay/offset_allocator.h"

#include <algorithm>

#include "common/math.h"

namespace tilewright {

std::optional<std::int64_t> OffsetAllocator::allocate(std::int64_t bytes) {
  std::int64_t offset = 0;
  for (const auto& [begin, end] : blocks_) {
    if (begin - offset >= bytes) {
      break;
    }
    offset = round_up(end, alignment_);
  }
  if (bytes > capacity_ - offset) {
    return std::nullopt;
  }
  blocks_[offset] = offset + bytes;
  peak_ = std::max(peak_, offset + bytes);
  return offset;
}

}  // namespace tilewright
