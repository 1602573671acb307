#include "common/text_file.h"

#include <sys/stat.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>

#include "common/error.h"

using namespace tilewright;
namespace fs = std::filesystem;

namespace {

/// A folder of its own for each test, removed at the end.
class Scratch {
 public:
  Scratch() {
    std::string pattern = (fs::temp_directory_path() / "tilewright-test-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::ptrdiff_t entries() const {
    return std::distance(fs::directory_iterator(folder_), fs::directory_iterator());
  }

 private:
  fs::path folder_;
};

template <typename Error>
std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

std::string content(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

unsigned mode_of(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 07777U : 0U;
}

}  // namespace

TEST_CASE("a file comes back as it was written", "[unit][text_file]") {
  const Scratch scratch;
  write_text_file_atomically(scratch.path("new.yaml"), "a: 1\n");
  CHECK(read_text_file(scratch.path("new.yaml")) == "a: 1\n");
  CHECK(scratch.entries() == 1);
}

TEST_CASE("a file at the limit is read, one byte above is refused", "[unit][text_file]") {
  const Scratch scratch;
  const std::string path = scratch.path("x");
  write_text_file_atomically(path, "12345");
  CHECK(read_text_file(path, 5) == "12345");
  CHECK(message_of<InputError>([&] { read_text_file(path, 4); }) ==
        path + ": too large, expected at most 4 bytes");
}

TEST_CASE("what is no readable file is refused with its name", "[unit][text_file]") {
  const Scratch scratch;
  const std::string folder = scratch.path("");
  CHECK(message_of<InputError>([] { read_text_file("/no/such/file"); }) ==
        "/no/such/file: no such file");
  CHECK(message_of<InputError>([] { read_text_file("/dev/null/x"); }) ==
        "/dev/null/x: no such file");
  CHECK(message_of<InputError>([] { read_text_file(""); }) == "no file name given");
  CHECK(message_of<InputError>([&] { read_text_file(folder); }) ==
        folder + ": is a directory, expected a file");
  CHECK(message_of<InputError>([] { read_text_file("/dev/null"); }) ==
        "/dev/null: the file is empty");
  CHECK(message_of<InputError>([] { read_text_file("/dev/zero", 100000); }) ==
        "/dev/zero: too large, expected at most 100000 bytes");
  // A process's own memory: opens, but address 0 cannot be read.
  CHECK(message_of<FileError>([] { read_text_file("/proc/self/mem"); }) ==
        "/proc/self/mem: cannot read: Input/output error");
}

TEST_CASE("a file without permission cannot be read", "[unit][text_file]") {
  if (::geteuid() == 0) return;  // nothing is forbidden to root
  const Scratch scratch;
  const std::string path = scratch.path("secret");
  write_text_file_atomically(path, "x");
  fs::permissions(path, fs::perms::none);
  CHECK(message_of<FileError>([&] { read_text_file(path); }) ==
        path + ": cannot read: Permission denied");
  CHECK(message_of<FileError>([&] { write_text_file_atomically(path, "y"); }) ==
        path + ": cannot write: Permission denied");
}

TEST_CASE("replacing a file keeps its permissions and leaves nothing else", "[unit][text_file]") {
  const Scratch scratch;
  const std::string path = scratch.path("x");
  write_text_file_atomically(path, "old");
  fs::permissions(path, fs::perms(0640));
  write_text_file_atomically(path, "new");
  CHECK(content(path) == "new");
  CHECK(mode_of(path) == 0640U);
  CHECK(scratch.entries() == 1);
}

TEST_CASE("a new file has the permissions that the umask leaves", "[unit][text_file]") {
  const Scratch scratch;
  const mode_t old = ::umask(027);
  write_text_file_atomically(scratch.path("x"), "new");
  ::umask(old);
  CHECK(mode_of(scratch.path("x")) == 0640U);
}

TEST_CASE("a symbolic link stays and its target is replaced", "[unit][text_file]") {
  const Scratch scratch;
  write_text_file_atomically(scratch.path("target"), "old");
  fs::create_symlink("target", scratch.path("link"));
  write_text_file_atomically(scratch.path("link"), "new");
  CHECK(fs::is_symlink(scratch.path("link")));
  CHECK(content(scratch.path("target")) == "new");
}

TEST_CASE("what cannot be written is refused and nothing is left behind", "[unit][text_file]") {
  const Scratch scratch;
  const std::string folder = scratch.path("folder");
  const std::string missing = scratch.path("missing/x");
  fs::create_directory(folder);
  CHECK(message_of<FileError>([&] { write_text_file_atomically(folder, "x"); }) ==
        folder + ": cannot write: Is a directory");
  CHECK(message_of<FileError>([&] { write_text_file_atomically(missing, "x"); }) ==
        missing + ": cannot write: No such file or directory");
  CHECK(message_of<FileError>([] { write_text_file_atomically("", "x"); }) ==
        "cannot write: no file name given");
  CHECK(scratch.entries() == 1);
  CHECK(fs::is_empty(folder));
}

TEST_CASE("a full device is reported", "[unit][text_file]") {
  CHECK(message_of<FileError>([] { write_text_file_atomically("/dev/full", "x"); }) ==
        "/dev/full: cannot write: No space left on device");
  CHECK(message_of<FileError>([] { write_text_file_atomically("/dev/null", "x"); }) == "no error");
}

TEST_CASE("a name beyond the file system's limit leaves nothing behind", "[unit][text_file]") {
  const Scratch scratch;
  const std::string path = scratch.path(std::string(300, 'n'));
  CHECK(message_of<FileError>([&] { write_text_file_atomically(path, "x"); }) ==
        path + ": cannot write: File name too long");
  CHECK(scratch.entries() == 0);
}

TEST_CASE("an open descriptor is appended to, not replaced", "[unit][text_file]") {
  const Scratch scratch;
  const std::string path = scratch.path("redirected");
  std::ofstream(path) << "before ";
  FILE* file = std::fopen(path.c_str(), "a");
  REQUIRE(file != nullptr);
  const std::string descriptor = "/dev/fd/" + std::to_string(::fileno(file));
  write_text_file_atomically(descriptor, "after");
  std::fclose(file);
  CHECK(content(path) == "before after");
  CHECK(scratch.entries() == 1);
}
