#include "report/names.h"

#include <fmt/format.h>

namespace tilewright {

std::string_view overwrite_name(Overwrite overwrite) {
  switch (overwrite) {
    case Overwrite::kNone:
      return "none";
    case Overwrite::kKey:
      return "k";
    case Overwrite::kValue:
      return "v";
  }
  return "none";
}

std::string_view core_split_name(CoreSplit split) {
  switch (split) {
    case CoreSplit::kHeads:
      return "heads";
    case CoreSplit::kQuery:
      return "q";
    case CoreSplit::kKeyValue:
      return "kv";
  }
  return "heads";
}

std::string_view bottleneck_name(Bottleneck bottleneck) {
  switch (bottleneck) {
    case Bottleneck::kMatrix:
      return "matrix";
    case Bottleneck::kVector:
      return "vector";
    case Bottleneck::kLoad:
      return "load";
    case Bottleneck::kStore:
      return "store";
    case Bottleneck::kDram:
      return "dram";
    case Bottleneck::kLatency:
      return "latency";
  }
  return "latency";
}

std::string_view bottleneck_text(Bottleneck bottleneck) {
  switch (bottleneck) {
    case Bottleneck::kMatrix:
      return "the matrix unit";
    case Bottleneck::kVector:
      return "the vector unit";
    case Bottleneck::kLoad:
      return "loads from DRAM";
    case Bottleneck::kStore:
      return "stores to DRAM";
    case Bottleneck::kDram:
      return "the DRAM channel that loads and stores share";
    case Bottleneck::kLatency:
      return "waiting: no queue is busy most of the time";
  }
  return "waiting";
}

std::string l0_text(const L0Tile& tile) {
  return fmt::format("{}x{}x{}", tile.m, tile.n, tile.k);
}

std::vector<FactorText> factor_texts(const Tiling& tiling) {
  return {{"heads", std::to_string(tiling.heads)},
          {"q_rows", std::to_string(tiling.q_rows)},
          {"kv_cols", std::to_string(tiling.kv_cols)},
          {"kv_resident", tiling.kv_resident ? "true" : "false"},
          {"buffers", std::to_string(tiling.buffers)},
          {"lookahead", std::to_string(tiling.lookahead)},
          {"overwrite", std::string(overwrite_name(tiling.overwrite))},
          {"core_split", std::string(core_split_name(tiling.core_split))},
          {"l0.qk", l0_text(tiling.l0_qk)},
          {"l0.pv", l0_text(tiling.l0_pv)}};
}

std::string_view objective_unit(std::string_view objective) {
  if (objective == "energy") return "fJ";
  if (objective == "edp") return "fJ*cycles";
  if (objective == "traffic") return "bytes";
  return "cycles";
}

std::string schedule_text(const Result& result) {
  if (result.variant.empty() || result.variant == "default") return result.schedule;
  return fmt::format("{} ({})", result.schedule, result.variant);
}

}  // namespace tilewright
