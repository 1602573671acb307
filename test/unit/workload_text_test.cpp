#include "schedules/workload_text.h"

#include <catch2/catch.hpp>

#include <string>

#include "schedules/workload_yaml.h"

using namespace tilewright;

namespace {

/// What is written is read back and written the same.
std::string through(const Suite& suite) {
  const std::string text = suite_text(suite);
  CHECK(suite_text(parse_suite(text, "w.yaml")) == text);
  return text;
}

Workload shape(const std::string& name) {
  Workload workload;
  workload.name = name;
  workload.heads = workload.kv_heads = 4;
  workload.q_len = workload.kv_len = 64;
  workload.qk_dim = workload.v_dim = 32;
  return workload;
}

}  // namespace

TEST_CASE("defaults of a workload are not written") {
  CHECK(through({"mine", "", {shape("a")}}) ==
        "schema: tilewright/workload/v1\nname: mine\nworkloads:\n"
        "  - {name: a, heads: 4, q_len: 64, qk_dim: 32}\n");
}

TEST_CASE("everything else of a workload is written") {
  Workload full = shape("full");
  full.batch = 3;
  full.kv_heads = 2;
  full.kv_len = 128;
  full.v_dim = 16;
  full.bytes = {2, 4, 8, 1};
  full.mask = Mask::kCausal;
  full.window = 16;
  full.bias_bytes = 4;
  full.softcap = full.v_in_k = true;
  full.repeat = 5;
  CHECK(through({"mine", "", {full}}) ==
        "schema: tilewright/workload/v1\nname: mine\nworkloads:\n"
        "  - {name: full, batch: 3, heads: 4, kv_heads: 2, q_len: 64, kv_len: 128, qk_dim: 32, "
        "v_dim: 16, bytes: {kv: 1, score: 4, accumulator: 8}, mask: causal, window: 16, "
        "bias_bytes: 4, softcap: true, v_in_k: true, repeat: 5}\n");
}

TEST_CASE("element sizes follow the input where they equal it") {
  Workload wide = shape("wide");
  wide.bytes = {4, 4, 4, 4};
  CHECK_THAT(through({"mine", "", {wide}}), Catch::Contains("bytes: {input: 4}}"));
}

TEST_CASE("names and descriptions that YAML would misread are quoted") {
  const Suite suite{"true", "a \"b\" \\ : # é\n", {shape("1e5"), shape("2024-01-01"), shape("no")}};
  const std::string text = through(suite);
  const Suite read = parse_suite(text, "w.yaml");
  CHECK(read.name == suite.name);
  CHECK(read.description == suite.description);
  CHECK(read.workloads[0].name == "1e5");
  CHECK_THAT(text, Catch::Contains("name: \"no\""));
}
