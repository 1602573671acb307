#include "report/replay_card.h"

#include <fmt/format.h>

#include "report/names.h"
#include "report/number_text.h"
#include "schedules/operation_names.h"

namespace tilewright {
namespace {

std::string entry(std::string_view label, std::string_view text) {
  return fmt::format("  {:<12} {}\n", label, text);
}

std::string figure(double value) {
  return fmt::format("{:.2g}", value);
}

std::string extent_text(const ReplayReport& report) {
  const ReplayExtent& extent = report.extent;
  const std::string work =
      fmt::format("{} operations, {} multiply-accumulates", with_separators(report.operations),
                  with_separators(report.macs));
  if (extent.is_all()) {
    return fmt::format("one layer, {} pairs of {} query rows: {}", with_separators(extent.pairs),
                       with_separators(extent.rows), work);
  }
  return fmt::format(
      "a sample, {} of {} pairs and {} of {} query rows (the first, some inner and the last tiles "
      "of "
      "every core): {}",
      with_separators(extent.pairs), with_separators(extent.all_pairs),
      with_separators(extent.rows), with_separators(extent.all_rows), work);
}

std::string error_text(const NumericError& error) {
  return fmt::format("largest error {}, {} of the largest element; {} the bound {}",
                     figure(error.absolute), figure(error.relative),
                     error.within_bound() ? "within" : "NOT within", figure(error.bound));
}

/// "Q 1,024, K 2,048"; what differs says so.
std::string moved_text(const ReplayReport& report, bool loads) {
  std::string text;
  for (const OperandTraffic& one : report.traffic) {
    const std::int64_t moved = loads ? one.loaded : one.stored;
    const std::int64_t predicted = loads ? one.loaded_predicted : one.stored_predicted;
    if (moved == 0 && predicted == 0) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", operand_name(one.operand),
                        with_separators(moved));
    if (moved != predicted) text += fmt::format(" (NOT {})", with_separators(predicted));
  }
  return text + " bytes";
}

std::string memory_text(const MemoryUse& memory) {
  const std::int64_t surplus = memory.fragmentation_bytes();
  return fmt::format("{} of {} bytes{}, {}", with_separators(memory.peak_bytes),
                     with_separators(memory.capacity_bytes),
                     memory.arenas > 1 ? fmt::format(" in each of {}", memory.arenas) : "",
                     surplus == 0 ? "as predicted"
                                  : fmt::format("NOT as predicted: {} bytes of fragmentation",
                                                with_separators(surplus)));
}

std::string violation_text(const Violation& violation) {
  return fmt::format("{}: {} in {} {}", violation.operation, violation.content, violation.slot,
                     violation.problem);
}

std::string violation_entries(const Violations& violations) {
  if (violations.count == 0) {
    return entry("contents",
                 "none read before it was written or overwritten while needed; O stored once");
  }
  std::string text =
      entry("contents", fmt::format("{} VIOLATIONS", with_separators(violations.count)));
  for (const Violation& violation : violations.first) text += entry("", violation_text(violation));
  const auto shown = static_cast<std::int64_t>(violations.first.size());
  return violations.count > shown ? text + entry("", "...") : text;
}

}  // namespace

std::string_view replay_type_name(ReplayType type) {
  return type == ReplayType::kFp32 ? "fp32" : "fp16";
}

std::string replay_case_text(const ReplayReport& report) {
  Result names;
  names.schedule = report.schedule;
  names.variant = report.variant;
  return fmt::format("{} on {}, schedule {}", report.workload, report.hw, schedule_text(names));
}

std::string replay_failure_text(const ReplayReport& report) {
  if (report.violations.count > 0) {
    return fmt::format("{} violations, the first: {}", with_separators(report.violations.count),
                       violation_text(report.violations.first.front()));
  }
  if (!report.traffic_as_predicted()) return "the traffic is not as predicted";
  if (report.memory.fragmentation_bytes() != 0) return "the L1 peak is not as predicted";
  return "the " + error_text(report.error);
}

std::string replay_card(const ReplayReport& report) {
  std::string text = fmt::format("{}: replay in {}, seed {}\n\n", replay_case_text(report),
                                 replay_type_name(report.type), report.seed);
  text += entry("replayed", extent_text(report));
  text += entry("order", "start times in the reference");
  text += entry("O", error_text(report.error));
  text += entry("loaded", moved_text(report, true));
  text += entry("stored", moved_text(report, false));
  text += entry("L1 peak", memory_text(report.memory));
  if (report.reloaded_sub_tiles > 0) {
    text += entry("overwrite", fmt::format("{} sub-tiles loaded again after P took their place",
                                           with_separators(report.reloaded_sub_tiles)));
  }
  text += violation_entries(report.violations);
  return text + entry("verdict", report.passed() ? "all as predicted" : "FAILED");
}

}  // namespace tilewright
