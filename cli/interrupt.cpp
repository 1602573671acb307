#include "cli/interrupt.h"

#include <signal.h>
#include <unistd.h>

#include "cli/exit_status.h"

namespace tilewright::cli {
namespace {

// A signal handler can reach nothing but static storage.
std::atomic<bool> stop_requested{false};
static_assert(std::atomic<bool>::is_always_lock_free);

void handle_signal(int /*signal*/) {
  if (stop_requested.exchange(true)) ::_exit(kInterrupted);
}

}  // namespace

const std::atomic<bool>& catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = handle_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  return stop_requested;
}

}  // namespace tilewright::cli
