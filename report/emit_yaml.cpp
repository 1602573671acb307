#include "report/emit_yaml.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>

#include "common/text.h"

namespace tilewright {
namespace {

/// YAML 1.1 readers want a point in every number with an exponent: 1.0e-07.
std::string number_text(const Document& number) {
  std::string text = number.dump();
  const std::size_t exponent = text.find('e');
  if (exponent != std::string::npos && text.find('.') == std::string::npos) {
    text.insert(exponent, ".0");
  }
  return text;
}

bool is_flow_list(const Document& list) {
  return !list.empty() && list.size() <= 3 &&
         std::all_of(list.begin(), list.end(),
                     [](const Document& item) { return item.is_number(); });
}

void emit_text(YAML::Emitter& out, const std::string& text) {
  if (needs_yaml_quotes(text)) out << YAML::DoubleQuoted;
  out << text;
}

void emit_scalar(YAML::Emitter& out, const Document& value) {
  if (value.is_string()) {
    emit_text(out, value.get<std::string>());
  } else if (value.is_null()) {
    out << YAML::Null;
  } else if (value.is_boolean()) {
    out << value.get<bool>();
  } else {
    out << number_text(value);
  }
}

// Calls itself for the members of lists and maps; documents are at most a few levels deep.
void emit_node(YAML::Emitter& out, const Document& value) {
  if (value.is_object()) {
    out << YAML::BeginMap;
    for (const auto& [key, member] : value.items()) {
      out << YAML::Key << key << YAML::Value;
      emit_node(out, member);
    }
    out << YAML::EndMap;
  } else if (value.is_array()) {
    if (is_flow_list(value) || value.empty()) out << YAML::Flow;
    out << YAML::BeginSeq;
    for (const Document& item : value) emit_node(out, item);
    out << YAML::EndSeq;
  } else {
    emit_scalar(out, value);
  }
}

}  // namespace

std::string emit_yaml(const Document& document) {
  YAML::Emitter out;
  emit_node(out, document);
  return std::string(out.c_str(), out.size()) + "\n";
}

}  // namespace tilewright
