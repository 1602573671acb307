#include "common/error.h"

#include <fmt/format.h>

namespace tilewright {

InputError InputError::at(std::string_view file, int line, std::string_view key,
                          std::string_view problem) {
  std::string where(file);
  if (line > 0) where += fmt::format(":{}", line);
  if (!key.empty()) where += fmt::format(": {}", key);
  return InputError(fmt::format("{}: {}", where, problem));
}

}  // namespace tilewright
