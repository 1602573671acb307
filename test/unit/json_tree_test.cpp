#include <catch2/catch.hpp>

#include <string>

#include "common/json_tree.h"
#include "common/yaml_reader.h"

using namespace tilewright;

namespace {

std::string message_of(const std::string& text) {
  try {
    parse_json(text, "c.json");
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

YamlValue member(const std::string& text, std::string_view key) {
  for (const auto& [name, value] : parse_json(text, "c.json").entries()) {
    if (name == key) return value;
  }
  FAIL("no such key");
  return parse_json("0", "");
}

}  // namespace

TEST_CASE("JSON values keep their types and digits") {
  const std::string text =
      "{\"n\": -12, \"big\": 18446744073709551616, \"x\": 1.50, \"t\": true,\n"
      "\"s\": \"7\", \"z\": null, \"l\": [1, [], {}]}";
  CHECK(member(text, "n").integer({-20, 0}) == -12);
  CHECK(member(text, "big").written() == "18446744073709551616");
  CHECK(member(text, "x").decimal({100, 0, 1000}) == 150);
  CHECK(member(text, "t").boolean());
  CHECK(member(text, "s").text() == "7");
  CHECK(member(text, "z").is_null());
  CHECK(member(text, "l").list().size() == 3);
  CHECK_THROWS_WITH(member(text, "s").integer({0, 9}),
                    "c.json:2: s: is the text '7', expected a whole number from 0 to 9");
}

TEST_CASE("JSON values know their lines") {
  const std::string text = "{\n \"a\": {\n  \"b\":\n   [1,\n    \"x\",\n    2\n   ]\n }\n}";
  const YamlValue list = member(text, "a").entries().front().second;
  CHECK(list.error("!").what() == std::string("c.json:3: a.b: !"));
  CHECK(list.list()[0].line() == 4);
  CHECK(list.list()[1].line() == 5);
  CHECK(list.list()[2].line() == 6);
  CHECK(list.list()[2].error("!").what() == std::string("c.json:6: a.b[2]: !"));
}

TEST_CASE("what is no JSON is refused with its line and the reason") {
  CHECK(message_of("") ==
        "c.json:1: not valid JSON: unexpected end of input; expected '[', '{', or "
        "a literal");
  CHECK(message_of("{\n\"a\": 1,\n}") ==
        "c.json:3: not valid JSON: unexpected '}'; expected string literal");
  CHECK(message_of("{} x") == "c.json:1: not valid JSON: invalid literal; expected end of input");
  CHECK(message_of("{\"a\":\n NaN}") == "c.json:2: not valid JSON: invalid literal");
  CHECK(message_of("{\"a\": 1e999}") ==
        "c.json:1: not valid JSON: number overflow parsing '1e999'");
  CHECK(message_of("{\"a\": \"\xff\"}") ==
        "c.json:1: not valid JSON: invalid string: ill-formed UTF-8 byte");
  CHECK(message_of("{\"a\": 1, \"b\": {\"c\": 1,\n\"c\": 2}}") ==
        "c.json:2: b.c: duplicate key, first given in line 1");
}

TEST_CASE("JSON nests 32 levels and no deeper") {
  const auto nested = [](std::size_t levels) {
    return std::string(levels, '[') + std::string(levels, ']');
  };
  CHECK(message_of(nested(32)) == "no error");
  CHECK_THAT(message_of(nested(33)),
             Catch::EndsWith("nested too deep, expected at most 32 levels"));
  CHECK_THAT(message_of(std::string(1'000'000, '[')), Catch::Contains("nested too deep"));
}

TEST_CASE("JSON of 8 MiB is read and more is not") {
  const auto sized = [](std::size_t bytes) { return "\"" + std::string(bytes - 2, 'x') + "\""; };
  CHECK(message_of(sized(kJsonSizeLimit)) == "no error");
  CHECK(message_of(sized(kJsonSizeLimit + 1)) ==
        "c.json: too large, expected at most 8388608 bytes");
}
