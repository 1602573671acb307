// Errors that carry their context. Libraries throw them; only the command line prints and exits.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace tilewright {

/// What the user gave is wrong: a file, a key, an option, a shape. Maps to exit status 2.
class InputError : public std::runtime_error {
 public:
  explicit InputError(const std::string& message) : std::runtime_error(message) {}

  /// "file:line: key: problem"; a line of 0 or an empty key is left out.
  static InputError at(std::string_view file, int line, std::string_view key,
                       std::string_view problem);
};

/// Something could not be read or written (full disk, no permission). Maps to exit status 3.
class FileError : public std::runtime_error {
 public:
  explicit FileError(const std::string& message) : std::runtime_error(message) {}
};

}  // namespace tilewright
