#include "schedules/operation_names.h"

#include <array>
#include <cstddef>

#include <fmt/format.h>

namespace tilewright {
namespace {

const char* verb(const Operation& op) {
  constexpr std::array kVector{
      "softmax to",    "online softmax to",     "rescale",   "normalise",
      "maxima to",     "exponentials to",       "update to", "update maximum of",
      "update sum of", "save the state beside", "merge to"};
  switch (op.unit) {
    case Unit::kLoad:
      return "load";
    case Unit::kStore:
      return "store";
    case Unit::kMatrix:
      if (!is_elementwise(op)) {
        return "matmul to";
      }
      break;
    case Unit::kVector:
      break;
  }
  return kVector[static_cast<std::size_t>(op.vector)];
}

}  // namespace

const char* operand_name(Operand operand) {
  constexpr std::array kNames{"-", "Q", "K", "V", "S", "P", "O", "part", "bias", "state"};
  return kNames[static_cast<std::size_t>(operand)];
}

const char* pool_name(SlotUse::Pool pool) {
  constexpr std::array kNames{"in", "k", "v", "s", "p", "out", "landing", "state", "bias", "array"};
  return kNames[static_cast<std::size_t>(pool)];
}

const char* queue_name(Unit unit, bool shared_channel) {
  switch (unit) {
    case Unit::kMatrix:
      return "matrix";
    case Unit::kVector:
      return "vector";
    case Unit::kLoad:
    case Unit::kStore:
      break;
  }
  if (shared_channel) {
    return "channel";
  }
  return unit == Unit::kLoad ? "load" : "store";
}

bool is_per_sub_tile(const Operation& operation) {
  return operation.unit == Unit::kMatrix || operation.operand == Operand::kK ||
         operation.operand == Operand::kV ||
         (operation.vector != VectorKind::kSoftmax && operation.vector != VectorKind::kMerge);
}

std::string operation_text(const Operation& operation) {
  std::string text = fmt::format("{} {} (core {}, round {}, pair {}, query tile {}",
                                 verb(operation), operand_name(operation.operand), operation.core,
                                 operation.round, operation.pair, operation.q_tile);
  if (is_per_sub_tile(operation)) {
    text += fmt::format(", sub-tile {}", operation.sub_tile);
  }
  return text + ")";
}

}  // namespace tilewright
