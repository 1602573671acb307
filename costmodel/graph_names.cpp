#include "costmodel/graph_names.h"

#include <array>
#include <cstddef>

#include <fmt/format.h>

#include "schedules/operation_names.h"

namespace tilewright {
namespace {

const char* vector_name(VectorKind kind) {
  constexpr std::array kNames{
      "softmax", "online_softmax", "rescale",    "normalise",  "local_max", "exponentials",
      "update",  "update_max",     "update_sum", "save_state", "merge",
  };
  return kNames[static_cast<std::size_t>(kind)];
}

}  // namespace

std::string graph_operation_name(const Operation& op) {
  switch (op.unit) {
    case Unit::kLoad:
      return fmt::format("load_{}", operand_name(op.operand));
    case Unit::kStore:
      return fmt::format("store_{}", operand_name(op.operand));
    case Unit::kVector:
      return vector_name(op.vector);
    case Unit::kMatrix:
      break;
  }
  if (is_elementwise(op)) {
    return vector_name(op.vector);
  }
  return op.matmul == MatmulKind::kQK ? "matmul_qk" : "matmul_pv";
}

std::string graph_slots_text(std::span<const SlotUse> uses) {
  std::string text;
  for (const SlotUse& use : uses) {
    text += fmt::format("{}{}:{}[{}]#{}", text.empty() ? "" : " ", use.core, pool_name(use.pool),
                        use.index, use.content);
  }
  return text;
}

const char* graph_edge_name(EdgeKind kind) {
  constexpr std::array kNames{"queue", "data", "slot", "barrier", "sequence", "lock_step"};
  return kNames[static_cast<std::size_t>(kind)];
}

}  // namespace tilewright
