// What things are called in the GraphML of the reference.
#pragma once

#include <span>
#include <string>

#include "costmodel/reference.h"
#include "schedules/expand.h"

namespace tilewright {

/// "load_K", "store_O", "softmax", "matmul_qk", "matmul_pv", "online_softmax",
/// "rescale", "normalise".
std::string graph_operation_name(const Operation& op);

/// "core:pool[slot]#content" of each, with a space between: "0:k[1]#3 0:in[0]#7".
std::string graph_slots_text(std::span<const SlotUse> uses);

/// "queue", "data", ...
const char* graph_edge_name(EdgeKind kind);

}  // namespace tilewright
