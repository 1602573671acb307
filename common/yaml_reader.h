// Strict reading of YAML and JSON: every value is asked for by name and type, everything else is an
// error of one line, "file:line: dotted.key: what is wrong, expected ...".
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/error.h"
#include "common/yaml_tree.h"

namespace tilewright {

/// Both ends allowed.
struct IntegerRange {
  std::int64_t min = 0;
  std::int64_t max = 0;
};

/// A number that is a whole multiple of 1/scale, kept as that multiple: "1.5" at a scale of 1000
/// is 1500. Both ends, given as multiples, are allowed.
struct DecimalRange {
  std::int64_t scale = 1;
  std::int64_t min = 0;
  std::int64_t max = 0;
};

/// "a whole number from 1 to 4096", as the messages say it.
std::string describe(const IntegerRange& range);
std::string describe(const DecimalRange& range);
std::string describe_choice(std::span<const std::string_view> names);

class YamlMap;

/// One value of a document. Cheap to copy; keeps the document alive.
class YamlValue {
 public:
  int line() const { return element_->line; }
  const std::string& key() const { return key_; }
  const std::string& file() const { return document_->file; }

  bool is_null() const { return element_->kind == YamlElement::Kind::kNull; }
  bool is_map() const { return element_->kind == YamlElement::Kind::kMap; }
  /// A scalar as written, a list of scalars joined by ", ".
  std::string written() const;

  /// Text; a number, true, false or nothing must be quoted to be one.
  std::string text() const;
  bool boolean() const;
  std::int64_t integer(IntegerRange range) const;
  std::int64_t decimal(DecimalRange range) const;
  /// Any finite number, also with an exponent, rounded to the nearest double.
  double number(double min, double max) const;
  /// The index in `names` of the text given.
  std::size_t choice(std::span<const std::string_view> names) const;
  std::vector<YamlValue> list() const;
  /// A map in which only these keys may occur.
  YamlMap map(std::vector<std::string_view> known_keys) const;
  /// A map with any keys, in the order of the file.
  std::vector<std::pair<std::string, YamlValue>> entries() const;

  /// "file:line: key: problem", for checks that only the caller can make.
  InputError error(std::string_view problem) const;

 private:
  friend class YamlMap;
  friend YamlValue parse_yaml(std::string_view text, std::string_view file, std::size_t limit);
  friend YamlValue parse_json(std::string_view text, std::string_view file);
  friend YamlValue root_of(std::shared_ptr<const YamlDocument> document);

  YamlValue(std::shared_ptr<const YamlDocument> document, const YamlElement* element,
            std::string key)
      : document_(std::move(document)), element_(element), key_(std::move(key)) {}

  InputError wrong(std::string_view expected) const;
  const YamlElement& scalar(std::string_view expected) const;
  void require(YamlElement::Kind kind, std::string_view expected) const;

  std::shared_ptr<const YamlDocument> document_;
  const YamlElement* element_;
  std::string key_;  ///< dotted, from the root
};

/// A map whose keys have been checked. Asking for a key that was not declared is a bug.
class YamlMap {
 public:
  const YamlValue& value() const { return value_; }

  bool has(std::string_view key) const { return find(key).has_value(); }
  std::optional<YamlValue> find(std::string_view key) const;
  /// The error "missing, expected `expected`" unless it is there.
  YamlValue at(std::string_view key, std::string_view expected) const;

  std::string text(std::string_view key) const;
  bool boolean(std::string_view key) const;
  std::int64_t integer(std::string_view key, IntegerRange range) const;
  std::int64_t decimal(std::string_view key, DecimalRange range) const;
  double number(std::string_view key, double min, double max) const;
  std::size_t choice(std::string_view key, std::span<const std::string_view> names) const;
  std::vector<YamlValue> list(std::string_view key) const;
  YamlMap map(std::string_view key, std::vector<std::string_view> known_keys) const;

  std::string text_or(std::string_view key, std::string_view otherwise) const;
  std::int64_t integer_or(std::string_view key, IntegerRange range, std::int64_t otherwise) const;

 private:
  friend class YamlValue;
  YamlMap(YamlValue value, std::vector<std::string_view> known_keys);

  YamlValue value_;
  std::vector<std::string_view> known_keys_;
};

/// The root of the only document in `text`; see parse_yaml_tree for what is refused.
YamlValue parse_yaml(std::string_view text, std::string_view file,
                     std::size_t limit = kYamlSizeLimit);

/// The root of a tree that was parsed, and perhaps changed, before.
YamlValue root_of(std::shared_ptr<const YamlDocument> document);

/// The root of a JSON text; see parse_json_tree for what is refused.
YamlValue parse_json(std::string_view text, std::string_view file);

/// The document's `schema:`, for choosing a reader.
YamlValue schema_of(const YamlValue& root);

/// Throws unless the document's `schema:` is `schema`. Comes before any other check: the keys of
/// the wrong kind of file say little.
void expect_schema(const YamlValue& root, std::string_view schema);

}  // namespace tilewright
