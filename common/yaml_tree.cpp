#include "common/yaml_tree.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <array>
#include <sstream>
#include <utility>

#include "common/error.h"
#include "common/text.h"
#include "common/tree_builder.h"

namespace tilewright {
namespace {

/// Builds the tree from yaml-cpp's events. Its own node tree is not used: it expands aliases,
/// keeps the first of two equal keys and has no limits.
class EventReader : public YAML::EventHandler {
 public:
  explicit EventReader(std::string_view file) : builder_(file) {}

  YamlElement take_root() { return builder_.take_root(); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) fail(mark, "a second document starts here, expected only one");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_anchor(mark, anchor);
    if (builder_.expects_key()) fail(mark, "a key is empty, expected text");
    builder_.add(make_element(line_of(mark), YamlElement::Kind::kNull));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    fail(mark, "aliases ('*name') are not supported, expected the value itself");
  }

  void OnAnchor(const YAML::Mark& mark, const std::string&) override { refuse_anchor(mark, 1); }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_anchor(mark, anchor);
    refuse_tag(mark, tag);
    if (builder_.expects_key()) {
      builder_.begin_member(line_of(mark), value);
      return;
    }
    YamlElement scalar = make_element(line_of(mark), YamlElement::Kind::kScalar);
    scalar.text = value;
    scalar.quoted = tag == "!";
    builder_.add(std::move(scalar));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlElement::Kind::kList);
  }
  void OnSequenceEnd() override { builder_.close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlElement::Kind::kMap);
  }
  void OnMapEnd() override { builder_.close(); }

 private:
  static int line_of(const YAML::Mark& mark) { return mark.line + 1; }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
            YamlElement::Kind kind) {
    refuse_anchor(mark, anchor);
    refuse_tag(mark, tag);
    if (builder_.expects_key()) {
      fail(mark, "a key is a list or a map (or a bracket is not closed), expected text");
    }
    builder_.open(line_of(mark), kind);
  }

  void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) const {
    if (anchor != 0) fail(mark, "anchors ('&name') are not supported, expected a plain value");
  }

  /// "?" is a plain node and "!" a quoted scalar.
  void refuse_tag(const YAML::Mark& mark, const std::string& tag) const {
    if (tag.empty() || tag == "?" || tag == "!") return;
    fail(mark,
         fmt::format("tags ('{}') are not supported, expected a plain value", printable(tag)));
  }

  [[noreturn]] void fail(const YAML::Mark& mark, std::string_view problem) const {
    builder_.fail(line_of(mark), problem);
  }

  TreeBuilder builder_;
  int documents_ = 0;
};

int line_at(std::string_view text, std::size_t position) {
  const std::string_view before = text.substr(0, position);
  return 1 + static_cast<int>(std::count(before.begin(), before.end(), '\n'));
}

/// The length of the well-formed UTF-8 character at the start of `text`, or 0 (RFC 3629: no
/// overlong forms, no surrogates, nothing above U+10FFFF).
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto follows = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return follows(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const bool overlong = lead == 0xE0 && byte(1) < 0xA0;
    const bool surrogate = lead == 0xED && byte(1) >= 0xA0;
    return follows(1) && follows(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const bool overlong = lead == 0xF0 && byte(1) < 0x90;
    const bool too_large = lead == 0xF4 && byte(1) >= 0x90;
    return follows(1) && follows(2) && follows(3) && !overlong && !too_large ? 4 : 0;
  }
  return 0;
}

void check_characters(std::string_view text, std::string_view file) {
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool control = byte < 0x20 && byte != '\n' && byte != '\r' && byte != '\t';
    const std::size_t length = utf8_length(text.substr(i));
    if (control || length == 0) {
      throw InputError::at(file, line_at(text, i), "",
                           fmt::format("byte 0x{:02x} is no text, expected UTF-8", byte));
    }
    i += length;
  }
}

/// yaml-cpp's messages are short; the most common ones get a hint.
std::string explained(const std::string& message) {
  using Hint = std::pair<std::string_view, std::string_view>;
  constexpr std::array<Hint, 6> kHints{{
      {"end of map not found", "check the indentation and the colons"},
      {"end of sequence not found", "check the indentation and the dashes"},
      {"end of map flow not found", "a '}' is missing"},
      {"end of sequence flow not found", "a ']' is missing"},
      {"illegal document indicator in scalar", "a closing quote is missing"},
      {"illegal map value", "a ':' too many, quote text that contains ': '"},
  }};
  for (const auto& [text, hint] : kHints) {
    if (message == text) return fmt::format("{} ({})", message, hint);
  }
  return printable(message);
}

void run_parser(std::string_view text, std::string_view file, EventReader& reader) {
  // yaml-cpp 0.7 takes the end of the text for a closing quote; an explicit end of the document
  // makes it an error.
  std::istringstream stream{std::string(text) + (text.ends_with('\n') ? "...\n" : "\n...\n")};
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(reader)) {
    }
  } catch (const YAML::Exception& error) {
    const int line = error.mark.is_null() ? 0 : error.mark.line + 1;
    throw InputError::at(file, line, "", "not valid YAML: " + explained(error.msg));
  }
}

}  // namespace

std::shared_ptr<const YamlDocument> parse_yaml_tree(std::string_view text, std::string_view file,
                                                    std::size_t limit) {
  if (text.size() > limit) {
    throw InputError::at(file, 0, "", fmt::format("too large, expected at most {} bytes", limit));
  }
  check_characters(text, file);
  EventReader reader(file);
  run_parser(text, file, reader);
  auto document = std::make_shared<YamlDocument>();
  document->file = std::string(file);
  document->root = reader.take_root();
  if (document->root.kind == YamlElement::Kind::kNull) {
    throw InputError::at(file, 0, "", "the file is empty, expected a map");
  }
  return document;
}

std::string dotted_key(const std::string& parent, std::string_view name) {
  return parent.empty() ? printable(name) : fmt::format("{}.{}", parent, printable(name));
}

std::string dotted_key(const std::string& parent, std::size_t index) {
  return fmt::format("{}[{}]", parent, index);
}

}  // namespace tilewright
