// The words for operands, slots and queues in files, messages and pictures.
#pragma once

#include <string>

#include "schedules/expand.h"

namespace tilewright {

/// "Q", "K", "V", "S", "P", "O", "state"; "-" for none.
const char* operand_name(Operand operand);

/// "in", "k", "v", "s", "p", "out", "landing", "state", "array".
const char* pool_name(SlotUse::Pool pool);

/// "load", "store", "matrix", "vector"; "channel" for both transfers where they share one.
const char* queue_name(Unit unit, bool shared_channel);

/// Done once a sub-tile of K or V, not once a round.
bool is_per_sub_tile(const Operation& operation);

/// "load K (core 0, round 3, pair 1, query tile 3, sub-tile 0)".
std::string operation_text(const Operation& operation);

}  // namespace tilewright
