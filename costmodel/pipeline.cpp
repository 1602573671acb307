#include "costmodel/pipeline.h"

#include <cassert>

#include "costmodel/online_pipeline.h"
#include "costmodel/pipeline_walk.h"
#include "schedules/schedule.h"

namespace tilewright {
namespace {

using pipeline::Pipeline;

constexpr Stages kFused{true, true, true};
constexpr Stages kScores{true, true, false};
constexpr Stages kMatmul{true, false, false};
constexpr Stages kSoftmax{false, true, false};

template <typename Recorder, Stages kStages, bool kResident, bool kShared, std::size_t kLookahead>
std::int64_t walk_rounds(const PhaseTimes& times, Recorder& recorder) {
  if (times.masked != nullptr) {
    return Pipeline<Recorder, kStages, kResident, kShared, kLookahead, true>(times, recorder)
        .makespan();
  }
  return Pipeline<Recorder, kStages, kResident, kShared, kLookahead, false>(times, recorder)
      .makespan();
}

template <typename Recorder, Stages kStages, bool kResident, bool kShared>
std::int64_t walk_ahead(const PhaseTimes& times, Recorder& recorder) {
  if constexpr (kStages.second) {
    switch (times.lookahead) {
      case 1:
        return walk_rounds<Recorder, kStages, kResident, kShared, 1>(times, recorder);
      case 2:
        return walk_rounds<Recorder, kStages, kResident, kShared, 2>(times, recorder);
      case 3:
        return walk_rounds<Recorder, kStages, kResident, kShared, kMaxLookahead>(times, recorder);
      default:
        break;
    }
  }
  assert(times.lookahead == 0);
  return walk_rounds<Recorder, kStages, kResident, kShared, 0>(times, recorder);
}

template <typename Recorder, Stages kStages>
std::int64_t walk_stages(const PhaseTimes& times, Recorder& recorder) {
  if constexpr (kStages.first) {
    if (times.kv_resident) {
      return times.shared_channel ? walk_ahead<Recorder, kStages, true, true>(times, recorder)
                                  : walk_ahead<Recorder, kStages, true, false>(times, recorder);
    }
  }
  return times.shared_channel ? walk_ahead<Recorder, kStages, false, true>(times, recorder)
                              : walk_ahead<Recorder, kStages, false, false>(times, recorder);
}

/// Walks the phase with the loops made for its kind.
template <typename Recorder>
std::int64_t walk_phase(const PhaseTimes& times, Recorder& recorder) {
  if (times.has_second) {
    assert(times.has_first && times.has_softmax);
    return walk_stages<Recorder, kFused>(times, recorder);
  }
  if (!times.has_first) {
    assert(times.has_softmax);
    return walk_stages<Recorder, kSoftmax>(times, recorder);
  }
  return times.has_softmax ? walk_stages<Recorder, kScores>(times, recorder)
                           : walk_stages<Recorder, kMatmul>(times, recorder);
}

}  // namespace

std::int64_t phase_makespan(const PhaseTimes& times) {
  if (times.online) {
    return online_makespan(times);
  }
  NoRecorder nothing;
  return times.serial ? serial_makespan(times) : walk_phase(times, nothing);
}

std::int64_t phase_overlap(const PhaseTimes& leader, const PhaseTimes& own) {
  if (leader.online) {
    return online_overlap(leader, own);
  }
  if (leader.serial || !leader.has_softmax || !leader.has_first) {
    return 0;
  }
  RoundRecorder recorder(leader, own);
  [[maybe_unused]] const std::int64_t cycles = walk_phase(leader, recorder);
  assert(cycles == phase_makespan(leader));
  return recorder.total();
}

}  // namespace tilewright
