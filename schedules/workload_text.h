// Writes workloads (schema tilewright/workload/v1).
#pragma once

#include <string>

#include "schedules/workload.h"

namespace tilewright {

/// One line a workload; what is a default is left out. parse_suite reads the same suite back.
std::string suite_text(const Suite& suite);

}  // namespace tilewright
