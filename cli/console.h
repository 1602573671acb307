// Standard output and standard error.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tilewright::cli {

/// Opens /dev/null in place of standard streams that the caller closed, so that no file opened
/// later takes their number. Ignores SIGPIPE and SIGXFSZ: a closed pipe or a file size limit is
/// seen when writing.
void prepare_streams();

/// Throws FileError if the text cannot be written; a reader that went away is no error.
void write_stdout(std::string_view text);

/// "tilewright: text" as one line on standard error.
void write_message(std::string_view text);

/// A bar on standard error, drawn only on a terminal; cleared when it goes out of scope.
class ProgressBar {
 public:
  ProgressBar(std::size_t total, bool quiet);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void show(std::size_t done, const std::string& what);
  bool drawn() const { return enabled_; }

 private:
  std::size_t total_;
  bool enabled_;
};

}  // namespace tilewright::cli
