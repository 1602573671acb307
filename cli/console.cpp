#include "cli/console.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <system_error>

#include "common/error.h"

namespace tilewright::cli {
namespace {

constexpr std::size_t kBarWidth = 24;
constexpr std::size_t kLabelWidth = 44;

/// The error number of the first failed write, 0 if all was written.
int write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(descriptor, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return 0;
}

}  // namespace

void prepare_streams() {
  for (int descriptor = 0; descriptor <= 2; ++descriptor) {
    const bool closed = ::fcntl(descriptor, F_GETFD) == -1 && errno == EBADF;
    // Read-only, so that writing to a closed standard output still fails.
    if (closed && ::open("/dev/null", O_RDONLY) == -1) return;
  }
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
}

void write_stdout(std::string_view text) {
  const int error = write_all(STDOUT_FILENO, text);
  if (error == 0 || error == EPIPE) return;
  throw FileError(
      fmt::format("standard output: cannot write: {}", std::generic_category().message(error)));
}

void write_message(std::string_view text) {
  std::string line = fmt::format("tilewright: {}", text);
  std::replace(line.begin(), line.end(), '\n', ' ');
  // With standard error gone there is nobody left to tell.
  static_cast<void>(write_all(STDERR_FILENO, line + "\n"));
}

ProgressBar::ProgressBar(std::size_t total, bool quiet)
    : total_(total), enabled_(!quiet && total > 0 && ::isatty(STDERR_FILENO) == 1) {}

ProgressBar::~ProgressBar() {
  if (enabled_) static_cast<void>(write_all(STDERR_FILENO, "\r\x1b[K"));
}

void ProgressBar::show(std::size_t done, const std::string& what) {
  if (!enabled_) return;
  const std::size_t filled = kBarWidth * done / total_;
  const std::string bar = std::string(filled, '#') + std::string(kBarWidth - filled, '.');
  const std::string line =
      fmt::format("\r\x1b[K[{}] {}/{} {}", bar, done, total_, what.substr(0, kLabelWidth));
  static_cast<void>(write_all(STDERR_FILENO, line));
}

}  // namespace tilewright::cli
