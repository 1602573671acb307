// A JSON text as the same plain tree as YAML, so that one strict reader serves both.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "common/yaml_tree.h"

namespace tilewright {

/// Label lists make some published files larger than any YAML file of ours.
inline constexpr std::size_t kJsonSizeLimit = std::size_t{8} << 20;

/// Numbers keep their digits, so that none is rounded. Throws InputError "file:line: key: problem"
/// for: more than kJsonSizeLimit bytes, syntax errors (also text that is no UTF-8, NaN, comments),
/// duplicate keys, nesting beyond kYamlDepthLimit.
std::shared_ptr<const YamlDocument> parse_json_tree(std::string_view text, std::string_view file);

}  // namespace tilewright
