#include "schedules/workload_yaml.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <optional>
#include <span>
#include <unordered_set>
#include <utility>

#include "common/checked.h"
#include "common/embedded_file.h"
#include "common/text.h"
#include "common/text_file.h"
#include "common/yaml_reader.h"

namespace tilewright {

/// workloads/*.yaml, compiled in by cmake/embed.cmake.
std::span<const EmbeddedFile> embedded_workload_suites();

namespace {

constexpr std::string_view kSchema = "tilewright/workload/v1";
constexpr std::array<std::string_view, 2> kMasks{"none", "causal"};
constexpr IntegerRange kExtent{1, std::int64_t{1} << 31};
constexpr IntegerRange kAnyBytes{1, 8};
/// Of any byte count and of the multiply-accumulates: leaves 64-bit sums a factor of 8.
constexpr std::int64_t kProductLimit = std::int64_t{1} << 60;

std::vector<std::string_view> byte_keys() {
  return {"input", "kv", "score", "accumulator"};
}

/// What is wrong with a workload; an empty key means the shape as a whole.
struct Problem {
  std::string_view key;
  std::string text;
};

struct Field {
  std::string_view key;
  std::int64_t Workload::*member;
};
constexpr std::array<Field, 8> kFields{{{"batch", &Workload::batch},
                                        {"heads", &Workload::heads},
                                        {"kv_heads", &Workload::kv_heads},
                                        {"q_len", &Workload::q_len},
                                        {"kv_len", &Workload::kv_len},
                                        {"qk_dim", &Workload::qk_dim},
                                        {"v_dim", &Workload::v_dim},
                                        {"repeat", &Workload::repeat}}};

std::optional<Problem> range_problem(const Workload& workload) {
  if (!is_bare_name(workload.name)) {
    return Problem{"name",
                   fmt::format("is '{}', expected {}", printable(workload.name), kBareNameRule)};
  }
  for (const Field& field : kFields) {
    const std::int64_t value = workload.*field.member;
    if (value >= kExtent.min && value <= kExtent.max) continue;
    return Problem{field.key, fmt::format("is {}, expected {}", value, describe(kExtent))};
  }
  return std::nullopt;
}

bool is_one_of(std::int64_t value, std::initializer_list<std::int64_t> allowed) {
  return std::find(allowed.begin(), allowed.end(), value) != allowed.end();
}

std::optional<Problem> bytes_problem(const ElementBytes& bytes) {
  if (!is_one_of(bytes.input, {1, 2, 4})) {
    return Problem{"bytes.input", fmt::format("is {}, expected 1, 2 or 4", bytes.input)};
  }
  if (!is_one_of(bytes.kv, {1, 2, 4}) || bytes.kv > bytes.input) {
    return Problem{"bytes.kv", fmt::format("is {}, expected 1, 2 or 4, and at most input ({})",
                                           bytes.kv, bytes.input)};
  }
  if (!is_one_of(bytes.score, {1, 2, 4}) || bytes.score < bytes.input) {
    return Problem{"bytes.score", fmt::format("is {}, expected 1, 2 or 4, and at least input ({})",
                                              bytes.score, bytes.input)};
  }
  if (!is_one_of(bytes.accumulator, {2, 4, 8}) || bytes.accumulator < bytes.score) {
    return Problem{"bytes.accumulator",
                   fmt::format("is {}, expected 2, 4 or 8, and at least score ({})",
                               bytes.accumulator, bytes.score)};
  }
  return std::nullopt;
}

/// Of what goes beyond plain attention.
std::optional<Problem> variation_problem(const Workload& workload) {
  if (workload.window < 0 || workload.window > kExtent.max) {
    return Problem{"window", fmt::format("is {}, expected {}", workload.window, describe(kExtent))};
  }
  if (workload.window > 0 && workload.mask != Mask::kCausal) {
    return Problem{"window", "is given without a causal mask, expected mask: causal beside it"};
  }
  if (workload.bias_bytes != 0 && !is_one_of(workload.bias_bytes, {1, 2, 4})) {
    return Problem{"bias_bytes", fmt::format("is {}, expected 1, 2 or 4", workload.bias_bytes)};
  }
  if (workload.v_in_k && workload.v_dim > workload.qk_dim) {
    return Problem{"v_in_k", fmt::format("is true with v_dim {} above qk_dim {}: V is a part of "
                                         "K's rows, expected v_dim <= qk_dim",
                                         workload.v_dim, workload.qk_dim)};
  }
  return std::nullopt;
}

std::optional<Problem> relation_problem(const Workload& workload) {
  if (workload.heads % workload.kv_heads != 0) {
    return Problem{"kv_heads", fmt::format("is {}, expected a divisor of heads ({})",
                                           workload.kv_heads, workload.heads)};
  }
  if (auto problem = variation_problem(workload)) return problem;
  if (workload.mask == Mask::kCausal && workload.q_len > workload.kv_len) {
    return Problem{"mask", fmt::format("is 'causal' with q_len {} above kv_len {}: the first "
                                       "queries would see no key, expected q_len <= kv_len",
                                       workload.q_len, workload.kv_len)};
  }
  return std::nullopt;
}

struct Product {
  std::string_view what;
  std::string_view formula;
  std::optional<std::int64_t> value;
};

std::array<Product, 7> products(const Workload& w) {
  const std::int64_t output_bytes = std::max(w.bytes.input, w.bytes.accumulator);
  return {{
      {"the bytes of Q", "batch * heads * q_len * qk_dim * bytes",
       checked_product({w.batch, w.heads, w.q_len, w.qk_dim, w.bytes.input})},
      {"the bytes of K", "batch * kv_heads * kv_len * qk_dim * bytes",
       checked_product({w.batch, w.kv_heads, w.kv_len, w.qk_dim, w.bytes.kv})},
      {"the bytes of V", "batch * kv_heads * kv_len * v_dim * bytes",
       checked_product({w.batch, w.kv_heads, w.kv_len, w.v_dim, w.bytes.kv})},
      {"the bytes of the scores", "batch * heads * q_len * kv_len * bytes",
       checked_product({w.batch, w.heads, w.q_len, w.kv_len, w.bytes.score})},
      {"the bytes of the bias", "heads * q_len * kv_len * bias_bytes",
       checked_product({w.heads, w.q_len, w.kv_len, w.bias_bytes})},
      {"the bytes of O", "batch * heads * q_len * v_dim * bytes",
       checked_product({w.batch, w.heads, w.q_len, w.v_dim, output_bytes})},
      {"the work", "batch * heads * q_len * kv_len * (qk_dim + v_dim) * repeat",
       checked_product({w.batch, w.heads, w.q_len, w.kv_len, w.qk_dim + w.v_dim, w.repeat})},
  }};
}

std::optional<Problem> size_problem(const Workload& workload) {
  for (const Product& product : products(workload)) {
    if (product.value && *product.value <= kProductLimit) continue;
    return Problem{"", fmt::format("too large: {} ({}) is above 2^60, expected at most {}",
                                   product.what, product.formula, kProductLimit)};
  }
  return std::nullopt;
}

std::optional<Problem> problem_of(const Workload& workload) {
  if (auto problem = range_problem(workload)) return problem;
  if (auto problem = bytes_problem(workload.bytes)) return problem;
  if (auto problem = relation_problem(workload)) return problem;
  return size_problem(workload);
}

ElementBytes read_bytes(const YamlMap& map) {
  ElementBytes bytes;
  if (!map.has("bytes")) return bytes;
  const YamlMap given = map.map("bytes", byte_keys());
  bytes.input = given.integer_or("input", kAnyBytes, bytes.input);
  bytes.kv = given.integer_or("kv", kAnyBytes, bytes.input);
  bytes.score = given.integer_or("score", kAnyBytes, bytes.input);
  bytes.accumulator = given.integer_or("accumulator", kAnyBytes, bytes.accumulator);
  return bytes;
}

Workload read_shape(const YamlMap& map) {
  Workload workload;
  workload.name = map.text("name");
  workload.place = fmt::format("{}:{}", map.value().file(), map.value().line());
  workload.batch = map.integer_or("batch", kExtent, 1);
  workload.heads = map.integer("heads", kExtent);
  workload.kv_heads = map.integer_or("kv_heads", kExtent, workload.heads);
  workload.q_len = map.integer("q_len", kExtent);
  workload.kv_len = map.integer_or("kv_len", kExtent, workload.q_len);
  workload.qk_dim = map.integer("qk_dim", kExtent);
  workload.v_dim = map.integer_or("v_dim", kExtent, workload.qk_dim);
  workload.repeat = map.integer_or("repeat", kExtent, 1);
  workload.bytes = read_bytes(map);
  if (map.has("mask")) workload.mask = static_cast<Mask>(map.choice("mask", kMasks));
  workload.window = map.integer_or("window", kExtent, 0);
  workload.bias_bytes = map.integer_or("bias_bytes", kAnyBytes, 0);
  workload.softcap = map.has("softcap") && map.boolean("softcap");
  workload.v_in_k = map.has("v_in_k") && map.boolean("v_in_k");
  return workload;
}

/// The error at the line of the key that the problem names, if it was given.
InputError located(const YamlMap& map, const Problem& problem) {
  const std::string_view outer = problem.key.substr(0, problem.key.find('.'));
  const YamlValue at = outer.empty() ? map.value() : map.find(outer).value_or(map.value());
  if (outer == problem.key || !map.has(outer)) return at.error(problem.text);
  const YamlMap bytes = at.map(byte_keys());
  const std::string_view inner = problem.key.substr(outer.size() + 1);
  return bytes.find(inner).value_or(at).error(problem.text);
}

Workload read_workload(const YamlValue& value) {
  const YamlMap map =
      value.map({"name", "batch", "heads", "kv_heads", "q_len", "kv_len", "qk_dim", "v_dim",
                 "bytes", "mask", "window", "bias_bytes", "softcap", "v_in_k", "repeat"});
  Workload workload = read_shape(map);
  if (const auto problem = problem_of(workload)) throw located(map, *problem);
  return workload;
}

std::vector<Workload> read_workloads(const YamlValue& list) {
  std::vector<Workload> workloads;
  std::unordered_set<std::string> names;
  for (const YamlValue& item : list.list()) {
    workloads.push_back(read_workload(item));
    if (names.insert(workloads.back().name).second) continue;
    throw item.error(fmt::format("a second workload is named '{}', expected another name",
                                 workloads.back().name));
  }
  if (workloads.empty()) throw list.error("is empty, expected at least one workload");
  return workloads;
}

Suite parse_bundled(const EmbeddedFile& file) {
  return parse_suite(file.text, file.name);
}

/// A suite, or a suite of the one workload of that name.
std::optional<Suite> find_bundled(std::string_view name) {
  for (const EmbeddedFile& file : embedded_workload_suites()) {
    if (bare_name(file) == name) return parse_bundled(file);
  }
  for (const EmbeddedFile& file : embedded_workload_suites()) {
    const Suite suite = parse_bundled(file);
    for (const Workload& workload : suite.workloads) {
      if (workload.name == name) return Suite{workload.name, suite.description, {workload}};
    }
  }
  return std::nullopt;
}

/// Suites first: with a tie or nothing near they are what a user should see.
std::vector<std::string> bundled_names() {
  std::vector<std::string> names = bundled_suites();
  for (const EmbeddedFile& file : embedded_workload_suites()) {
    for (const Workload& workload : parse_bundled(file).workloads) names.push_back(workload.name);
  }
  return names;
}

}  // namespace

Suite parse_suite(std::string_view text, std::string_view file) {
  const YamlValue root = parse_yaml(text, file);
  expect_schema(root, kSchema);
  const YamlMap map = root.map({"schema", "name", "description", "workloads"});
  Suite suite;
  suite.name = map.text("name");
  if (!is_bare_name(suite.name)) {
    throw map.at("name", kBareNameRule)
        .error(fmt::format("is '{}', expected {}", printable(suite.name), kBareNameRule));
  }
  suite.description = map.text_or("description", "");
  suite.workloads = read_workloads(map.at("workloads", "a list of workloads"));
  return suite;
}

Suite load_suite(const std::string& name_or_path) {
  if (looks_like_path(name_or_path)) return parse_suite(read_text_file(name_or_path), name_or_path);
  if (std::optional<Suite> suite = find_bundled(name_or_path)) return std::move(*suite);
  throw InputError(fmt::format("unknown workload '{}'{} (a file needs a '/' or '.yaml')",
                               printable(name_or_path), suggestion(name_or_path, bundled_names())));
}

std::vector<std::string> bundled_suites() {
  std::vector<std::string> names;
  for (const EmbeddedFile& file : embedded_workload_suites()) names.emplace_back(bare_name(file));
  std::sort(names.begin(), names.end());
  return names;
}

void check_workload(const Workload& workload) {
  const std::optional<Problem> problem = problem_of(workload);
  if (!problem) return;
  throw InputError::at("workload " + printable(workload.name), 0, problem->key, problem->text);
}

}  // namespace tilewright
