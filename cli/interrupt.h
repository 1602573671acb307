// Ctrl-C and SIGTERM: the first asks the search to stop, the second ends the program at once.
#pragma once

#include <atomic>

namespace tilewright::cli {

/// Installs the handlers and returns the flag that they set. The flag lives as long as the program.
const std::atomic<bool>& catch_interrupts();

}  // namespace tilewright::cli
