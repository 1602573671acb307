#include "schedules/schedules.h"

#include <array>

#include <fmt/format.h>

#include "common/error.h"
#include "common/text.h"
#include "schedules/schedule.h"

namespace tilewright {

std::span<const Schedule* const> all_schedules() {
  static const std::array<const Schedule*, 8> table{
      &layerwise_schedule(), &softpipe_schedule(), &flat_schedule(),   &tileflow_schedule(),
      &mas_schedule(),       &flash2_schedule(),   &flash3_schedule(), &fusemax_schedule(),
  };
  return table;
}

const Schedule& find_schedule(std::string_view name) {
  std::vector<std::string> names;
  for (const Schedule* schedule : all_schedules()) {
    if (schedule->name() == name) {
      return *schedule;
    }
    names.emplace_back(schedule->name());
  }
  throw InputError(
      fmt::format("unknown schedule '{}'{}", printable(name), suggestion(name, names)));
}

std::optional<std::string> refusal(const Schedule& schedule, const Workload& workload,
                                   std::string_view variant) {
  return schedule.refuses(workload, variant);
}

PhasePlan fused_phase(const Shape& shape, const Mode& mode) {
  PhasePlan phase;
  phase.input = Operand::kQ;
  phase.input_row_bytes = shape.qk_dim * shape.bytes.input;
  phase.has_first = true;
  phase.first_kind = MatmulKind::kQK;
  phase.has_softmax = true;
  phase.bias_row_bytes = shape.cols * shape.bias_bytes;
  phase.has_second = true;
  phase.score_row_bytes = shape.cols * shape.bytes.score;
  phase.output = Operand::kO;
  phase.output_slot_row_bytes = shape.v_dim * shape.bytes.accumulator;
  phase.output_row_bytes = shape.v_dim * shape.bytes.input;
  phase.lookahead = mode.lookahead;
  phase.values_in_keys = shape.v_in_k && mode.kv_resident;
  return phase;
}

PhasePlan output_phase(const Shape& shape, std::int64_t buffers) {
  PhasePlan phase;
  phase.input = Operand::kP;
  phase.input_row_bytes = shape.cols * shape.bytes.input;
  phase.has_first = true;
  phase.first_kind = MatmulKind::kPV;
  phase.output = Operand::kO;
  phase.output_slot_row_bytes = shape.v_dim * shape.bytes.accumulator;
  phase.output_row_bytes = shape.v_dim * shape.bytes.input;
  phase.store_first = buffers == 1;
  return phase;
}

PhasePlan online_phase(const Shape& shape, const Mode& mode) {
  PhasePlan phase = fused_phase(shape, mode);
  phase.online = true;
  phase.values_in_keys = shape.v_in_k;
  phase.score_row_bytes = 0;            // as wide as a sub-tile: no figure of the phase
  constexpr std::int64_t kFigures = 3;  // maximum, sum and correction factor
  phase.state_row_bytes = kFigures * shape.bytes.accumulator;
  return phase;
}

namespace {

/// O from the parts that the cores have stored.
PhasePlan merge_phase(const Shape& shape) {
  PhasePlan phase;
  phase.merges = true;
  phase.input = Operand::kPart;
  phase.input_row_bytes = part_elements(shape) * shape.bytes.accumulator;
  phase.output = Operand::kO;
  phase.output_slot_row_bytes = shape.v_dim * shape.bytes.accumulator;
  phase.output_row_bytes = shape.v_dim * shape.bytes.input;
  return phase;
}

}  // namespace

Plan online_plan(const Shape& shape, const Mode& mode) {
  Plan plan;
  plan.phase_table[0] = online_phase(shape, mode);
  plan.phase_count = 1;
  if (mode.core_split == CoreSplit::kKeyValue) {
    PhasePlan& parts = plan.phase_table[0];
    plan.phase_table[1] = merge_phase(shape);
    plan.phase_count = 2;
    parts.output = Operand::kPart;
    parts.output_slot_row_bytes = parts.output_row_bytes = plan.phase_table[1].input_row_bytes;
  }
  return plan;
}

PhasePlan epoch_phase(const Shape& shape, bool online) {
  PhasePlan phase = fused_phase(shape, {});
  phase.lookahead = 1;
  phase.epochs = true;
  phase.values_in_keys = shape.v_in_k;
  if (online) {
    phase.online = true;
    phase.score_row_bytes = 0;
    // Maximum, sum and correction factor of the row; the sub-tile's own maximum, then its sum.
    constexpr std::int64_t kFigures = 4;
    phase.state_row_bytes = kFigures * shape.bytes.accumulator;
  }
  return phase;
}

bool is_legal(const Shape& shape, const Tiling& tiling) {
  const bool split_keys = tiling.core_split == CoreSplit::kKeyValue;
  if (tiling.overwrite == Overwrite::kNone) {
    return !(split_keys && shape.mask.causal);
  }
  return !split_keys && !shape.mask.causal && !shape.v_in_k && shape.bias_bytes == 0 &&
         tiling.kv_resident && tiling.heads == 1 && tiling.lookahead == 1 &&
         overwritten_sub_tiles(shape, tiling) <= (shape.cols + tiling.kv_cols - 1) / tiling.kv_cols;
}

std::string illegal_reason(const Shape& shape, const Tiling& tiling) {
  if (tiling.core_split == CoreSplit::kKeyValue) {
    return shape.mask.causal
               ? "core_split=kv needs mask: none: a core might have no key that a row sees"
               : "core_split=kv needs overwrite=none";
  }
  if (shape.mask.causal) {
    return "overwrite needs mask: none: the last sub-tiles are not read in every round";
  }
  if (shape.v_in_k) {
    return "overwrite needs v_in_k: false: P V reads V where P would be";
  }
  if (shape.bias_bytes > 0) {
    return "overwrite needs no bias_bytes: it is for rows of scores that hardly fit, without "
           "others";
  }
  if (!tiling.kv_resident) {
    return "overwrite needs kv_resident=true: a streamed tile gives way by itself";
  }
  if (tiling.heads != 1) {
    return "overwrite needs heads=1";
  }
  if (tiling.lookahead != 1) {
    return "overwrite needs lookahead=1";
  }
  return fmt::format("overwrite needs {} sub-tiles for P, but a head has only {}",
                     overwritten_sub_tiles(shape, tiling),
                     (shape.cols + tiling.kv_cols - 1) / tiling.kv_cols);
}

}  // namespace tilewright
