// Whole text files: bounded reading, atomic writing.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace tilewright {

inline constexpr std::size_t kTextFileLimit = std::size_t{1} << 20;

/// The content of a file, pipe or device of 1 to `limit` bytes.
/// Throws InputError if there is no such file, it is a directory, empty or larger; FileError if it
/// cannot be opened or read.
std::string read_text_file(const std::string& path, std::size_t limit = kTextFileLimit);

/// Replaces `path` by `text`, all or nothing: a temporary file in the same folder, flushed to the
/// disk, then renamed. Keeps the permissions of an existing file, writes through a symbolic link.
/// What is no regular file (/dev/stdout, a FIFO) is written directly.
/// Throws FileError; the old file is then as it was and no temporary file is left.
void write_text_file_atomically(const std::string& path, std::string_view text);

/// Takes a text piece by piece.
using TextSink = std::function<void(std::string_view)>;
using TextProducer = std::function<void(const TextSink&)>;

/// The same for a text that need not be in memory as a whole.
void write_text_file_atomically(const std::string& path, const TextProducer& produce);

}  // namespace tilewright
