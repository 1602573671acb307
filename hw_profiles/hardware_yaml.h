// Reads hardware profiles (schema tilewright/hw/v1) and knows the bundled ones.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hw_profiles/hardware.h"

namespace tilewright {

struct YamlDocument;

/// Parses profile text; `file` only names it in messages. Throws InputError.
Hardware parse_hardware(std::string_view text, std::string_view file);

/// `name_or_path`: a bundled profile's bare name, or a path (has a '/' or ends in .yaml/.yml).
/// Throws InputError (with the nearest bundled name) or FileError.
Hardware load_hardware(const std::string& name_or_path);

/// A figure of a profile, by its dotted key ("memory.l1.capacity_kib"), and what stands in its
/// place.
struct FigureOverride {
  std::string key;
  std::string value;
};

/// A profile whose figures are varied.
class ProfileTemplate {
 public:
  /// As load_hardware().
  explicit ProfileTemplate(const std::string& name_or_path);

  /// The profile with these figures in place of its own. Throws InputError: no such figure, or a
  /// value out of its range.
  Hardware with(std::span<const FigureOverride> overrides) const;

 private:
  std::shared_ptr<const YamlDocument> document_;
};

/// Names of the bundled profiles, sorted.
std::vector<std::string> bundled_hardware();

}  // namespace tilewright
