// The result file (schema tilewright/result/v1) as a document; docs/file_formats.md explains every
// key. Emitters turn it into YAML, JSON or CSV.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "common/math.h"
#include "report/result_set.h"
#include "search/result.h"

namespace tilewright {

using Document = nlohmann::ordered_json;

inline constexpr std::string_view kResultSchema = "tilewright/result/v1";
inline constexpr std::string_view kTableSchema = "tilewright/tiling-table/v1";

/// The schema, the program's version, and the one result or a list of them under `results`.
Document result_document(const ResultSet& set, std::string_view version);

/// The block `tiling:`.
Document tiling_node(const Tiling& tiling);

/// The block `cost:`, perhaps without overlap_cycles.
Document cost_node(const Cost& cost, std::int64_t clock_hz, bool overlap = true);

/// Rounded to `places` decimal places, which keeps files short and equal on every machine.
double rounded(double value, int places);

/// An integer, or its digits as text where it does not fit 64 bits with sign.
Document integer_node(Int128 value);

/// An integer where the value is one: "262144", not "262144.0"; null if it is not finite.
Document number_node(double value);
Document integer_node(const Wide& value);

/// Two-space indented, one trailing newline; broken UTF-8 is replaced.
std::string emit_json(const Document& document);

}  // namespace tilewright
