#include "schedules/workload_text.h"

#include <fmt/format.h>

#include <string_view>
#include <vector>

#include "common/text.h"

namespace tilewright {
namespace {

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') out += '\\';
    out += byte < 0x20 || byte == 0x7F ? fmt::format("\\x{:02x}", byte) : std::string(1, c);
  }
  return out + "\"";
}

std::string name_text(const std::string& name) {
  return needs_yaml_quotes(name) ? quoted(name) : name;
}

/// "key: value, key: value" of what differs from its default.
class Fields {
 public:
  void add(std::string_view key, std::string_view value) {
    if (!text_.empty()) text_ += ", ";
    text_ += fmt::format("{}: {}", key, value);
  }
  void add(std::string_view key, std::int64_t value) { add(key, std::to_string(value)); }
  void add_unless(std::int64_t otherwise, std::string_view key, std::int64_t value) {
    if (value != otherwise) add(key, value);
  }
  void add_if(bool set, std::string_view key, std::string_view value) {
    if (set) add(key, value);
  }

  /// "{...}", or nothing if nothing was added.
  std::string map() const { return text_.empty() ? "" : "{" + text_ + "}"; }

 private:
  std::string text_;
};

std::string bytes_text(const ElementBytes& bytes) {
  const ElementBytes defaults;
  Fields fields;
  fields.add_unless(defaults.input, "input", bytes.input);
  fields.add_unless(bytes.input, "kv", bytes.kv);
  fields.add_unless(bytes.input, "score", bytes.score);
  fields.add_unless(defaults.accumulator, "accumulator", bytes.accumulator);
  return fields.map();
}

std::string workload_text(const Workload& workload) {
  Fields fields;
  fields.add("name", name_text(workload.name));
  fields.add_unless(1, "batch", workload.batch);
  fields.add("heads", workload.heads);
  fields.add_unless(workload.heads, "kv_heads", workload.kv_heads);
  fields.add("q_len", workload.q_len);
  fields.add_unless(workload.q_len, "kv_len", workload.kv_len);
  fields.add("qk_dim", workload.qk_dim);
  fields.add_unless(workload.qk_dim, "v_dim", workload.v_dim);
  const std::string bytes = bytes_text(workload.bytes);
  fields.add_if(!bytes.empty(), "bytes", bytes);
  fields.add_if(workload.mask == Mask::kCausal, "mask", "causal");
  fields.add_unless(0, "window", workload.window);
  fields.add_unless(0, "bias_bytes", workload.bias_bytes);
  fields.add_if(workload.softcap, "softcap", "true");
  fields.add_if(workload.v_in_k, "v_in_k", "true");
  fields.add_unless(1, "repeat", workload.repeat);
  return fields.map();
}

}  // namespace

std::string suite_text(const Suite& suite) {
  std::string text =
      fmt::format("schema: tilewright/workload/v1\nname: {}\n", name_text(suite.name));
  if (!suite.description.empty()) text += "description: " + quoted(suite.description) + "\n";
  text += "workloads:\n";
  for (const Workload& workload : suite.workloads) text += "  - " + workload_text(workload) + "\n";
  return text;
}

}  // namespace tilewright
