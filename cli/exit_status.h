// What the program's exit status says; docs/command_line.md lists it for users.
#pragma once

namespace tilewright::cli {

inline constexpr int kDone = 0;
inline constexpr int kNoTiling = 1;
inline constexpr int kCheckFailed = 1;
inline constexpr int kBadInput = 2;
inline constexpr int kFileTrouble = 3;
inline constexpr int kInternalError = 70;
inline constexpr int kInterrupted = 130;

}  // namespace tilewright::cli
