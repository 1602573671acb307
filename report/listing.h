// Tables of what there is: hardware profiles, suites, and names with a line of text.
#pragma once

#include <span>
#include <string>

#include "hw_profiles/hardware.h"
#include "schedules/workload.h"
#include "search/tune.h"

namespace tilewright {

std::string hardware_listing(std::span<const Hardware> profiles);

/// Every suite with its workloads.
std::string suite_listing(std::span<const Suite> suites);

/// Names and texts in two columns.
std::string name_listing(std::span<const NamedText> entries);

}  // namespace tilewright
