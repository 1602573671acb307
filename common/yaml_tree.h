// A YAML text as a plain tree, with everything refused that a small data file never needs.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tilewright {

inline constexpr std::size_t kYamlSizeLimit = std::size_t{1} << 20;
inline constexpr int kYamlDepthLimit = 32;

struct YamlElement {
  enum class Kind { kNull, kScalar, kList, kMap };
  Kind kind = Kind::kNull;
  int line = 0;         ///< 1-based
  std::string text;     ///< of a scalar
  bool quoted = false;  ///< a scalar in quotes or a block scalar: always text
  std::string key;      ///< in a map: the key this is the value of
  int key_line = 0;
  std::vector<YamlElement> children;  ///< of a list or a map
};

struct YamlDocument {
  std::string file;  ///< only names it in messages
  YamlElement root;
};

/// Throws InputError "file:line: key: problem" for: nothing in it, more than `limit` bytes, bytes
/// that are no UTF-8 text, syntax errors, duplicate keys, keys that are no text, anchors,
/// aliases and tags, nesting beyond kYamlDepthLimit, several documents.
std::shared_ptr<const YamlDocument> parse_yaml_tree(std::string_view text, std::string_view file,
                                                    std::size_t limit = kYamlSizeLimit);

/// "a.b[2].c": `name` below `parent`, made printable.
std::string dotted_key(const std::string& parent, std::string_view name);
std::string dotted_key(const std::string& parent, std::size_t index);

}  // namespace tilewright
