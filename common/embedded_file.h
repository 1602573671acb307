// A file of the source tree compiled into the library by cmake/embed.cmake.
#pragma once

#include <string_view>

namespace tilewright {

struct EmbeddedFile {
  std::string_view name;  ///< without folder, e.g. "mas-edge.yaml"
  std::string_view text;
};

/// "mas-edge.yaml" -> "mas-edge".
constexpr std::string_view bare_name(const EmbeddedFile& file) {
  return file.name.substr(0, file.name.rfind('.'));
}

}  // namespace tilewright
