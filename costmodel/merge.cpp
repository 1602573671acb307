#include "costmodel/merge.h"

#include <algorithm>
#include <array>

#include "costmodel/leap.h"

namespace tilewright {
namespace {

/// When queues are free and slots become free, after a row has been merged.
constexpr std::size_t kLoad = 0;
constexpr std::size_t kVector = 1;
constexpr std::size_t kStore = 2;    ///< of separate channels the queue; the newest store
constexpr std::size_t kVector2 = 3;  ///< the merge before the newest one is done
constexpr std::size_t kStore2 = 4;   ///< the store before the newest one is done
constexpr std::size_t kTimes = 5;
using Times = std::array<std::int64_t, kTimes>;

}  // namespace

std::int64_t merge_makespan(const MergeTimes& times, const MergeMachine& machine,
                            std::int64_t rows) {
  const bool single = machine.buffers == 1;
  const auto store = [&](Times& s) {
    s[kStore2] = s[kStore];
    s[kStore] = std::max(s[machine.shared_channel ? kLoad : kStore], s[kVector]) + times.store;
    s[kLoad] = machine.shared_channel ? s[kStore] : s[kLoad];
  };
  // The next row is loaded, the newest one stored, the next one merged.
  const auto step = [&](Times& s) {
    const std::int64_t loaded = std::max(s[kLoad], s[single ? kVector : kVector2]) + times.load;
    s[kLoad] = loaded;
    store(s);
    const std::int64_t start =
        std::max({s[kVector], loaded + machine.latency, s[single ? kStore : kStore2]});
    s[kVector2] = s[kVector];
    s[kVector] = start + times.merge;
  };
  Times s{};
  s[kLoad] = times.load;
  s[kVector] = times.load + machine.latency + times.merge;
  repeat<Extent<kTimes>>(s, rows - 1, step);
  store(s);
  return std::max(s[kLoad], s[kStore]);
}

MergeCosts::MergeCosts(const Hardware& hardware, const Shape& shape, const CoreLayout& layout,
                       const PhasePlan& phase) {
  const OnlineCost online(hardware, shape);
  const TransferCost transfer(hardware, merging_cores(shape, layout));
  const std::int64_t rows = merged_rows(shape, layout, 0);
  const MergeMachine machine{hardware.dram.shared_channel, 1, hardware.dram.latency_cycles};
  for (std::int64_t parts = 1; parts <= std::min(layout.cores, shape.cols); ++parts) {
    times_.push_back({transfer.cycles(parts * phase.input_row_bytes), online.merge_cycles(1, parts),
                      transfer.cycles(phase.output_row_bytes)});
    for (std::int64_t buffers = 1; buffers <= kMaxBuffers; ++buffers) {
      MergeMachine with = machine;
      with.buffers = buffers;
      cycles_.push_back(merge_makespan(times_.back(), with, rows));
    }
  }
}

MergeTimes MergeCosts::times(std::int64_t parts) const {
  return times_[static_cast<std::size_t>(parts - 1)];
}

}  // namespace tilewright
