#include "report/emit_yaml.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

namespace tilewright {
namespace {

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

/// Would a reader take the bare word for a number, a date, a truth value or nothing?
bool reads_as_other(std::string_view text) {
  constexpr std::array<std::string_view, 11> kWords{"true", "false", "yes", "no",   "on", "off",
                                                    "y",    "n",     "~",   "null", ""};
  const std::string lower = lower_case(text);
  if (std::find(kWords.begin(), kWords.end(), lower) != kWords.end()) return true;
  if (lower.ends_with(".inf") || lower.ends_with(".nan")) return true;
  const std::size_t start = text.find_first_not_of("+-.");
  return start == std::string_view::npos ||
         std::isdigit(static_cast<unsigned char>(text[start])) != 0;
}

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
  if (reads_as_other(text)) out << YAML::DoubleQuoted;
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
