// The interface of a schedule. A new one is one .cpp, one row in schedules.cpp and one CMake line.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "schedules/plan.h"

namespace tilewright {

/// The factors of a candidate that are not tile sizes.
struct Mode {
  bool kv_resident = false;
  std::int64_t buffers = 1;
  std::int64_t lookahead = 0;
  Overwrite overwrite = Overwrite::kNone;
  CoreSplit core_split = CoreSplit::kHeads;
  auto operator<=>(const Mode&) const = default;
};

constexpr Mode mode_of(const Tiling& tiling) {
  return {tiling.kv_resident, tiling.buffers, tiling.lookahead, tiling.overwrite,
          tiling.core_split};
}

constexpr Tiling tiling_of(const Mode& mode, std::int64_t heads, std::int64_t q_rows,
                           std::int64_t kv_cols) {
  Tiling tiling;
  tiling.heads = heads;
  tiling.q_rows = q_rows;
  tiling.kv_cols = kv_cols;
  tiling.kv_resident = mode.kv_resident;
  tiling.buffers = mode.buffers;
  tiling.lookahead = mode.lookahead;
  tiling.overwrite = mode.overwrite;
  tiling.core_split = mode.core_split;
  return tiling;
}

/// The values a schedule searches for every factor of a Mode; the design space is their product
/// with all tile sizes.
struct ModeValues {
  std::vector<bool> kv_resident{false, true};
  std::vector<std::int64_t> buffers{1, 2};
  std::vector<std::int64_t> lookahead{0};
  std::vector<Overwrite> overwrite{Overwrite::kNone};
  std::vector<CoreSplit> core_split{CoreSplit::kHeads, CoreSplit::kQuery};
};

inline constexpr std::int64_t kMaxLookahead = 3;
inline constexpr std::int64_t kMaxBuffers = 2;

class Schedule {
 public:
  virtual ~Schedule() = default;
  virtual std::string_view name() const = 0;
  /// One line for people, with the source.
  virtual std::string_view summary() const = 0;
  /// Default first.
  virtual std::span<const std::string_view> variants() const = 0;
  /// The variant that the schedule's paper published.
  virtual std::string_view published_variant() const { return variants().front(); }
  /// Values that the search tries; `variant` is one of variants().
  virtual ModeValues searched(std::string_view variant) const = 0;
  /// Values that are legal, e.g. in --pin and --tiling; a superset of searched().
  virtual ModeValues legal(std::string_view variant) const { return searched(variant); }
  /// A reason if it cannot run the workload, beyond what none can.
  virtual std::optional<std::string> refuses(const Workload&, std::string_view /*variant*/) const {
    return std::nullopt;
  }
  /// The program of all candidates of a mode; `variant` is one of variants().
  virtual Plan plan(const Shape& shape, const Mode& mode, std::string_view variant) const = 0;
};

/// True if the factors make sense together (every factor alone being in range).
bool is_legal(const Shape& shape, const Tiling& tiling);

/// Why is_legal() is false, for people.
std::string illegal_reason(const Shape& shape, const Tiling& tiling);

/// A reason if the schedule cannot run the workload.
std::optional<std::string> refusal(const Schedule& schedule, const Workload& workload,
                                   std::string_view variant);

/// All schedules, in the order of tables.
std::span<const Schedule* const> all_schedules();

/// Throws InputError with the nearest name.
const Schedule& find_schedule(std::string_view name);

inline bool is_serial(std::string_view variant) {
  return variant == "serial";
}

/// Fused Q K^T -> softmax -> P V in one phase: what flat and mas have in common. Of V in K whole
/// rows of scores leave nothing to P V unless K stays.
PhasePlan fused_phase(const Shape& shape, const Mode& mode);

/// The same with online softmax: what flash2 and flash3 have in common.
PhasePlan online_phase(const Shape& shape, const Mode& mode);

/// The program of flash2 and flash3: one online phase or, if the keys are split over the cores, one
/// that makes parts and their merge.
Plan online_plan(const Shape& shape, const Mode& mode);

/// All stages at once, with a barrier after each epoch (expand_epochs.h): row-wise or online.
PhasePlan epoch_phase(const Shape& shape, bool online);

/// P V with P from DRAM: the last phase of layerwise and softpipe.
PhasePlan output_phase(const Shape& shape, std::int64_t buffers);

}  // namespace tilewright
