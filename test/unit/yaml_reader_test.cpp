#include "common/yaml_reader.h"

#include <catch2/catch.hpp>

#include <array>
#include <functional>
#include <limits>
#include <string>

#include "common/checked.h"
#include "common/numbers.h"
#include "common/text.h"

using namespace tilewright;

namespace {

constexpr IntegerRange kSmall{1, 10};
constexpr DecimalRange kMilliRange{1000, 1, 5000};

/// The message of the InputError that `action` throws.
std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

std::string parse_message(const std::string& text) {
  return message_of([&] { parse_yaml(text, "x.yaml"); });
}

YamlMap only(const std::string& text) {
  return parse_yaml(text, "x.yaml").map({"a"});
}

std::string integer_message(const std::string& text) {
  return message_of([&] { only(text).integer("a", kSmall); });
}

std::string decimal_message(const std::string& text) {
  return message_of([&] { only(text).decimal("a", kMilliRange); });
}

std::string repeated(const std::string& piece, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += piece;
  return text;
}

}  // namespace

TEST_CASE("typed values are read as written", "[unit][yaml]") {
  const YamlMap map =
      parse_yaml(
          "text: hello world\nquoted: \"12\"\nyes: true\nwhole: -5\n"
          "part: 1.25\nreal: 1e-3\nkind: blue\nlist: [1, 2]\nmap: {in: 3}\n",
          "x.yaml")
          .map({"text", "quoted", "yes", "whole", "part", "real", "kind", "list", "map", "none"});
  constexpr std::array<std::string_view, 2> kinds{"red", "blue"};
  CHECK(map.text("text") == "hello world");
  CHECK(map.text("quoted") == "12");
  CHECK(map.boolean("yes"));
  CHECK(map.integer("whole", {-10, 10}) == -5);
  CHECK(map.decimal("part", kMilliRange) == 1250);
  CHECK(map.number("real", 0, 1) == 0.001);
  CHECK(map.choice("kind", kinds) == 1);
  CHECK(map.list("list")[1].integer(kSmall) == 2);
  CHECK(map.list("list")[1].key() == "list[1]");
  CHECK(map.map("map", {"in"}).integer("in", kSmall) == 3);
  CHECK(map.text_or("none", "nothing") == "nothing");
  CHECK(map.integer_or("none", kSmall, 7) == 7);
  CHECK_FALSE(map.has("none"));
}

TEST_CASE("a value outlives the text and the map it came from", "[unit][yaml]") {
  const YamlValue value = [] {
    const std::string text = "a: {b: [1, deep]}\n";
    return parse_yaml(text, "x.yaml").map({"a"}).map("a", {"b"}).list("b")[1];
  }();
  CHECK(value.text() == "deep");
  CHECK(value.key() == "a.b[1]");
  CHECK(value.line() == 1);
}

TEST_CASE("a misspelt key is refused with the nearest known key", "[unit][yaml]") {
  CHECK(message_of([] {
          parse_yaml("q_lenn: 5\n", "x.yaml").map({"heads", "q_len"});
        }) == "x.yaml:1: q_lenn: unknown key, did you mean 'q_len'?");
  CHECK(message_of([] {
          parse_yaml("a: 1\nzebra: 5\n", "x.yaml").map({"a", "q_len"});
        }) == "x.yaml:2: zebra: unknown key, expected one of a, q_len");
}

TEST_CASE("a missing key says what was expected", "[unit][yaml]") {
  const auto map = [] { return parse_yaml("b: 1\nc: {d: 2}\n", "x.yaml").map({"a", "b", "c"}); };
  CHECK(message_of([&] { map().integer("a", kSmall); }) ==
        "x.yaml:1: a: missing, expected a whole number from 1 to 10");
  CHECK(message_of([&] {
          map().map("c", {"d", "e"}).boolean("e");
        }) == "x.yaml:2: c.e: missing, expected true or false");
  CHECK(message_of([&] {
          map().map("a", {"d", "e"});
        }) == "x.yaml:1: a: missing, expected a map with d, e");
}

TEST_CASE("a whole number is plain decimal digits within its range", "[unit][yaml]") {
  const std::string expected = "expected a whole number from 1 to 10";
  CHECK(integer_message("a: 0\n") == "x.yaml:1: a: is '0', " + expected);
  CHECK(integer_message("a: -3\n") == "x.yaml:1: a: is '-3', " + expected);
  CHECK(integer_message("a: 11\n") == "x.yaml:1: a: is '11', " + expected);
  CHECK(integer_message("a: two\n") == "x.yaml:1: a: is 'two', " + expected);
  CHECK(integer_message("a: \"2\"\n") == "x.yaml:1: a: is the text '2', " + expected);
  CHECK(integer_message("a:\n") == "x.yaml:1: a: is empty, " + expected);
  CHECK(integer_message("a: [1]\n") == "x.yaml:1: a: is a list, " + expected);
  CHECK(integer_message("a: {b: 1}\n") == "x.yaml:1: a: is a map, " + expected);
  CHECK(integer_message("a: .nan\n") == "x.yaml:1: a: is '.nan', which is not finite, " + expected);
  CHECK(integer_message("a: -.inf\n") ==
        "x.yaml:1: a: is '-.inf', which is not finite, " + expected);
  CHECK(integer_message("a: 99999999999999999999\n") ==
        "x.yaml:1: a: is '99999999999999999999', which does not fit 64 bits, " + expected);
  for (const char* written : {"2.0", "1e3", "0x2", "010", "1_0", "+2", "2 3", "1,000"}) {
    CHECK(integer_message("a: " + std::string(written) + "\n") ==
          "x.yaml:1: a: is '" + std::string(written) + "', " + expected);
  }
}

TEST_CASE("a decimal number is kept exactly or refused", "[unit][yaml]") {
  const std::string expected = "expected a number from 0.001 to 5";
  CHECK(only("a: 0.001\n").decimal("a", kMilliRange) == 1);
  CHECK(only("a: 5.0000\n").decimal("a", kMilliRange) == 5000);
  CHECK(decimal_message("a: 0\n") == "x.yaml:1: a: is '0', " + expected);
  CHECK(decimal_message("a: -1.5\n") == "x.yaml:1: a: is '-1.5', " + expected);
  CHECK(decimal_message("a: 0.0001\n") ==
        "x.yaml:1: a: is '0.0001', which is no multiple of 0.001, " + expected);
  CHECK(decimal_message("a: .inf\n") == "x.yaml:1: a: is '.inf', which is not finite, " + expected);
  CHECK(decimal_message("a: nan\n") == "x.yaml:1: a: is 'nan', which is not finite, " + expected);
  CHECK(decimal_message("a: 9999999999999999999.5\n") ==
        "x.yaml:1: a: is '9999999999999999999.5', which does not fit 64 bits, " + expected);
  for (const char* written : {"1.", ".5", "1.2.3", "1e0", "01.5", "one", "1.5x"}) {
    CHECK(decimal_message("a: " + std::string(written) + "\n") ==
          "x.yaml:1: a: is '" + std::string(written) + "', " + expected);
  }
}

TEST_CASE("text, booleans and names refuse other types", "[unit][yaml]") {
  constexpr std::array<std::string_view, 2> masks{"none", "causal"};
  CHECK(message_of([] { only("a: 12\n").text("a"); }) ==
        "x.yaml:1: a: is '12', expected text (in quotes)");
  CHECK(message_of([] { only("a: true\n").text("a"); }) ==
        "x.yaml:1: a: is 'true', expected text (in quotes)");
  CHECK(message_of([] { only("a:\n").text("a"); }) == "x.yaml:1: a: is empty, expected text");
  CHECK(message_of([] { only("a: yes\n").boolean("a"); }) ==
        "x.yaml:1: a: is 'yes', expected true or false");
  CHECK(message_of([] { only("a: \"true\"\n").boolean("a"); }) ==
        "x.yaml:1: a: is the text 'true', expected true or false");
  CHECK(message_of([&] { only("a: casual\n").choice("a", masks); }) ==
        "x.yaml:1: a: is 'casual', did you mean 'causal'?");
  CHECK(message_of([&] { only("a: sparse\n").choice("a", masks); }) ==
        "x.yaml:1: a: is 'sparse', expected one of none, causal");
  CHECK(message_of([] { only("a: 3\n").list("a"); }) == "x.yaml:1: a: is '3', expected a list");
  CHECK(message_of([] { only("a: .nan\n").number("a", 0, 1); }) ==
        "x.yaml:1: a: is '.nan', expected a number from 0 to 1");
}

TEST_CASE("what is no map at the top is refused", "[unit][yaml]") {
  CHECK(parse_message("") == "x.yaml: the file is empty, expected a map");
  CHECK(parse_message("# only a comment\n\n") == "x.yaml: the file is empty, expected a map");
  CHECK(parse_message("---\n...\n") == "x.yaml: the file is empty, expected a map");
  CHECK(message_of([] { only("- 1\n- 2\n"); }) ==
        "x.yaml:1: the top level is a list, expected a map with a");
  CHECK(message_of([] { only("hello\n"); }) ==
        "x.yaml:1: the top level is 'hello', expected a map with a");
}

TEST_CASE("a duplicate key is refused where it is repeated", "[unit][yaml]") {
  CHECK(parse_message("a: 1\nb: 2\na: 3\n") == "x.yaml:3: a: duplicate key, first given in line 1");
  CHECK(parse_message("a:\n  - b: {c: 1,\n         c: 2}\n") ==
        "x.yaml:3: a[0].b.c: duplicate key, first given in line 2");
}

TEST_CASE("anchors, aliases and tags are refused, so nothing can expand", "[unit][yaml]") {
  CHECK(parse_message("a: &x [1, 2]\nb: [*x, *x]\n") ==
        "x.yaml:1: a: anchors ('&name') are not supported, expected a plain value");
  CHECK(parse_message("a: *x\n").starts_with("x.yaml:1: "));
  CHECK(parse_message("a: !!int 3\n") ==
        "x.yaml:1: a: tags ('tag:yaml.org,2002:int') are not supported, expected a plain value");
}

TEST_CASE("deep nesting is refused before it can exhaust the stack", "[unit][yaml]") {
  CHECK(parse_message(repeated("[", 32) + repeated("]", 32)) == "no error");
  const std::string too_deep = ": nested too deep, expected at most 32 levels";
  CHECK(parse_message(repeated("[", 33) + repeated("]", 33)) ==
        "x.yaml:1: " + repeated("[0]", 32) + too_deep);
  CHECK(parse_message(repeated("{a: ", 100) + repeated("}", 100)).ends_with(too_deep));
  CHECK(parse_message(repeated("- ", 100000)).ends_with(too_deep));
  CHECK(parse_message(repeated("[", 100000)) != "no error");
  CHECK(parse_message(repeated("{a: ", 100000)) != "no error");
}

TEST_CASE("a text above one mebibyte is refused", "[unit][yaml]") {
  const std::string limit = "a: 1 #" + std::string(kYamlSizeLimit - 6, 'x');
  CHECK(parse_message(limit) == "no error");
  CHECK(parse_message(limit + "x") == "x.yaml: too large, expected at most 1048576 bytes");
}

TEST_CASE("bytes that are no text are refused with their line", "[unit][yaml]") {
  using namespace std::string_literals;
  CHECK(parse_message("a: 1\nb: \0"s) == "x.yaml:2: byte 0x00 is no text, expected UTF-8");
  CHECK(parse_message("a: \x1b[1m\n") == "x.yaml:1: byte 0x1b is no text, expected UTF-8");
  CHECK(parse_message("a: \xff\n") == "x.yaml:1: byte 0xff is no text, expected UTF-8");
  CHECK(parse_message("a: \xc0\xaf\n") == "x.yaml:1: byte 0xc0 is no text, expected UTF-8");
  CHECK(parse_message("a: \xed\xa0\x80\n") == "x.yaml:1: byte 0xed is no text, expected UTF-8");
  CHECK(parse_message("a: \xe2\x82") == "x.yaml:1: byte 0xe2 is no text, expected UTF-8");
  CHECK(only("a: \xe2\x82\xac \xf0\x9f\x98\x80\n").text("a") == "\xe2\x82\xac \xf0\x9f\x98\x80");
}

TEST_CASE("syntax errors give the line and a readable reason", "[unit][yaml]") {
  CHECK(parse_message("a: 1\n  b: 2\n") ==
        "x.yaml:2: not valid YAML: illegal map value "
        "(a ':' too many, quote text that contains ': ')");
  CHECK(parse_message("a: [1, 2\n").starts_with("x.yaml:2: not valid YAML: end of sequence flow"));
  const std::string open_quote =
      "not valid YAML: illegal document indicator in scalar (a closing quote is missing)";
  CHECK(parse_message("a: \"open\n") == "x.yaml:2: " + open_quote);
  CHECK(parse_message("a: 'open") == "x.yaml:2: " + open_quote);
  CHECK(parse_message("a: 1\nb: 2\n- 3\n").starts_with("x.yaml:3: not valid YAML: end of map"));
}

TEST_CASE("every way to end a document is accepted", "[unit][yaml]") {
  for (const char* end : {"", "\n", "\r\n", "\n...\n", " # comment", "\n# comment", "\n\n\n"}) {
    CHECK(only("a: 1" + std::string(end)).integer("a", kSmall) == 1);
  }
  CHECK(only("a: |\n  two\n  lines\n").text("a") == "two\nlines\n");
  CHECK(only("---\na: \"closed\"").text("a") == "closed");
}

TEST_CASE("several documents and odd keys are refused", "[unit][yaml]") {
  CHECK(parse_message("a: 1\n---\nb: 2\n") ==
        "x.yaml:2: a second document starts here, expected only one");
  CHECK(parse_message("? [1, 2]\n: 3\n") ==
        "x.yaml:1: a key is a list or a map (or a bracket is not closed), expected text");
  CHECK(parse_message("null: 3\n") == "x.yaml:1: a key is empty, expected text");
}

TEST_CASE("a message is one line whatever the file contains", "[unit][yaml]") {
  CHECK(integer_message("a: \"two\\nlines\\e[1m\"\n") ==
        "x.yaml:1: a: is the text 'two\\x0alines\\x1b[1m', expected a whole number from 1 to 10");
  const std::string message = integer_message("a: " + std::string(5000, 'x') + "\n");
  CHECK(message.size() < 200);
  CHECK(message.find("xxx...'") != std::string::npos);
  CHECK(message_of([] { parse_yaml("\"k\\ny\": 1\n", "x.yaml").map({"a"}); }) ==
        "x.yaml:1: k\\x0ay: unknown key, expected one of a");
}

TEST_CASE("the schema is checked before the keys", "[unit][yaml]") {
  const auto check = [](const char* text) {
    return message_of([&] { expect_schema(parse_yaml(text, "x.yaml"), "s/v1"); });
  };
  CHECK(check("schema: s/v1\nother: 1\n") == "no error");
  CHECK(check("other: 1\nschema: s/v2\n") == "x.yaml:2: schema: is 's/v2', expected 's/v1'");
  CHECK(check("other: 1\n") == "x.yaml:1: schema: missing, expected 's/v1'");
  CHECK(schema_of(parse_yaml("schema: s/v2\n", "x.yaml")).text() == "s/v2");
}

TEST_CASE("decimals convert exactly up to 64 bits", "[unit][numbers]") {
  CHECK(parse_decimal("0.0009765625", 1024).value == 1);
  CHECK(parse_decimal("0.5", 1024).value == 512);
  CHECK(parse_decimal("0.3", 1024).problem == NumberProblem::kTooFine);
  CHECK(parse_decimal("9223372036.854775807", 1'000'000'000).value ==
        std::numeric_limits<std::int64_t>::max());
  CHECK(parse_decimal("9223372036.854775808", 1'000'000'000).problem == NumberProblem::kTooLarge);
  CHECK(parse_decimal("999999999999999999.9999999999", 1'000'000'000).problem !=
        NumberProblem::kNone);
  CHECK(parse_decimal("-0.25", 1000).value == -250);
  CHECK(parse_integer("-9223372036854775808").value == std::numeric_limits<std::int64_t>::min());
  CHECK(parse_integer("9223372036854775808").problem == NumberProblem::kTooLarge);
  CHECK(parse_integer("").problem == NumberProblem::kNotANumber);
  CHECK(parse_integer("-").problem == NumberProblem::kNotANumber);
  CHECK(format_decimal(1500, 1000) == "1.5");
  CHECK(format_decimal(std::int64_t{1} << 50, 1024) == "1099511627776");
}

TEST_CASE("products that do not fit 64 bits are nothing", "[unit][numbers]") {
  constexpr std::int64_t kBig = std::int64_t{1} << 31;
  CHECK(checked_product({kBig, kBig, 1}) == kBig * kBig);
  CHECK_FALSE(checked_product({kBig, kBig, 2}));
  CHECK_FALSE(checked_add(std::numeric_limits<std::int64_t>::max(), 1));
}

TEST_CASE("the nearest name is the fewest edits away, or none", "[unit][text]") {
  constexpr std::array<std::string_view, 4> names{"mas-edge", "flat-edge", "flat-cloud", "v"};
  CHECK(nearest_name("mas-egde", names) == "mas-edge");
  CHECK(nearest_name("flat-clud", names) == "flat-cloud");
  CHECK(nearest_name("tpu", names).empty());
  CHECK(nearest_name("", names).empty());
  CHECK(nearest_name(std::string(100000, 'a'), names).empty());
}

TEST_CASE("numbers are grouped in thousands", "[unit][text]") {
  CHECK(with_thousands(0) == "0");
  CHECK(with_thousands(999) == "999");
  CHECK(with_thousands(-1000) == "-1,000");
  CHECK(with_thousands(1234567) == "1,234,567");
}

TEST_CASE("bare names and paths are told apart", "[unit][text]") {
  CHECK(is_bare_name("vit-b-16"));
  CHECK_FALSE(is_bare_name("-x"));
  CHECK_FALSE(is_bare_name("Upper"));
  CHECK_FALSE(is_bare_name(""));
  CHECK_FALSE(is_bare_name(std::string(65, 'a')));
  CHECK(looks_like_path("./mine"));
  CHECK(looks_like_path("mine.yml"));
  CHECK_FALSE(looks_like_path("mas-edge"));
}
