#include "import/config.h"

#include <fmt/format.h>

namespace tilewright {

Config::Config(const YamlValue& value) : value_(value), members_(value.entries()) {}

const YamlValue* Config::raw(std::string_view key) const {
  for (const auto& [name, member] : members_) {
    if (name == key) return &member;
  }
  return nullptr;
}

std::optional<YamlValue> Config::find(std::string_view key) const {
  const YamlValue* const member = raw(key);
  if (member == nullptr || member->is_null()) return std::nullopt;
  return *member;
}

YamlValue Config::at(std::string_view key, std::string_view expected) const {
  if (std::optional<YamlValue> member = find(key)) return *member;
  throw error(key, fmt::format("{}, expected {}", has_key(key) ? "is null" : "missing", expected));
}

std::int64_t Config::integer(std::string_view key, IntegerRange range) const {
  return at(key, describe(range)).integer(range);
}

std::int64_t Config::integer_or(std::string_view key, IntegerRange range,
                                std::int64_t otherwise) const {
  const std::optional<YamlValue> member = find(key);
  return member ? member->integer(range) : otherwise;
}

bool Config::flag_or(std::string_view key, bool otherwise) const {
  const std::optional<YamlValue> member = find(key);
  return member ? member->boolean() : otherwise;
}

std::optional<Config> Config::nested(std::string_view key) const {
  const std::optional<YamlValue> member = find(key);
  if (!member) return std::nullopt;
  return Config(*member);
}

InputError Config::error(std::string_view key, std::string_view problem) const {
  if (const YamlValue* const member = raw(key)) return member->error(problem);
  return InputError::at(value_.file(), value_.line(), dotted_key(value_.key(), key), problem);
}

}  // namespace tilewright
