// Reads workloads (schema tilewright/workload/v1) and knows the bundled suites.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "schedules/workload.h"

namespace tilewright {

/// Parses workload text; `file` only names it in messages. Throws InputError.
Suite parse_suite(std::string_view text, std::string_view file);

/// `name_or_path`: a bundled suite, one workload of a bundled suite by its bare name, or a path
/// (has a '/' or ends in .yaml/.yml). Throws InputError (with the nearest name) or FileError.
Suite load_suite(const std::string& name_or_path);

/// Names of the bundled suites, sorted.
std::vector<std::string> bundled_suites();

/// Checks ranges and that every tensor's byte count fits 64 bits; throws InputError naming the
/// workload. parse_suite calls it; a program that builds a Workload by hand may, too.
void check_workload(const Workload& workload);

}  // namespace tilewright
