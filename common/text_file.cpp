#include "common/text_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "common/error.h"

namespace tilewright {
namespace {

constexpr std::size_t kBufferSize = std::size_t{1} << 16;
constexpr int kTemporaryNameTries = 1000;

/// Owns an open file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }

  bool valid() const { return number_ >= 0; }
  int number() const { return number_; }

  /// Closes it and reports what the kernel kept until now (full disk, quota). Whether close()
  /// succeeds or not, the descriptor is gone on Linux.
  bool close() { return ::close(std::exchange(number_, -1)) == 0 || errno == EINTR; }

 private:
  int number_;
};

std::string reason(int error) {
  return std::generic_category().message(error);
}

FileError read_error(const std::string& path, int error) {
  return FileError(fmt::format("{}: cannot read: {}", path, reason(error)));
}

FileError write_error(const std::string& path, int error) {
  return FileError(fmt::format("{}: cannot write: {}", path, reason(error)));
}

Descriptor open_to_read(const std::string& path) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.valid()) return file;
  const int error = errno;
  if (path.empty()) throw InputError("no file name given");
  if (error == ENOENT || error == ENOTDIR) {
    throw InputError(fmt::format("{}: no such file", path));
  }
  throw read_error(path, error);
}

/// Reads to the end, or until more than `limit` bytes are there.
std::string read_up_to(const Descriptor& file, const std::string& path, std::size_t limit) {
  std::string text;
  std::array<char, 16384> buffer{};
  while (text.size() <= limit) {
    const ssize_t count = ::read(file.number(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw read_error(path, errno);
    if (count == 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return text;
}

std::optional<struct stat> status_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return status;
}

void write_all(const Descriptor& file, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const ssize_t count = ::write(file.number(), text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw write_error(path, errno);
    if (count == 0) throw write_error(path, EIO);
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

/// Names of this process's open descriptors. Behind them may be a regular file (a redirection),
/// which must be appended to, not replaced.
bool is_descriptor_path(const std::string& path) {
  return path == "/dev/stdout" || path == "/dev/stderr" || path.starts_with("/dev/fd/") ||
         path.starts_with("/proc/");
}

/// What is produced in pieces goes to the file in large ones.
void write_produced(const Descriptor& file, const TextProducer& produce, const std::string& path) {
  std::string buffer;
  produce([&](std::string_view text) {
    buffer += text;
    if (buffer.size() >= kBufferSize) {
      write_all(file, buffer, path);
      buffer.clear();
    }
  });
  write_all(file, buffer, path);
}

void write_directly(const std::string& path, const TextProducer& produce) {
  Descriptor file(::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY));
  if (!file.valid()) throw write_error(path, errno);
  write_produced(file, produce, path);
  if (!file.close()) throw write_error(path, errno);
}

/// Follows symbolic links, so that the link stays and its target is replaced.
std::string resolved(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr),
                                                         &std::free);
  return real ? std::string(real.get()) : path;
}

/// A new file beside its target; removed again unless it was renamed.
class TemporaryFile {
 public:
  TemporaryFile(const std::filesystem::path& folder, const std::string& target)
      : path_(), target_(target), file_(create(folder)) {}
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }

  void write(const TextProducer& produce) {
    write_produced(file_, produce, target_);
    if (::fsync(file_.number()) != 0) throw write_error(target_, errno);
  }

  /// Owner and mode of the file that will be replaced, as far as this process may set them.
  void adopt(const struct stat& old) {
    const bool owned = ::fchown(file_.number(), old.st_uid, old.st_gid) == 0;
    // Without the right owner, set-id bits must not be passed on.
    const mode_t mode = old.st_mode & (owned ? 07777U : 0777U);
    if (::fchmod(file_.number(), mode) != 0) throw write_error(target_, errno);
  }

  void rename_to(const std::string& path) {
    if (!file_.close()) throw write_error(target_, errno);
    if (::rename(path_.c_str(), path.c_str()) != 0) throw write_error(target_, errno);
    path_.clear();
  }

 private:
  /// open() rather than mkstemp(), so that the kernel applies the user's umask.
  Descriptor create(const std::filesystem::path& folder) {
    for (int attempt = 0; attempt < kTemporaryNameTries; ++attempt) {
      path_ = (folder / fmt::format(".tilewright-{}-{}.tmp", ::getpid(), attempt)).string();
      Descriptor file(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
      if (file.valid()) return file;
      const int error = errno;
      path_.clear();
      if (error != EEXIST) throw write_error(target_, error);
    }
    throw write_error(target_, EEXIST);
  }

  std::string path_;
  std::string target_;
  Descriptor file_;
};

/// Makes the rename itself durable. The new content is already in place, so a file system that
/// cannot flush a folder is no error.
void flush_folder(const std::filesystem::path& folder) {
  const Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.valid()) ::fsync(directory.number());
}

}  // namespace

std::string read_text_file(const std::string& path, std::size_t limit) {
  const Descriptor file = open_to_read(path);
  struct stat status {};
  if (::fstat(file.number(), &status) != 0) throw read_error(path, errno);
  if (S_ISDIR(status.st_mode)) {
    throw InputError(fmt::format("{}: is a directory, expected a file", path));
  }
  std::string text = read_up_to(file, path, limit);
  if (text.size() > limit) {
    throw InputError(fmt::format("{}: too large, expected at most {} bytes", path, limit));
  }
  if (text.empty()) throw InputError(fmt::format("{}: the file is empty", path));
  return text;
}

void write_text_file_atomically(const std::string& path, const TextProducer& produce) {
  if (path.empty()) throw FileError("cannot write: no file name given");
  const std::optional<struct stat> old = status_of(path);
  if (old && S_ISDIR(old->st_mode)) throw write_error(path, EISDIR);
  if (old && (!S_ISREG(old->st_mode) || is_descriptor_path(path))) {
    write_directly(path, produce);
    return;
  }
  if (old && ::access(path.c_str(), W_OK) != 0) throw write_error(path, errno);
  const std::string target = old ? resolved(path) : path;
  const std::filesystem::path parent = std::filesystem::path(target).parent_path();
  const std::filesystem::path folder = parent.empty() ? "." : parent;
  TemporaryFile temporary(folder, path);
  temporary.write(produce);
  if (old) temporary.adopt(*old);
  temporary.rename_to(target);
  flush_folder(folder);
}

void write_text_file_atomically(const std::string& path, std::string_view text) {
  write_text_file_atomically(path, [text](const TextSink& sink) { sink(text); });
}

}  // namespace tilewright
