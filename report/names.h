// The words of result files and tables for the enumerations and factors of a result.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "schedules/tiling.h"
#include "search/result.h"

namespace tilewright {

std::string_view overwrite_name(Overwrite overwrite);     ///< none, k, v
std::string_view core_split_name(CoreSplit split);        ///< heads, q, kv
std::string_view bottleneck_name(Bottleneck bottleneck);  ///< matrix, vector, load, ...

/// For people: "matrix unit", "DRAM bandwidth", ...
std::string_view bottleneck_text(Bottleneck bottleneck);

/// "16x16x64".
std::string l0_text(const L0Tile& tile);

/// A factor as `--tiling` and `--pin` take it.
struct FactorText {
  std::string name;
  std::string value;
};

/// Every factor, in the order of `tiling:`; the L0 tiles are l0.qk and l0.pv.
std::vector<FactorText> factor_texts(const Tiling& tiling);

/// The unit of objective values and lower bounds: cycles, fJ, fJ*cycles, bytes.
std::string_view objective_unit(std::string_view objective);

/// "flat (serial)"; the variant is left out where it is empty or "default".
std::string schedule_text(const Result& result);

}  // namespace tilewright
