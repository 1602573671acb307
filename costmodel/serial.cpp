// FLAT as published: every operation waits for the one before it.
#include "costmodel/pipeline.h"

namespace tilewright {
namespace {

/// Everything in sequence: each load is followed by its matmul, which waits out the latency.
std::int64_t serial_round(const PhaseTimes& t, const RoundTimes& r, std::int64_t heads,
                          bool first_of_group) {
  const auto stage = [&](const StageTimes& times, const StageTimes& resident) {
    if (t.kv_resident && !first_of_group) {
      return heads * times.matmul_all;
    }
    const StageTimes& loads = t.kv_resident ? resident : times;
    return heads * (times.matmul_all + (t.sub_tiles - 1) * loads.load_full + loads.load_edge +
                    t.sub_tiles * t.latency);
  };
  std::int64_t total = heads * (r.input + r.softmax + r.store);
  // The input's latency is waited out only where no K load follows it.
  if (t.kv_resident && !first_of_group) {
    total += t.latency;
  }
  return total + stage(r.first, t.resident_first) + stage(r.second, t.resident_second);
}

}  // namespace

std::int64_t serial_makespan(const PhaseTimes& t) {
  const auto group = [&t](std::int64_t heads) {
    const RoundTimes& first = t.positions == 1 ? t.last : t.full;
    std::int64_t cycles = serial_round(t, first, heads, true);
    if (t.positions > 1) {
      cycles += (t.positions - 2) * serial_round(t, t.full, heads, false) +
                serial_round(t, t.last, heads, false);
    }
    return cycles;
  };
  return t.full_groups * group(t.heads) + (t.edge_heads > 0 ? group(t.edge_heads) : 0);
}

}  // namespace tilewright
