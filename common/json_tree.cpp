#include "common/json_tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "common/error.h"
#include "common/text.h"
#include "common/tree_builder.h"

namespace tilewright {
namespace {

/// Leaves behind how far the parser has read: its events do not say where they are.
class WatchedIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  WatchedIterator(const char* at, const char** seen) : at_(at), seen_(seen) {}

  reference operator*() const { return *at_; }
  WatchedIterator& operator++() {
    *seen_ = ++at_;
    return *this;
  }
  WatchedIterator operator++(int) {
    const WatchedIterator before = *this;
    ++*this;
    return before;
  }
  bool operator==(const WatchedIterator& other) const { return at_ == other.at_; }
  bool operator!=(const WatchedIterator& other) const { return at_ != other.at_; }

 private:
  const char* at_;
  const char** seen_;
};

/// nlohmann's events; their names and parameters are those of its interface for handlers.
class EventReader {
 public:
  EventReader(std::string_view text, std::string_view file)
      : text_(text), file_(file), seen_(text.data()), counted_(text.data()), builder_(file) {}

  YamlElement read() {
    const char* const end = text_.data() + text_.size();
    nlohmann::json::sax_parse(WatchedIterator(text_.data(), &seen_), WatchedIterator(end, &seen_),
                              this);
    return builder_.take_root();
  }

  bool null() { return add(YamlElement::Kind::kNull, "", false); }
  bool boolean(bool value) { return scalar(value ? "true" : "false"); }
  bool number_integer(std::int64_t value) { return scalar(std::to_string(value)); }
  bool number_unsigned(std::uint64_t value) { return scalar(std::to_string(value)); }
  bool number_float(double, const std::string& digits) { return scalar(digits); }
  bool string(const std::string& value) { return add(YamlElement::Kind::kScalar, value, true); }
  bool binary(const nlohmann::json::binary_t&) { return false; }

  bool start_object(std::size_t) { return open(YamlElement::Kind::kMap); }
  bool start_array(std::size_t) { return open(YamlElement::Kind::kList); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }

  bool key(const std::string& name) {
    builder_.begin_member(line(0), name);
    return true;
  }

  [[noreturn]] bool parse_error(std::size_t position, const std::string&,
                                const nlohmann::json::exception& error) {
    const std::size_t before = std::min(position > 0 ? position - 1 : 0, text_.size());
    const auto newlines = std::count(text_.begin(), text_.begin() + offset(before), '\n');
    throw InputError::at(file_, 1 + static_cast<int>(newlines), "",
                         "not valid JSON: " + explained(error.what()));
  }

 private:
  static std::ptrdiff_t offset(std::size_t value) { return static_cast<std::ptrdiff_t>(value); }

  /// "[json.exception...] parse error at line 1, column 2: syntax error while parsing value -
  /// reason; last read: ..." without all but the reason.
  static std::string explained(std::string_view message) {
    const std::size_t dash = message.find(" - ");
    if (dash == std::string_view::npos) return printable(message.substr(message.find(' ') + 1));
    const std::string_view reason = message.substr(dash + 3);
    const std::size_t excerpt = reason.find("; last read");
    if (excerpt == std::string_view::npos) return std::string(reason);
    const std::size_t expected = reason.find("; expected", excerpt);
    std::string text(reason.substr(0, excerpt));
    if (expected != std::string_view::npos) text += reason.substr(expected);
    return text;
  }

  /// The line of the character `back` places before the first unread one.
  int line(std::ptrdiff_t back) {
    const char* const until = std::max(counted_, seen_ - back);
    lines_ += static_cast<int>(std::count(counted_, until, '\n'));
    counted_ = until;
    return lines_;
  }

  /// The parser reads one character more than a number has; it may be the end of the line.
  bool scalar(const std::string& text) { return add(YamlElement::Kind::kScalar, text, false); }

  bool add(YamlElement::Kind kind, const std::string& text, bool quoted) {
    YamlElement element = make_element(line(quoted ? 0 : 1), kind);
    element.text = text;
    element.quoted = quoted;
    builder_.add(std::move(element));
    return true;
  }

  bool open(YamlElement::Kind kind) {
    builder_.open(line(0), kind);
    return true;
  }

  bool close() {
    builder_.close();
    return true;
  }

  std::string_view text_;
  std::string_view file_;
  const char* seen_;     ///< first character that the parser has not read
  const char* counted_;  ///< lines_ is the line of this character
  int lines_ = 1;
  TreeBuilder builder_;
};

}  // namespace

std::shared_ptr<const YamlDocument> parse_json_tree(std::string_view text, std::string_view file) {
  if (text.size() > kJsonSizeLimit) {
    throw InputError::at(file, 0, "",
                         fmt::format("too large, expected at most {} bytes", kJsonSizeLimit));
  }
  auto document = std::make_shared<YamlDocument>();
  document->file = std::string(file);
  document->root = EventReader(text, file).read();
  return document;
}

}  // namespace tilewright
