// A map of a Hugging Face configuration. Unlike our own files it may hold any further keys.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/yaml_reader.h"

namespace tilewright {

class Config {
 public:
  /// Throws InputError if `value` is no map.
  explicit Config(const YamlValue& value);

  /// Also true where null is given.
  bool has_key(std::string_view key) const { return raw(key) != nullptr; }
  /// Nothing where the key is missing or null.
  std::optional<YamlValue> find(std::string_view key) const;
  /// The error "missing, expected `expected`" unless it is there.
  YamlValue at(std::string_view key, std::string_view expected) const;

  std::int64_t integer(std::string_view key, IntegerRange range) const;
  std::int64_t integer_or(std::string_view key, IntegerRange range, std::int64_t otherwise) const;
  bool flag_or(std::string_view key, bool otherwise) const;
  std::optional<Config> nested(std::string_view key) const;

  /// "file:line: key: problem", at the key's line if it is there.
  InputError error(std::string_view key, std::string_view problem) const;

 private:
  const YamlValue* raw(std::string_view key) const;

  YamlValue value_;
  std::vector<std::pair<std::string, YamlValue>> members_;
};

}  // namespace tilewright
