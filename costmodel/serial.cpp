// FLAT as published: every operation waits for the one before it.
#include "costmodel/masked_rounds.h"
#include "costmodel/pipeline.h"

namespace tilewright {
namespace {

/// Everything in sequence: each load is followed by its matmul, which waits out the latency.
std::int64_t serial_round(const PhaseTimes& t, const RoundTimes& r, std::int64_t heads,
                          bool first_of_group) {
  const auto stage = [&](const StageTimes& times, const StageTimes& resident, bool there) {
    if (t.kv_resident && there) {
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
  return total + stage(r.first, t.resident_first, !first_of_group) +
         stage(r.second, t.resident_second, !first_of_group || t.values_in_keys);
}

/// The same under a mask.
std::int64_t masked_round(const PhaseTimes& t, std::int64_t position, std::int64_t heads) {
  const MaskedRound round = t.masked->at(position);
  const RoundTimes times = t.masked->times(round, position == t.positions - 1 ? t.last : t.full);
  const std::int64_t due = t.kv_resident ? round.due : round.sub_tiles;
  const auto stage = [&](const StageTimes& s, bool there) {
    return s.matmul_all +
           (due == 0 || there ? 0 : (due - 1) * s.load_full + s.load_edge + due * t.latency);
  };
  const bool waits_for_input = due < round.sub_tiles;
  return heads * (times.input + times.softmax + times.store + stage(times.first, false) +
                  stage(times.second, t.values_in_keys)) +
         (waits_for_input ? t.latency : 0);
}

std::int64_t masked_makespan(const PhaseTimes& t) {
  std::int64_t cycles = 0;
  for (std::int64_t position = 0; position < t.positions; ++position) {
    cycles += t.full_groups * masked_round(t, position, t.heads);
    cycles += t.edge_heads > 0 ? masked_round(t, position, t.edge_heads) : 0;
  }
  return cycles;
}

}  // namespace

std::int64_t serial_makespan(const PhaseTimes& t) {
  if (t.masked != nullptr) {
    return masked_makespan(t);
  }
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
