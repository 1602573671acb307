// The objectives by name.
#pragma once

#include <span>
#include <string_view>

#include "costmodel/objective.h"

namespace tilewright {

struct ObjectiveName {
  Objective objective;
  std::string_view name;
  std::string_view summary;
};

/// Default first.
std::span<const ObjectiveName> all_objectives();

std::string_view name_of(Objective objective);

/// Throws InputError with the nearest name.
Objective find_objective(std::string_view name);

}  // namespace tilewright
