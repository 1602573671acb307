#include "schedules/workload_yaml.h"

#include <catch2/catch.hpp>

#include <set>
#include <string>
#include <vector>

#include "common/error.h"

using namespace tilewright;

namespace {

std::string suite_of(const std::string& workloads) {
  return "schema: tilewright/workload/v1\nname: mine\nworkloads:\n" + workloads;
}

/// A suite of one workload with q_len 64 and head size 32, and further keys.
std::string one_with(const std::string& keys) {
  return suite_of("  - {name: a, heads: 4, q_len: 64, qk_dim: 32" + keys + "}\n");
}

Workload only(const std::string& text) {
  const Suite suite = parse_suite(text, "w.yaml");
  REQUIRE(suite.workloads.size() == 1);
  return suite.workloads.front();
}

std::string message_of(const std::string& text) {
  try {
    parse_suite(text, "w.yaml");
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

std::string load_message(const std::string& name) {
  try {
    load_suite(name);
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("a short workload gets its defaults", "[unit][workload]") {
  const Workload workload = only(one_with(""));
  CHECK(workload.name == "a");
  CHECK(workload.place == "w.yaml:4");
  CHECK(workload.batch == 1);
  CHECK(workload.kv_heads == 4);
  CHECK(workload.kv_len == 64);
  CHECK(workload.v_dim == 32);
  CHECK(workload.bytes.input == 2);
  CHECK(workload.bytes.score == 2);
  CHECK(workload.bytes.accumulator == 4);
  CHECK(workload.mask == Mask::kNone);
  CHECK(workload.repeat == 1);
}

TEST_CASE("a full workload is read as given", "[unit][workload]") {
  const Workload workload =
      only(one_with(", batch: 3, kv_heads: 2, kv_len: 128, v_dim: 16, mask: causal, repeat: 5, "
                    "bytes: {input: 1, score: 2, accumulator: 8}"));
  CHECK(workload.batch == 3);
  CHECK(workload.kv_heads == 2);
  CHECK(workload.kv_len == 128);
  CHECK(workload.v_dim == 16);
  CHECK(workload.mask == Mask::kCausal);
  CHECK(workload.repeat == 5);
  CHECK(workload.bytes.input == 1);
  CHECK(workload.bytes.score == 2);
  CHECK(workload.bytes.accumulator == 8);
  CHECK(workload.bytes.kv == 1);
  CHECK(workload.window == 0);
  CHECK(workload.bias_bytes == 0);
  CHECK_FALSE(workload.softcap);
  CHECK_FALSE(workload.v_in_k);
}

TEST_CASE("what goes beyond plain attention is read") {
  const Workload workload =
      only(one_with(", mask: causal, window: 16, bias_bytes: 4, softcap: true, v_dim: 32, "
                    "v_in_k: true, bytes: {kv: 1}"));
  CHECK(workload.window == 16);
  CHECK(workload.bias_bytes == 4);
  CHECK(workload.softcap);
  CHECK(workload.v_in_k);
  CHECK(workload.bytes.input == 2);
  CHECK(workload.bytes.kv == 1);
}

TEST_CASE("variations that make no sense say why") {
  CHECK(message_of(one_with(", window: 16")) ==
        "w.yaml:4: workloads[0].window: is given without a causal mask, expected mask: causal "
        "beside it");
  CHECK(message_of(one_with(", bias_bytes: 3")) ==
        "w.yaml:4: workloads[0].bias_bytes: is 3, expected 1, 2 or 4");
  CHECK(message_of(one_with(", v_in_k: true, v_dim: 4096")) ==
        "w.yaml:4: workloads[0].v_in_k: is true with v_dim 4096 above qk_dim 32: V is a part of "
        "K's rows, expected v_dim <= qk_dim");
}

TEST_CASE("scores are at least as wide as the inputs by default", "[unit][workload]") {
  CHECK(only(one_with(", bytes: {input: 4}")).bytes.score == 4);
  CHECK(only(one_with(", bytes: {input: 1}")).bytes.score == 1);
}

TEST_CASE("misspelt, missing and duplicate keys of a workload are named", "[unit][workload]") {
  CHECK(message_of(one_with(", kv_lenn: 5")) ==
        "w.yaml:4: workloads[0].kv_lenn: unknown key, did you mean 'kv_len'?");
  CHECK(message_of(suite_of("  - {name: a, heads: 4, q_len: 64}\n")) ==
        "w.yaml:4: workloads[0].qk_dim: missing, expected a whole number from 1 to 2147483648");
  CHECK(message_of(one_with(", heads: 5")) ==
        "w.yaml:4: workloads[0].heads: duplicate key, first given in line 4");
  CHECK(message_of(suite_of("  - {name: a, heads: 4, q_len: 64, qk_dim: 32}\n"
                            "  - {name: a, heads: 2, q_len: 64, qk_dim: 32}\n")) ==
        "w.yaml:5: workloads[1]: a second workload is named 'a', expected another name");
}

TEST_CASE("wrong values of a workload are refused", "[unit][workload]") {
  const std::string range = "expected a whole number from 1 to 2147483648";
  CHECK(message_of(one_with(", batch: 0")) == "w.yaml:4: workloads[0].batch: is '0', " + range);
  CHECK(message_of(one_with(", batch: -1")) == "w.yaml:4: workloads[0].batch: is '-1', " + range);
  CHECK(message_of(one_with(", batch: .nan")) ==
        "w.yaml:4: workloads[0].batch: is '.nan', which is not finite, " + range);
  CHECK(message_of(one_with(", batch: 2147483649")) ==
        "w.yaml:4: workloads[0].batch: is '2147483649', " + range);
  CHECK(message_of(one_with(", mask: casual")) ==
        "w.yaml:4: workloads[0].mask: is 'casual', did you mean 'causal'?");
  CHECK(message_of(one_with(", kv_heads: 3")) ==
        "w.yaml:4: workloads[0].kv_heads: is 3, expected a divisor of heads (4)");
  CHECK(message_of(one_with(", mask: causal, kv_len: 63")) ==
        "w.yaml:4: workloads[0].mask: is 'causal' with q_len 64 above kv_len 63: the first "
        "queries would see no key, expected q_len <= kv_len");
}

TEST_CASE("element sizes are those of real number formats", "[unit][workload]") {
  CHECK(message_of(one_with(", bytes: {input: 3}")) ==
        "w.yaml:4: workloads[0].bytes.input: is 3, expected 1, 2 or 4");
  CHECK(message_of(one_with(", bytes: {input: 1, kv: 2}")) ==
        "w.yaml:4: workloads[0].bytes.kv: is 2, expected 1, 2 or 4, and at most input (1)");
  CHECK(message_of(one_with(", bytes: {input: 2, score: 1}")) ==
        "w.yaml:4: workloads[0].bytes.score: is 1, expected 1, 2 or 4, and at least input (2)");
  CHECK(message_of(one_with(", bytes: {input: 4, accumulator: 2}")) ==
        "w.yaml:4: workloads[0].bytes.accumulator: is 2, expected 2, 4 or 8, and at least score "
        "(4)");
  CHECK(message_of(one_with(", bytes: {output: 2}")) ==
        "w.yaml:4: workloads[0].bytes.output: unknown key, expected one of input, "
        "kv, score, accumulator");
}

TEST_CASE("a shape fits at the limit of 2^60 and is refused above", "[unit][workload]") {
  Workload workload;
  workload.name = "huge";
  workload.q_len = std::int64_t{1} << 30;
  workload.kv_len = std::int64_t{1} << 29;
  workload.bytes = {1, 1, 2, 1};
  CHECK_NOTHROW(check_workload(workload));
  workload.repeat = 2;
  CHECK_THROWS_WITH(check_workload(workload),
                    "workload huge: too large: the work (batch * heads * q_len * kv_len * "
                    "(qk_dim + v_dim) * repeat) is above 2^60, expected at most "
                    "1152921504606846976");
}

TEST_CASE("a shape whose byte count does not fit 64 bits is refused", "[unit][workload]") {
  CHECK(message_of(one_with(", batch: 2147483648, kv_len: 2147483648, v_dim: 2147483648")) ==
        "w.yaml:4: workloads[0]: too large: the bytes of K (batch * kv_heads * kv_len * qk_dim * "
        "bytes) is above 2^60, expected at most 1152921504606846976");
  CHECK(message_of(suite_of("  - name: b\n    heads: 2147483648\n    q_len: 2147483648\n"
                            "    qk_dim: 2147483648\n")) ==
        "w.yaml:4: workloads[0]: too large: the bytes of Q (batch * heads * q_len * qk_dim * "
        "bytes) is above 2^60, expected at most 1152921504606846976");
}

TEST_CASE("a workload built by hand is checked like one from a file", "[unit][workload]") {
  Workload workload;
  workload.name = "hand";
  CHECK_NOTHROW(check_workload(workload));
  workload.q_len = 0;
  CHECK_THROWS_WITH(check_workload(workload),
                    "workload hand: q_len: is 0, expected a whole number from 1 to 2147483648");
}

TEST_CASE("an empty suite, a wrong schema and a wrong name are refused", "[unit][workload]") {
  CHECK(message_of("schema: tilewright/workload/v1\nname: mine\nworkloads: []\n") ==
        "w.yaml:3: workloads: is empty, expected at least one workload");
  CHECK(message_of("schema: tilewright/workload/v1\nname: mine\n") ==
        "w.yaml:1: workloads: missing, expected a list of workloads");
  CHECK(message_of("schema: tilewright/hw/v1\nname: mine\n") ==
        "w.yaml:1: schema: is 'tilewright/hw/v1', expected 'tilewright/workload/v1'");
  CHECK(message_of(suite_of("  - {name: A/b, heads: 1, q_len: 1, qk_dim: 1}\n")) ==
        "w.yaml:4: workloads[0].name: is 'A/b', expected lower-case letters, digits, '.', '_' "
        "and '-', starting with a letter or digit, at most 64");
}

TEST_CASE("mas12 holds the twelve networks of the paper", "[unit][workload]") {
  struct Row {
    const char* name;
    std::int64_t heads, length, head_size;
  };
  const std::vector<Row> rows{
      {"bert-base", 12, 512, 64},  {"bert-large", 16, 512, 64}, {"bert-small", 8, 512, 64},
      {"llama3-8b", 32, 512, 128}, {"t5-small", 8, 512, 32},    {"vit-b-14", 12, 256, 64},
      {"vit-l-14", 16, 256, 64},   {"vit-h-14", 16, 256, 80},   {"vit-b-16", 12, 196, 64},
      {"vit-l-16", 16, 196, 64},   {"vit-h-16", 16, 196, 80},   {"xlm", 8, 512, 128}};
  const Suite suite = load_suite("mas12");
  REQUIRE(suite.workloads.size() == rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Workload& workload = suite.workloads[i];
    CHECK(workload.name == rows[i].name);
    CHECK(workload.heads == rows[i].heads);
    CHECK(workload.kv_heads == rows[i].heads);
    CHECK(workload.q_len == rows[i].length);
    CHECK(workload.kv_len == rows[i].length);
    CHECK(workload.qk_dim == rows[i].head_size);
    CHECK(workload.v_dim == rows[i].head_size);
    CHECK(workload.bytes.input == 2);
    CHECK(workload.mask == Mask::kNone);
  }
}

TEST_CASE("every bundled workload has a name of its own") {
  std::set<std::string> names;
  for (const std::string& suite : bundled_suites()) {
    CHECK(names.insert(suite).second);
    for (const Workload& workload : load_suite(suite).workloads) {
      CHECK(names.insert(workload.name).second);
    }
  }
}

TEST_CASE("diffusion holds the sixteen transformer blocks of Stable Diffusion 1.5") {
  const Suite suite = load_suite("diffusion");
  std::int64_t self = 0;
  std::int64_t cross = 0;
  for (const Workload& workload : suite.workloads) {
    CHECK(workload.heads == 8);
    CHECK(workload.mask == Mask::kNone);
    (workload.kv_len == workload.q_len ? self : cross) += workload.repeat;
    if (workload.kv_len != workload.q_len) CHECK(workload.kv_len == 77);
  }
  CHECK(self == 16);
  CHECK(cross == 16);
  CHECK(suite.workloads.front().q_len * suite.workloads.front().qk_dim == 64 * 64 * 320 / 8);
}

TEST_CASE("every bundled suite loads under its own name", "[unit][workload]") {
  REQUIRE_FALSE(bundled_suites().empty());
  for (const std::string& name : bundled_suites()) CHECK(load_suite(name).name == name);
}

TEST_CASE("one bundled workload loads as a suite of its own", "[unit][workload]") {
  const Suite suite = load_suite("vit-h-14");
  CHECK(suite.name == "vit-h-14");
  REQUIRE(suite.workloads.size() == 1);
  CHECK(suite.workloads.front().qk_dim == 80);
}

TEST_CASE("an unknown workload is refused with the nearest name", "[unit][workload]") {
  CHECK(load_message("bert-bsae") ==
        "unknown workload 'bert-bsae', did you mean 'bert-base'? (a file needs a '/' or '.yaml')");
  CHECK(load_message("mas21") ==
        "unknown workload 'mas21', did you mean 'mas12'? (a file needs a '/' or '.yaml')");
  CHECK(load_message("absent.yaml") == "absent.yaml: no such file");
}
