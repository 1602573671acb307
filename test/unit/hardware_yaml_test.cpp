#include "hw_profiles/hardware_yaml.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "common/error.h"
#include "common/text_file.h"

using namespace tilewright;

namespace {

const std::string kProfile = R"(schema: tilewright/hw/v1
name: tiny
clock_ghz: {value: 1.5, source: measured}
cores: {value: 3, source: paper, note: "as printed"}
launch_cycles: {value: 7, source: assumed}
matrix:
  rows: {value: 4, source: assumed}
  cols: {value: 8, source: assumed}
  depth: {value: 2, source: assumed}
  startup_cycles: {value: 0, source: assumed}
  stationary: {value: [output, right], source: assumed}
  cycles_per_pass:
    fp16: {value: 1.25, source: assumed}
vector:
  lanes: {value: 16, source: assumed}
  startup_cycles: {value: 1, source: assumed}
  reduction_latency_cycles: {value: 2, source: assumed}
  cycles_per_element:
    max: {value: 1, source: assumed}
    sub: {value: 2, source: assumed}
    exp: {value: 3, source: assumed}
    sum: {value: 4, source: assumed}
    mul: {value: 5, source: assumed}
    div: {value: 0.125, source: assumed}
    cast: {value: 0, source: assumed}
memory:
  l0:
    left_kib: {value: 0.5, source: assumed}
    right_kib: {value: 1, source: assumed}
    accumulator_kib: {value: 2, source: assumed}
    bandwidth_bytes_per_cycle: {value: 64, source: assumed}
  l1:
    capacity_kib: {value: 10, source: datasheet}
    shared: {value: false, source: assumed}
    alignment_bytes: {value: 32, source: assumed}
  dram:
    bandwidth_gbps: {value: 12.8, source: assumed}
    latency_cycles: {value: 9, source: assumed}
    burst_bytes: {value: 64, source: assumed}
    setup_cycles: {value: 3, source: assumed}
    shared_channel: {value: true, source: assumed}
energy:
  mac_pj: {value: 0.5, source: assumed}
  vector_op_pj: {value: 0.25, source: assumed}
  l0_pj_per_byte: {value: 0.1, source: assumed}
  l1_pj_per_byte: {value: 1, source: assumed}
  dram_pj_per_byte: {value: 32, source: assumed}
  static_mw: {value: 1, source: assumed}
)";

/// kProfile with the first `old` replaced.
std::string with(const std::string& old, const std::string& text) {
  std::string profile = kProfile;
  const std::size_t at = profile.find(old);
  REQUIRE(at != std::string::npos);
  return profile.replace(at, old.size(), text);
}

std::string message_of(const std::string& text) {
  try {
    parse_hardware(text, "tiny.yaml");
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

std::string load_message(const std::string& name) {
  try {
    load_hardware(name);
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("every figure of a profile lands in its place and unit", "[unit][hardware]") {
  const Hardware hw = parse_hardware(kProfile, "tiny.yaml");
  CHECK(hw.name == "tiny");
  CHECK(hw.clock_hz == 1'500'000'000);
  CHECK(hw.cores == 3);
  CHECK(hw.launch_cycles == 7);
  CHECK(std::array{hw.matrix.rows, hw.matrix.cols, hw.matrix.depth} ==
        std::array<std::int64_t, 3>{4, 8, 2});
  CHECK(std::array{hw.matrix.output_stationary, hw.matrix.left_stationary,
                   hw.matrix.right_stationary} == std::array{true, false, true});
  CHECK(hw.matrix.pass_millicycles == std::array<std::int64_t, 3>{0, 1250, 0});
  CHECK(std::array{hw.vector.lanes, hw.vector.startup_cycles, hw.vector.reduction_latency_cycles} ==
        std::array<std::int64_t, 3>{16, 1, 2});
  CHECK(std::array{hw.vector.max_millicycles, hw.vector.sub_millicycles, hw.vector.exp_millicycles,
                   hw.vector.sum_millicycles, hw.vector.mul_millicycles, hw.vector.div_millicycles,
                   hw.vector.cast_millicycles} ==
        std::array<std::int64_t, 7>{1000, 2000, 3000, 4000, 5000, 125, 0});
  CHECK(std::array{hw.l0.left_bytes, hw.l0.right_bytes, hw.l0.accumulator_bytes,
                   hw.l0.bandwidth_bytes_per_cycle} ==
        std::array<std::int64_t, 4>{512, 1024, 2048, 64});
  CHECK(hw.l1.capacity_bytes == 10240);
  CHECK_FALSE(hw.l1.shared);
  CHECK(hw.l1.alignment_bytes == 32);
  CHECK(hw.dram.bandwidth_bytes_per_s == 12'800'000'000);
  CHECK(std::array{hw.dram.latency_cycles, hw.dram.burst_bytes, hw.dram.setup_cycles} ==
        std::array<std::int64_t, 3>{9, 64, 3});
  CHECK(hw.dram.shared_channel);
  CHECK(std::array{hw.energy.mac_fj, hw.energy.vector_op_fj, hw.energy.l0_fj_per_byte,
                   hw.energy.l1_fj_per_byte, hw.energy.dram_fj_per_byte,
                   hw.energy.static_fj_per_cycle} ==
        std::array<std::int64_t, 6>{500, 250, 100, 1000, 32000, 667});
}

TEST_CASE("every figure keeps its source and note", "[unit][hardware]") {
  const Hardware hw = parse_hardware(kProfile, "tiny.yaml");
  REQUIRE(hw.sources.size() == 37);
  CHECK(hw.sources[1].key == "cores");
  CHECK(hw.sources[1].value == "3");
  CHECK(hw.sources[1].source == "paper");
  CHECK(hw.sources[1].note == "as printed");
  const auto stationary = std::find_if(hw.sources.begin(), hw.sources.end(),
                                       [](const auto& s) { return s.key == "matrix.stationary"; });
  REQUIRE(stationary != hw.sources.end());
  CHECK(stationary->value == "output, right");
}

TEST_CASE("a milliwatt at one gigahertz is a picojoule a cycle", "[unit][hardware]") {
  const std::string text = with("clock_ghz: {value: 1.5", "clock_ghz: {value: 1");
  CHECK(parse_hardware(text, "tiny.yaml").energy.static_fj_per_cycle == 1000);
}

TEST_CASE("a misspelt or missing key of a profile is named", "[unit][hardware]") {
  CHECK(message_of(with("capacity_kib", "capcity_kib")) ==
        "tiny.yaml:33: memory.l1.capcity_kib: unknown key, did you mean 'capacity_kib'?");
  CHECK(message_of(with("  rows: {value: 4, source: assumed}\n", "")) ==
        "tiny.yaml:7: matrix.rows: missing, expected {value: a whole number from 1 to 4096, "
        "source: datasheet|paper|measured|assumed}");
  CHECK(message_of(with("    fp16: {value: 1.25, source: assumed}\n", "    {}\n")) ==
        "tiny.yaml:12: matrix.cycles_per_pass: is empty, expected at least one of int8, fp16, "
        "fp32");
  CHECK(message_of("schema: tilewright/hw/v1\nname: x\n") ==
        "tiny.yaml:1: clock_ghz: missing, expected {value: a number from 0.001 to 100, "
        "source: datasheet|paper|measured|assumed}");
}

TEST_CASE("a figure without a source or with a wrong one is refused", "[unit][hardware]") {
  CHECK(message_of(with("{value: 4, source: assumed}", "4")) ==
        "tiny.yaml:7: matrix.rows: is '4', expected a map with value, source, note");
  CHECK(message_of(with("{value: 4, source: assumed}", "{value: 4}")) ==
        "tiny.yaml:7: matrix.rows.source: missing, expected one of datasheet, paper, measured, "
        "assumed");
  CHECK(message_of(with("{value: 4, source: assumed}", "{value: 4, source: asumed}")) ==
        "tiny.yaml:7: matrix.rows.source: is 'asumed', did you mean 'assumed'?");
}

TEST_CASE("wrong types and ranges of a profile are refused", "[unit][hardware]") {
  CHECK(message_of(with("cores: {value: 3", "cores: {value: 0")) ==
        "tiny.yaml:4: cores.value: is '0', expected a whole number from 1 to 4096");
  CHECK(message_of(with("cores: {value: 3", "cores: {value: -2")) ==
        "tiny.yaml:4: cores.value: is '-2', expected a whole number from 1 to 4096");
  CHECK(message_of(with("cores: {value: 3", "cores: {value: two")) ==
        "tiny.yaml:4: cores.value: is 'two', expected a whole number from 1 to 4096");
  CHECK(message_of(with("clock_ghz: {value: 1.5", "clock_ghz: {value: 3750")) ==
        "tiny.yaml:3: clock_ghz.value: is '3750', expected a number from 0.001 to 100");
  CHECK(message_of(with("clock_ghz: {value: 1.5", "clock_ghz: {value: .nan")) ==
        "tiny.yaml:3: clock_ghz.value: is '.nan', which is not finite, expected a number from "
        "0.001 to 100");
  CHECK(message_of(with("value: 1.25", "value: 1.0005")) ==
        "tiny.yaml:13: matrix.cycles_per_pass.fp16.value: is '1.0005', which is no multiple of "
        "0.001, expected a number from 0.001 to 1000");
  CHECK(message_of(with("left_kib: {value: 0.5", "left_kib: {value: 0.3")) ==
        "tiny.yaml:28: memory.l0.left_kib.value: is '0.3', which is no multiple of 0.0009765625, "
        "expected a number from 0.0009765625 to 1099511627776");
  CHECK(message_of(with("shared: {value: false", "shared: {value: no")) ==
        "tiny.yaml:34: memory.l1.shared.value: is 'no', expected true or false");
  CHECK(message_of(with("div: {value: 0.125", "div: {value: 0")) ==
        "tiny.yaml:24: vector.cycles_per_element.div.value: is '0', expected a number from 0.001 "
        "to 1000");
}

TEST_CASE("the stationary list has known names, each once, at least one", "[unit][hardware]") {
  CHECK(message_of(with("[output, right]", "[]")) ==
        "tiny.yaml:11: matrix.stationary.value: is empty, expected a list of output, left, right");
  CHECK(message_of(with("[output, right]", "[left, left]")) ==
        "tiny.yaml:11: matrix.stationary.value[1]: 'left' is listed twice");
  CHECK(message_of(with("[output, right]", "[outptu]")) ==
        "tiny.yaml:11: matrix.stationary.value[0]: is 'outptu', did you mean 'output'?");
}

TEST_CASE("a profile's schema and name are checked", "[unit][hardware]") {
  CHECK(message_of(with("tilewright/hw/v1", "tilewright/workload/v1")) ==
        "tiny.yaml:1: schema: is 'tilewright/workload/v1', expected 'tilewright/hw/v1'");
  CHECK(message_of(with("name: tiny", "name: Tiny Chip")) ==
        "tiny.yaml:2: name: is 'Tiny Chip', expected lower-case letters, digits, '.', '_' and "
        "'-', starting with a letter or digit, at most 64");
  CHECK(message_of("") == "tiny.yaml: the file is empty, expected a map");
}

TEST_CASE("every bundled profile loads under its own name", "[unit][hardware]") {
  CHECK(bundled_hardware() == std::vector<std::string>{"ethos-u85-like", "flat-cloud", "flat-edge",
                                                       "fusemax", "mas-edge"});
  for (const std::string& name : bundled_hardware()) {
    INFO(name);
    const Hardware hw = load_hardware(name);
    CHECK(hw.name == name);
    CHECK_FALSE(hw.description.empty());
  }
}

TEST_CASE("every bundled L0 holds an array-sized tile of head size 128", "[unit][hardware]") {
  for (const std::string& name : bundled_hardware()) {
    INFO(name);
    const Hardware hw = load_hardware(name);
    CHECK(hw.l0.left_bytes >= hw.matrix.rows * 128 * 2);
    CHECK(hw.l0.right_bytes >= hw.matrix.cols * 128 * 2);
    CHECK(hw.l0.accumulator_bytes >= hw.matrix.rows * hw.matrix.cols * 4);
  }
}

TEST_CASE("mas-edge is the machine of the paper", "[unit][hardware]") {
  const Hardware hw = load_hardware("mas-edge");
  CHECK(hw.clock_hz == 3'750'000'000);
  CHECK(hw.cores == 2);
  CHECK(hw.matrix.rows * hw.matrix.cols * hw.matrix.depth == 256);
  CHECK(hw.vector.lanes == 256);
  CHECK(hw.l1.capacity_bytes == 5 * 1024 * 1024);
  CHECK(hw.l1.shared);
  CHECK(hw.dram.bandwidth_bytes_per_s == 30'000'000'000);
  CHECK(hw.dram.shared_channel);
}

TEST_CASE("an unknown profile is refused with the nearest name", "[unit][hardware]") {
  CHECK(load_message("mas-egde") ==
        "unknown hardware profile 'mas-egde', did you mean 'mas-edge'? "
        "(a file needs a '/' or '.yaml')");
  CHECK(load_message("tpu") ==
        "unknown hardware profile 'tpu', expected one of ethos-u85-like, flat-cloud, flat-edge, "
        "fusemax, mas-edge (a file needs a '/' or '.yaml')");
  CHECK(load_message("./absent.yaml") == "./absent.yaml: no such file");
  CHECK(load_message("/tmp/") == "/tmp/: is a directory, expected a file");
}
