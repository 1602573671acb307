#include "costmodel/round_map.h"

namespace tilewright {

RoundKinds::RoundKinds(const PhaseTimes& times)
    : t_(times),
      full_rounds_(times.full_groups * times.positions),
      rounds_(full_rounds_ + (times.edge_heads > 0 ? times.positions : 0)),
      alike_(times.positions == 1 || !(times.kv_resident || times.last_differs)) {
  if (times.full_groups > 0) {
    make(times.heads, maps_.data());
  }
  if (times.edge_heads > 0) {
    make(times.edge_heads, maps_.data() + kPlaces);
  }
}

void RoundKinds::make(std::int64_t heads, RoundMap* maps) const {
  if (alike_) {
    make(heads, place(0), maps[place(0)]);
    return;
  }
  make(heads, kLast, maps[kLast]);
  if (t_.kv_resident) {
    make(heads, kFirst, maps[kFirst]);
  }
  if (t_.positions > 2 || !t_.kv_resident) {
    make(heads, kInner, maps[kInner]);
  }
}

void RoundKinds::make(std::int64_t heads, Place place, RoundMap& map) const {
  const RoundTimes& times = place == kLast ? t_.last : t_.full;
  map.heads = heads;
  map.times = &times;
  map.first = t_.kv_resident && (place == kFirst || t_.positions == 1);
  map.last = place == kLast;
  map.input = heads * times.input;
  map.softmax = heads * times.softmax;
  map.store = heads * times.store;
  if (t_.has_first) {
    map.first_stage = stage_map(t_, times.first, t_.resident_first, heads, map.first,
                                t_.overwrite == Overwrite::kKey, t_.latency);
  }
  if (t_.has_second) {
    map.second_stage = stage_map(t_, times.second, t_.resident_second, heads, map.first,
                                 t_.overwrite == Overwrite::kValue, kNever);
  }
}

StageMap stage_map(const PhaseTimes& phase, const StageTimes& times, const StageTimes& resident,
                   std::int64_t heads, bool first_of_group, bool overwritten,
                   std::int64_t input_latency) {
  SubTiles tiles{times, heads, phase.sub_tiles, phase.latency};
  if (overwritten) {
    return overwritten_map(
        tiles, {phase.sub_tiles - phase.overwritten, first_of_group ? &resident : nullptr,
                phase.overwritten, phase.buffers, input_latency});
  }
  if (!phase.kv_resident) {
    return phase.buffers == 1 ? single_map(tiles) : double_map(tiles);
  }
  if (!first_of_group) {
    return stay_map(heads * times.matmul_all, input_latency);
  }
  tiles.times.load_full = resident.load_full;
  tiles.times.load_edge = resident.load_edge;
  return resident_map(tiles);
}

}  // namespace tilewright
