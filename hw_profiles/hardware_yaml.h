// Reads hardware profiles (schema tilewright/hw/v1) and knows the bundled ones.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hw_profiles/hardware.h"

namespace tilewright {

/// Parses profile text; `file` only names it in messages. Throws InputError.
Hardware parse_hardware(std::string_view text, std::string_view file);

/// `name_or_path`: a bundled profile's bare name, or a path (has a '/' or ends in .yaml/.yml).
/// Throws InputError (with the nearest bundled name) or FileError.
Hardware load_hardware(const std::string& name_or_path);

/// Names of the bundled profiles, sorted.
std::vector<std::string> bundled_hardware();

}  // namespace tilewright
