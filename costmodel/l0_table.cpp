#include "costmodel/l0_table.h"

namespace tilewright {
namespace {

constexpr std::size_t kFewestSlots = 1U << 10U;
constexpr std::size_t kMostSlots = 1U << 19U;  // 32 MiB

}  // namespace

L0Table::L0Table() {
  all_.push_back(std::make_unique<Slots>(kFewestSlots));
  newest_.store(all_.back().get(), std::memory_order_release);
}

/// Into the first free slot; the key last, for readers.
const L0Answer* L0Table::Slots::put(std::uint64_t key, const L0Answer& answer) {
  std::size_t at = hash(key);
  while (table[at].key.load(std::memory_order_relaxed) != 0) {
    at = (at + 1) & mask;
  }
  table[at].answer = answer;
  table[at].key.store(key, std::memory_order_release);
  return &table[at].answer;
}

const L0Answer* L0Table::insert(std::uint64_t key, const L0Answer& answer) {
  const std::lock_guard lock(writing_);
  if (const L0Answer* there = find(key)) {
    return there;  // another thread was faster
  }
  const Slots* slots = all_.back().get();
  if (4 * (used_ + 1) > 3 * slots->table.size()) {
    if (slots->table.size() == kMostSlots) {
      return nullptr;
    }
    auto larger = std::make_unique<Slots>(2 * slots->table.size());
    for (const Slot& slot : slots->table) {
      if (slot.key.load(std::memory_order_relaxed) != 0) {
        larger->put(slot.key.load(std::memory_order_relaxed), slot.answer);
      }
    }
    newest_.store(larger.get(), std::memory_order_release);
    all_.push_back(std::move(larger));
  }
  ++used_;
  return all_.back()->put(key, answer);
}

}  // namespace tilewright
