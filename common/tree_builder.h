// Builds the tree of a document from what its parser reports, one event after the other.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/yaml_tree.h"

namespace tilewright {

/// Owns the lists and maps that are still open. All lines are 1-based; what is refused throws
/// InputError at its line and key.
class TreeBuilder {
 public:
  explicit TreeBuilder(std::string_view file) : file_(file) {}

  /// Whether the next event must be the key of a map.
  bool expects_key() const;
  /// Refuses a key that the map already has.
  void begin_member(int line, const std::string& key);
  /// Refuses nesting beyond kYamlDepthLimit.
  void open(int line, YamlElement::Kind kind);
  void close();
  void add(YamlElement value);

  YamlElement take_root();

  [[noreturn]] void fail(int line, std::string_view problem) const;

 private:
  struct Frame {
    YamlElement element;
    bool has_key = false;  ///< of a map: the next event is a value
    std::string key;
    int key_line = 0;
    std::unordered_map<std::string, int> lines_of_keys;
  };

  std::string path() const;

  std::string_view file_;
  std::vector<Frame> frames_;
  YamlElement root_;
};

YamlElement make_element(int line, YamlElement::Kind kind);

}  // namespace tilewright
