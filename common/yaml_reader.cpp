#include "common/yaml_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <cmath>

#include "common/json_tree.h"
#include "common/numbers.h"
#include "common/text.h"

namespace tilewright {
namespace {

constexpr std::string_view kBooleanRule = "true or false";

std::string describe_keys(std::span<const std::string_view> keys) {
  return fmt::format("a map with {}", join(keys));
}

std::string describe_number(double min, double max) {
  return fmt::format("a number from {} to {}", min, max);
}

std::string describe_element(const YamlElement& element) {
  switch (element.kind) {
    case YamlElement::Kind::kNull:
      return "empty";
    case YamlElement::Kind::kList:
      return "a list";
    case YamlElement::Kind::kMap:
      return "a map";
    case YamlElement::Kind::kScalar:
      break;
  }
  const std::string text = printable(element.text);
  return element.quoted ? fmt::format("the text '{}'", text) : fmt::format("'{}'", text);
}

std::string describe_problem(NumberProblem problem, std::int64_t scale) {
  switch (problem) {
    case NumberProblem::kNotFinite:
      return ", which is not finite";
    case NumberProblem::kTooLarge:
      return ", which does not fit 64 bits";
    case NumberProblem::kTooFine:
      return fmt::format(", which is no multiple of {}", format_decimal(1, scale));
    case NumberProblem::kNone:
    case NumberProblem::kNotANumber:
      break;
  }
  return {};
}

std::optional<double> parse_double(std::string_view text) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  if (result.ec != std::errc{} || result.ptr != end || !std::isfinite(value)) return std::nullopt;
  return value;
}

/// Plain scalars that YAML does not take for text.
bool is_other_type(const YamlElement& scalar) {
  if (scalar.quoted) return false;
  const std::string& text = scalar.text;
  return text == "true" || text == "false" || parse_double(text) || text.starts_with(".nan") ||
         text.starts_with(".inf") || text.starts_with("-.inf");
}

}  // namespace

std::string describe(const IntegerRange& range) {
  return fmt::format("a whole number from {} to {}", range.min, range.max);
}

std::string describe(const DecimalRange& range) {
  return fmt::format("a number from {} to {}", format_decimal(range.min, range.scale),
                     format_decimal(range.max, range.scale));
}

std::string describe_choice(std::span<const std::string_view> names) {
  return fmt::format("one of {}", join(names));
}

std::string YamlValue::written() const {
  if (element_->kind == YamlElement::Kind::kScalar) return element_->text;
  std::vector<std::string> parts;
  for (const YamlElement& child : element_->children) parts.push_back(child.text);
  return join(parts);
}

std::string YamlValue::text() const {
  const YamlElement& element = scalar("text");
  if (is_other_type(element)) throw wrong("text (in quotes)");
  return element.text;
}

bool YamlValue::boolean() const {
  const YamlElement& element = scalar(kBooleanRule);
  if (element.quoted || (element.text != "true" && element.text != "false")) {
    throw wrong(kBooleanRule);
  }
  return element.text == "true";
}

std::int64_t YamlValue::integer(IntegerRange range) const {
  const YamlElement& element = scalar(describe(range));
  if (element.quoted) throw wrong(describe(range));
  const ParsedNumber parsed = parse_integer(element.text);
  const bool inside = parsed.value >= range.min && parsed.value <= range.max;
  if (parsed.problem == NumberProblem::kNone && inside) return parsed.value;
  throw error(fmt::format("is {}{}, expected {}", describe_element(element),
                          describe_problem(parsed.problem, 1), describe(range)));
}

std::int64_t YamlValue::decimal(DecimalRange range) const {
  const YamlElement& element = scalar(describe(range));
  if (element.quoted) throw wrong(describe(range));
  const ParsedNumber parsed = parse_decimal(element.text, range.scale);
  const bool inside = parsed.value >= range.min && parsed.value <= range.max;
  if (parsed.problem == NumberProblem::kNone && inside) return parsed.value;
  throw error(fmt::format("is {}{}, expected {}", describe_element(element),
                          describe_problem(parsed.problem, range.scale), describe(range)));
}

double YamlValue::number(double min, double max) const {
  const YamlElement& element = scalar(describe_number(min, max));
  const std::optional<double> value = parse_double(element.text);
  if (element.quoted || !value || *value < min || *value > max) {
    throw wrong(describe_number(min, max));
  }
  return *value;
}

std::size_t YamlValue::choice(std::span<const std::string_view> names) const {
  const YamlElement& element = scalar(describe_choice(names));
  const auto found = std::find(names.begin(), names.end(), element.text);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  throw error(fmt::format("is {}{}", describe_element(element), suggestion(element.text, names)));
}

std::vector<YamlValue> YamlValue::list() const {
  require(YamlElement::Kind::kList, "a list");
  std::vector<YamlValue> values;
  for (std::size_t i = 0; i < element_->children.size(); ++i) {
    values.push_back(YamlValue(document_, &element_->children[i], dotted_key(key_, i)));
  }
  return values;
}

YamlMap YamlValue::map(std::vector<std::string_view> known_keys) const {
  require(YamlElement::Kind::kMap, describe_keys(known_keys));
  return YamlMap(*this, std::move(known_keys));
}

std::vector<std::pair<std::string, YamlValue>> YamlValue::entries() const {
  require(YamlElement::Kind::kMap, "a map");
  std::vector<std::pair<std::string, YamlValue>> members;
  for (const YamlElement& child : element_->children) {
    members.emplace_back(child.key, YamlValue(document_, &child, dotted_key(key_, child.key)));
  }
  return members;
}

InputError YamlValue::error(std::string_view problem) const {
  const int line = element_->key_line > 0 ? element_->key_line : element_->line;
  return InputError::at(document_->file, line, key_, problem);
}

InputError YamlValue::wrong(std::string_view expected) const {
  const std::string_view subject = key_.empty() ? "the top level is" : "is";
  return error(fmt::format("{} {}, expected {}", subject, describe_element(*element_), expected));
}

const YamlElement& YamlValue::scalar(std::string_view expected) const {
  require(YamlElement::Kind::kScalar, expected);
  return *element_;
}

void YamlValue::require(YamlElement::Kind kind, std::string_view expected) const {
  if (element_->kind != kind) throw wrong(expected);
}

YamlMap::YamlMap(YamlValue value, std::vector<std::string_view> known_keys)
    : value_(std::move(value)), known_keys_(std::move(known_keys)) {
  for (const auto& [key, member] : value_.entries()) {
    if (std::find(known_keys_.begin(), known_keys_.end(), key) != known_keys_.end()) continue;
    throw member.error("unknown key" + suggestion(key, known_keys_));
  }
}

std::optional<YamlValue> YamlMap::find(std::string_view key) const {
  assert(std::find(known_keys_.begin(), known_keys_.end(), key) != known_keys_.end());
  for (const YamlElement& child : value_.element_->children) {
    if (child.key == key) {
      return YamlValue(value_.document_, &child, dotted_key(value_.key_, key));
    }
  }
  return std::nullopt;
}

YamlValue YamlMap::at(std::string_view key, std::string_view expected) const {
  if (std::optional<YamlValue> member = find(key)) return *member;
  throw InputError::at(value_.file(), value_.line(), dotted_key(value_.key_, key),
                       fmt::format("missing, expected {}", expected));
}

std::string YamlMap::text(std::string_view key) const {
  return at(key, "text").text();
}

bool YamlMap::boolean(std::string_view key) const {
  return at(key, kBooleanRule).boolean();
}

std::int64_t YamlMap::integer(std::string_view key, IntegerRange range) const {
  return at(key, describe(range)).integer(range);
}

std::int64_t YamlMap::decimal(std::string_view key, DecimalRange range) const {
  return at(key, describe(range)).decimal(range);
}

double YamlMap::number(std::string_view key, double min, double max) const {
  return at(key, describe_number(min, max)).number(min, max);
}

std::size_t YamlMap::choice(std::string_view key, std::span<const std::string_view> names) const {
  return at(key, describe_choice(names)).choice(names);
}

std::vector<YamlValue> YamlMap::list(std::string_view key) const {
  return at(key, "a list").list();
}

YamlMap YamlMap::map(std::string_view key, std::vector<std::string_view> known_keys) const {
  const YamlValue member = at(key, describe_keys(known_keys));
  return member.map(std::move(known_keys));
}

std::string YamlMap::text_or(std::string_view key, std::string_view otherwise) const {
  const std::optional<YamlValue> member = find(key);
  return member ? member->text() : std::string(otherwise);
}

std::int64_t YamlMap::integer_or(std::string_view key, IntegerRange range,
                                 std::int64_t otherwise) const {
  const std::optional<YamlValue> member = find(key);
  return member ? member->integer(range) : otherwise;
}

YamlValue parse_yaml(std::string_view text, std::string_view file, std::size_t limit) {
  return root_of(parse_yaml_tree(text, file, limit));
}

YamlValue root_of(std::shared_ptr<const YamlDocument> document) {
  const YamlElement* root = &document->root;
  return YamlValue(std::move(document), root, "");
}

YamlValue parse_json(std::string_view text, std::string_view file) {
  return root_of(parse_json_tree(text, file));
}

YamlValue schema_of(const YamlValue& root) {
  for (const auto& [key, member] : root.entries()) {
    if (key == "schema") return member;
  }
  throw InputError::at(root.file(), root.line(), "schema", "missing, expected text");
}

void expect_schema(const YamlValue& root, std::string_view schema) {
  for (const auto& [key, member] : root.entries()) {
    if (key != "schema") continue;
    if (member.text() == schema) return;
    throw member.error(fmt::format("is '{}', expected '{}'", printable(member.text()), schema));
  }
  throw InputError::at(root.file(), root.line(), "schema",
                       fmt::format("missing, expected '{}'", schema));
}

}  // namespace tilewright
