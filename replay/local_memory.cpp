#include "replay/local_memory.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "schedules/operation_names.h"

namespace tilewright {

LocalMemory::LocalMemory(const std::vector<OffsetAllocator>& arenas, std::int64_t scale,
                         Violations& violations)
    : scale_(scale), violations_(violations) {
  for (const OffsetAllocator& arena : arenas) {
    arenas_.emplace_back(arena.peak(), scale);
  }
}

void LocalMemory::enter_phase(const SlotMap& slots) {
  slots_ = &slots;
  written_.clear();
  last_writer_.clear();
  for (Arena& arena : arenas_) {
    arena.forget();
  }
}

LocalMemory::Range LocalMemory::locate(const Step& step, const SlotByte& at, std::int64_t bytes,
                                       const Datum& datum) {
  const auto place = slots_->find(at.slot);
  if (!place || at.byte + bytes > place->bytes) {
    const std::string problem = place ? fmt::format("needs bytes {} to {} of a slot of {}", at.byte,
                                                    at.byte + bytes, place->bytes)
                                      : "is in a slot that the footprint does not have";
    violations_.add(
        {operation_text(step.operation), slot_text(at.slot), datum_text(datum), problem});
    return {};
  }
  return {&arenas_[place->arena], place->offset + at.byte, {place->arena, place->offset}};
}

std::string LocalMemory::mismatch(const Range& range, std::uint32_t expected,
                                  std::uint32_t found) const {
  if (!written_.contains({range.slot, expected})) {
    return found == 0 ? "is read before it is written"
                      : fmt::format("is read before it is written; {} is there",
                                    datum_text(data_.at(found)));
  }
  return fmt::format("is still needed but overwritten; {} is there, the last writer was {}",
                     found == 0 ? "nothing" : datum_text(data_.at(found)),
                     operation_text(last_writer_.at(range.slot)->operation));
}

bool LocalMemory::expect(const Step& step, const SlotByte& at, const Range& range,
                         std::int64_t bytes, const Datum& expected) {
  const std::uint32_t number = data_.number(expected);
  const std::uint32_t found = range.arena->held(range.offset, bytes, number);
  if (found == number) {
    return true;
  }
  violations_.add({operation_text(step.operation), slot_text(at.slot), datum_text(expected),
                   mismatch(range, number, found)});
  return false;
}

void LocalMemory::note_write(const Step& step, const Range& range, std::uint32_t number) {
  written_.emplace(range.slot, number);
  last_writer_[range.slot] = &step;
}

bool LocalMemory::read(const Step& step, const Block& block, const Datum& expected,
                       std::span<float> to) {
  bool good = true;
  const auto cols = static_cast<std::size_t>(block.cols);
  for (std::int64_t row = 0; row < block.rows && good; ++row) {
    SlotByte at = block.at;
    at.byte += row * block.stride * block.element.bytes;
    const std::int64_t bytes = block.cols * block.element.bytes;
    const Range range = locate(step, at, bytes, expected);
    if (range.arena == nullptr) {
      return false;
    }
    good = expect(step, at, range, bytes, expected);
    decode(block.element, range.arena->at(range.offset),
           to.subspan(static_cast<std::size_t>(row) * cols, cols));
  }
  return good;
}

bool LocalMemory::write(const Step& step, const Block& block, const Datum& datum,
                        std::span<const float> from) {
  const std::uint32_t number = data_.number(datum);
  const auto cols = static_cast<std::size_t>(block.cols);
  for (std::int64_t row = 0; row < block.rows; ++row) {
    SlotByte at = block.at;
    at.byte += row * block.stride * block.element.bytes;
    const std::int64_t bytes = block.cols * block.element.bytes;
    const Range range = locate(step, at, bytes, datum);
    if (range.arena == nullptr) {
      return false;
    }
    encode(block.element, from.subspan(static_cast<std::size_t>(row) * cols, cols),
           range.arena->at(range.offset));
    range.arena->tag(range.offset, bytes, number);
    if (row == 0) {
      note_write(step, range, number);
    }
  }
  return true;
}

bool LocalMemory::read_bytes(const Step& step, const SlotByte& at, std::int64_t bytes,
                             const Datum& expected, std::byte* to) {
  const Range range = locate(step, at, bytes, expected);
  if (range.arena == nullptr) {
    return false;
  }
  std::memcpy(to, range.arena->at(range.offset), static_cast<std::size_t>(bytes * scale_));
  return expect(step, at, range, bytes, expected);
}

bool LocalMemory::write_bytes(const Step& step, const SlotByte& at, std::int64_t bytes,
                              const Datum& datum, const std::byte* from) {
  const Range range = locate(step, at, bytes, datum);
  if (range.arena == nullptr) {
    return false;
  }
  std::memcpy(range.arena->at(range.offset), from, static_cast<std::size_t>(bytes * scale_));
  const std::uint32_t number = data_.number(datum);
  range.arena->tag(range.offset, bytes, number);
  note_write(step, range, number);
  return true;
}

}  // namespace tilewright
