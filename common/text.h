// Small helpers for messages that people read.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tilewright {

/// The candidate that `word` is most likely a misspelling of (fewest edits, a swap of neighbours
/// being one); the first one on a tie; empty if none is near.
std::string nearest_name(std::string_view word, std::span<const std::string_view> candidates);
std::string nearest_name(std::string_view word, std::span<const std::string> candidates);

/// ", did you mean 'x'?" or, if none is near, ", expected one of a, b, c".
std::string suggestion(std::string_view word, std::span<const std::string_view> candidates);
std::string suggestion(std::string_view word, std::span<const std::string> candidates);

/// "a, b, c".
std::string join(std::span<const std::string_view> words, std::string_view separator = ", ");
std::string join(std::span<const std::string> words, std::string_view separator = ", ");

/// 1234567 -> "1,234,567", for any locale.
std::string with_thousands(std::int64_t value);

/// Fit for one line of a message: control characters escaped, cut after 60 bytes.
std::string printable(std::string_view text);

/// Would a YAML 1.1 or 1.2 reader take the bare word for a number, a date, a truth value or
/// nothing?
bool needs_yaml_quotes(std::string_view text);

/// Names of profiles, suites and workloads: [a-z0-9][a-z0-9._-]*, at most 64 characters.
bool is_bare_name(std::string_view text);
inline constexpr std::string_view kBareNameRule =
    "lower-case letters, digits, '.', '_' and '-', starting with a letter or digit, at most 64";

/// Whether a command-line argument names a file rather than something bundled: it has a '/' or
/// ends in .yaml or .yml.
bool looks_like_path(std::string_view text);

}  // namespace tilewright
