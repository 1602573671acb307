#include "report/emit_csv.h"

#include <array>

namespace tilewright {
namespace {

struct CsvColumn {
  std::string_view name;
  std::string_view pointer;  ///< where the figure stands in a result, as a JSON pointer
};

constexpr std::array<CsvColumn, 65> kColumns{{
    {"hw", "/hw"},
    {"workload", "/workload"},
    {"schedule", "/schedule"},
    {"variant", "/variant"},
    {"objective", "/objective"},
    {"strategy", "/strategy"},
    {"seed", "/seed"},
    {"tile_sizes", "/tile_sizes"},
    {"pins", "/pins"},
    {"interrupted", "/interrupted"},
    {"feasible", "/feasible"},
    {"optimal", "/optimal"},
    {"gap", "/gap"},
    {"heads", "/tiling/heads"},
    {"q_rows", "/tiling/q_rows"},
    {"kv_cols", "/tiling/kv_cols"},
    {"kv_resident", "/tiling/kv_resident"},
    {"buffers", "/tiling/buffers"},
    {"lookahead", "/tiling/lookahead"},
    {"overwrite", "/tiling/overwrite"},
    {"core_split", "/tiling/core_split"},
    {"l0_qk", "/tiling/l0/qk"},
    {"l0_pv", "/tiling/l0/pv"},
    {"cycles", "/cost/cycles"},
    {"latency_us", "/cost/latency_us"},
    {"energy_uj", "/cost/energy_uj"},
    {"dram_read_bytes", "/cost/dram_read_bytes"},
    {"dram_write_bytes", "/cost/dram_write_bytes"},
    {"l1_access_bytes", "/cost/l1_access_bytes"},
    {"l0_access_bytes", "/cost/l0_access_bytes"},
    {"l1_peak_bytes", "/cost/l1_peak_bytes"},
    {"matrix_busy_cycles", "/cost/matrix_busy_cycles"},
    {"vector_busy_cycles", "/cost/vector_busy_cycles"},
    {"load_busy_cycles", "/cost/load_busy_cycles"},
    {"store_busy_cycles", "/cost/store_busy_cycles"},
    {"overlap_cycles", "/cost/overlap_cycles"},
    {"matrix_utilization", "/cost/matrix_utilization"},
    {"vector_utilization", "/cost/vector_utilization"},
    {"bottleneck", "/cost/bottleneck"},
    {"reference_cycles", "/reference/cycles"},
    {"ratio", "/ratio"},
    {"wins_over", "/wins/over"},
    {"wins_ratio", "/wins/ratio"},
    {"wins_reason", "/wins/reason"},
    {"wins_why", "/wins/why"},
    {"shortfall_level", "/shortfall/level"},
    {"shortfall_need_bytes", "/shortfall/need_bytes"},
    {"shortfall_have_bytes", "/shortfall/have_bytes"},
    {"shortfall_short_bytes", "/shortfall/short_bytes"},
    {"shortfall_largest_slot", "/shortfall/largest_slot"},
    {"shortfall_largest_slot_bytes", "/shortfall/largest_slot_bytes"},
    {"space", "/search/space"},
    {"evaluated", "/search/evaluated"},
    {"pruned", "/search/pruned"},
    {"seconds", "/search/seconds"},
    {"lower_bound", "/search/lower_bound"},
    {"lower_bound_unit", "/search/lower_bound_unit"},
    {"certificate_bound", "/search/certificate/bound"},
    {"certificate_illegal", "/search/certificate/illegal"},
    {"certificate_too_large", "/search/certificate/too_large"},
    {"certificate_coarse_bound", "/search/certificate/coarse_bound"},
    {"certificate_class_bound", "/search/certificate/class_bound"},
    {"certificate_tied", "/search/certificate/tied"},
    {"l0_objective", "/l0_objective"},
    {"knee", "/knee"},
}};

std::string cell_text(const Document& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) return value.dump();
  std::string text;
  for (const Document& item : value) {
    text += text.empty() ? "" : (item.is_string() ? "," : "x");
    text += cell_text(item);
  }
  return text;
}

std::string field_of(const Document& result, const CsvColumn& column) {
  // The key `feasible` only ever says false; its column has a value in every row.
  if (column.name == "feasible") return result.contains("tiling") ? "true" : "false";
  const Document::json_pointer pointer{std::string(column.pointer)};
  return result.contains(pointer) ? csv_field(cell_text(result.at(pointer))) : "";
}

std::string csv_row(const Document& result) {
  std::string row;
  for (const CsvColumn& column : kColumns) {
    if (&column != &kColumns.front()) row += ',';
    row += field_of(result, column);
  }
  return row + "\n";
}

/// Of a front a row for each point, which stands in the place of the result's own.
std::string csv_rows(const Document& result) {
  const auto front = result.find("front");
  if (front == result.end()) return csv_row(result);
  std::string rows;
  Document point = result;
  for (const Document& entry : *front) {
    point["knee"] = false;
    point.update(entry);
    rows += csv_row(point);
  }
  return rows;
}

}  // namespace

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

std::string emit_csv(const Document& document) {
  std::string csv;
  for (const CsvColumn& column : kColumns) {
    csv += (csv.empty() ? "" : ",") + std::string(column.name);
  }
  csv += "\n";
  const auto results = document.find("results");
  if (results == document.end()) return csv + csv_rows(document);
  for (const Document& result : *results) csv += csv_rows(result);
  return csv;
}

}  // namespace tilewright
