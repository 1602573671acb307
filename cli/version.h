// The program's version, set by the build.
#pragma once

#include <string_view>

#ifndef TILEWRIGHT_VERSION
#error "the build must define TILEWRIGHT_VERSION"
#endif

namespace tilewright::cli {

inline constexpr std::string_view kVersion = TILEWRIGHT_VERSION;

}  // namespace tilewright::cli
