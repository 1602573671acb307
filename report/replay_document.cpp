#include "report/replay_document.h"

#include <array>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "report/emit_csv.h"
#include "report/replay_card.h"
#include "schedules/operation_names.h"

namespace tilewright {
namespace {

/// Two figures, as of a measurement; null where it is infinite.
Document figure_node(double value) {
  if (!std::isfinite(value)) return nullptr;
  return Document::parse(fmt::format("{:.3g}", value));
}

Document extent_node(const ReplayExtent& extent) {
  return {{"sampled", !extent.is_all()},
          {"pairs", extent.pairs},
          {"all_pairs", extent.all_pairs},
          {"query_rows", extent.rows},
          {"all_query_rows", extent.all_rows}};
}

Document error_node(const NumericError& error) {
  return {{"absolute", figure_node(error.absolute)},
          {"relative", figure_node(error.relative)},
          {"output_scale", figure_node(error.output_scale)},
          {"bound", figure_node(error.bound)}};
}

Document traffic_node(const ReplayReport& report) {
  Document node = Document::object();
  for (const OperandTraffic& one : report.traffic) {
    node[operand_name(one.operand)] = {{"loaded", one.loaded},
                                       {"loaded_predicted", one.loaded_predicted},
                                       {"stored", one.stored},
                                       {"stored_predicted", one.stored_predicted}};
  }
  return node;
}

Document memory_node(const MemoryUse& memory) {
  return {{"arenas", memory.arenas},
          {"capacity_bytes", memory.capacity_bytes},
          {"peak_bytes", memory.peak_bytes},
          {"predicted_bytes", memory.predicted_bytes},
          {"fragmentation_bytes", memory.fragmentation_bytes()}};
}

Document violations_node(const Violations& violations) {
  Document list = Document::array();
  for (const Violation& one : violations.first) {
    list.push_back({{"operation", one.operation},
                    {"slot", one.slot},
                    {"content", one.content},
                    {"problem", one.problem}});
  }
  return {{"count", violations.count}, {"first", std::move(list)}};
}

Document report_node(const ReplayReport& report) {
  Document node;
  node["hw"] = report.hw;
  node["workload"] = report.workload;
  node["schedule"] = report.schedule;
  node["variant"] = report.variant;
  node["dtype"] = replay_type_name(report.type);
  node["seed"] = report.seed;
  node["passed"] = report.passed();
  node["extent"] = extent_node(report.extent);
  node["operations"] = report.operations;
  node["multiply_accumulates"] = report.macs;
  node["reloaded_sub_tiles"] = report.reloaded_sub_tiles;
  node["error"] = error_node(report.error);
  node["traffic"] = traffic_node(report);
  node["l1"] = memory_node(report.memory);
  node["violations"] = violations_node(report.violations);
  return node;
}

/// Where figures stand in a replay, as JSON pointers; a column's name is its pointer with '_'.
constexpr std::array kColumns{"/hw",
                              "/workload",
                              "/schedule",
                              "/variant",
                              "/dtype",
                              "/seed",
                              "/passed",
                              "/extent/sampled",
                              "/extent/pairs",
                              "/extent/query_rows",
                              "/operations",
                              "/multiply_accumulates",
                              "/reloaded_sub_tiles",
                              "/error/absolute",
                              "/error/relative",
                              "/error/bound",
                              "/traffic/Q/loaded",
                              "/traffic/K/loaded",
                              "/traffic/V/loaded",
                              "/traffic/S/loaded",
                              "/traffic/P/loaded",
                              "/traffic/S/stored",
                              "/traffic/P/stored",
                              "/traffic/O/stored",
                              "/l1/peak_bytes",
                              "/l1/predicted_bytes",
                              "/violations/count"};

std::string column_name(std::string name) {
  name.erase(0, 1);
  for (char& c : name) c = c == '/' ? '_' : c;
  return name;
}

std::string field(const Document& replay, const std::string& pointer) {
  const Document::json_pointer place(pointer);
  if (!replay.contains(place) || replay.at(place).is_null()) return "";
  const Document& value = replay.at(place);
  return csv_field(value.is_string() ? value.get<std::string>() : value.dump());
}

}  // namespace

Document replay_document(std::span<const ReplayReport> reports, std::string_view version) {
  Document document;
  document["schema"] = kReplaySchema;
  document["tilewright"] = version;
  document["replays"] = Document::array();
  for (const ReplayReport& report : reports) document["replays"].push_back(report_node(report));
  return document;
}

std::string emit_replay_csv(const Document& document) {
  std::string csv;
  for (const std::string pointer : kColumns) csv += (csv.empty() ? "" : ",") + column_name(pointer);
  csv += "\n";
  for (const Document& replay : document.at("replays")) {
    std::string row;
    for (const std::string pointer : kColumns) {
      row += (pointer == kColumns.front() ? "" : ",") + field(replay, pointer);
    }
    csv += row + "\n";
  }
  return csv;
}

}  // namespace tilewright
