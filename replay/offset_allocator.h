// Places blocks in a range of bytes: first fit, aligned. It holds no memory.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

namespace tilewright {

class OffsetAllocator {
 public:
  OffsetAllocator(std::int64_t capacity, std::int64_t alignment)
      : capacity_(capacity), alignment_(alignment) {}

  /// The lowest aligned offset at which `bytes` (at least 1) are free; empty if there is none.
  std::optional<std::int64_t> allocate(std::int64_t bytes);

  /// Gives back the block at `offset`.
  void release(std::int64_t offset) { blocks_.erase(offset); }
  void release_all() { blocks_.clear(); }

  std::int64_t capacity() const { return capacity_; }
  /// The highest end of a block so far.
  std::int64_t peak() const { return peak_; }

 private:
  std::int64_t capacity_;
  std::int64_t alignment_;
  std::int64_t peak_ = 0;
  std::map<std::int64_t, std::int64_t> blocks_;  ///< by offset: the end
};

}  // namespace tilewright
