// The bytes of one L1, with a note at each byte of what it holds.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace tilewright {

/// Offsets are counted in the workload's bytes; each has `scale` bytes of storage.
class Arena {
 public:
  /// `bytes`: as many as are ever used, at most the L1's capacity.
  Arena(std::int64_t bytes, std::int64_t scale)
      : scale_(scale),
        storage_(static_cast<std::size_t>(bytes * scale)),
        tags_(static_cast<std::size_t>(bytes)) {}

  std::byte* at(std::int64_t offset) { return storage_.data() + offset * scale_; }

  /// Nothing is held any more.
  void forget() { std::fill(tags_.begin(), tags_.end(), 0U); }

  void tag(std::int64_t offset, std::int64_t bytes, std::uint32_t datum) {
    std::fill_n(tags_.begin() + offset, bytes, datum);
  }

  /// `datum` if all these bytes hold it, else what the first other one holds (0: nothing yet).
  std::uint32_t held(std::int64_t offset, std::int64_t bytes, std::uint32_t datum) const {
    const std::uint32_t* const tags = tags_.data() + offset;
    std::uint32_t differing = 0;
    for (std::int64_t i = 0; i < bytes; ++i) {
      differing |= tags[i] ^ datum;
    }
    return differing == 0 ? datum : *std::find_if(tags, tags + bytes, [datum](std::uint32_t tag) {
      return tag != datum;
    });
  }

 private:
  std::int64_t scale_;
  std::vector<std::byte> storage_;
  std::vector<std::uint32_t> tags_;
};

}  // namespace tilewright
