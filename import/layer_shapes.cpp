#include "import/layer_shapes.h"

#include <fmt/format.h>

#include "common/text.h"

namespace tilewright {
namespace {

bool is_sliding(const YamlValue& type) {
  const std::string name = type.text();
  if (name == "sliding_attention") return true;
  if (name == "full_attention") return false;
  throw type.error(
      fmt::format("is '{}', expected full_attention or sliding_attention", printable(name)));
}

std::int64_t count_listed(const Config& config, std::int64_t layers) {
  const YamlValue value = config.at("layer_types", "a list");
  const std::vector<YamlValue> types = value.list();
  if (static_cast<std::int64_t>(types.size()) != layers) {
    throw value.error(
        fmt::format("has {} entries, expected num_hidden_layers ({})", types.size(), layers));
  }
  std::int64_t local = 0;
  for (const YamlValue& type : types) local += is_sliding(type) ? 1 : 0;
  return local;
}

std::int64_t count_local(const Config& config, std::int64_t layers,
                         const std::function<bool(std::int64_t)>& is_local) {
  if (config.find("layer_types")) return count_listed(config, layers);
  std::int64_t local = 0;
  for (std::int64_t layer = 0; layer < layers; ++layer) local += is_local(layer) ? 1 : 0;
  return local;
}

/// The default stands in only where there is one.
std::int64_t count_of(const Config& config, std::string_view key, std::int64_t otherwise) {
  return otherwise > 0 ? config.integer_or(key, kCounts, otherwise) : config.integer(key, kCounts);
}

std::int64_t head_dim_of(const Config& config, std::int64_t heads, std::int64_t otherwise) {
  if (config.find("head_dim")) return config.integer("head_dim", kSizes);
  if (otherwise > 0) return otherwise;
  return divided_head_size(config, "hidden_size", config.integer("hidden_size", kSizes), heads);
}

}  // namespace

std::int64_t divided_head_size(const Config& config, std::string_view hidden_key,
                               std::int64_t hidden, std::int64_t heads) {
  if (hidden % heads == 0) return hidden / heads;
  throw config.error(hidden_key, fmt::format("is {}, expected a multiple of the number of heads "
                                             "({})",
                                             hidden, heads));
}

AttentionLayers decoder_layers(const Config& config, const HeadDefaults& defaults) {
  const std::int64_t heads = count_of(config, "num_attention_heads", defaults.heads);
  const std::int64_t kv_heads = config.integer_or(
      "num_key_value_heads", kCounts, defaults.kv_heads > 0 ? defaults.kv_heads : heads);
  if (heads % kv_heads != 0) {
    throw config.error(
        "num_key_value_heads",
        fmt::format("is {}, expected a divisor of num_attention_heads ({})", kv_heads, heads));
  }
  AttentionLayers layers =
      even_layers(LayerKind::kDecoder, heads, head_dim_of(config, heads, defaults.head_dim),
                  count_of(config, "num_hidden_layers", defaults.layers));
  layers.kv_heads = kv_heads;
  return layers;
}

AttentionLayers even_layers(LayerKind kind, std::int64_t heads, std::int64_t head_size,
                            std::int64_t repeat) {
  AttentionLayers layers;
  layers.kind = kind;
  layers.heads = layers.kv_heads = heads;
  layers.qk_dim = layers.v_dim = head_size;
  layers.repeat = repeat;
  return layers;
}

void require_key(const Config& config, std::string_view key, IntegerRange range) {
  if (!config.has_key(key)) throw config.error(key, "missing, expected " + describe(range));
}

void refuse_flag(const Config& config, std::string_view key, std::string_view expected) {
  if (!config.flag_or(key, false)) return;
  throw config.error(key, fmt::format("is true, expected {}", expected));
}

std::int64_t window_of(const Config& config, std::int64_t missing) {
  if (!config.has_key("sliding_window")) return missing;
  return config.integer_or("sliding_window", kTokens, 0);
}

std::vector<AttentionLayers> with_windows(const Config& config, const AttentionLayers& layers,
                                          std::int64_t window,
                                          const std::function<bool(std::int64_t)>& is_local) {
  const std::int64_t count = count_local(config, layers.repeat, is_local);
  if (count > 0 && window == 0) {
    throw config.error("layer_types", "has sliding layers, expected a sliding_window that is used");
  }
  AttentionLayers local = layers;
  AttentionLayers global = layers;
  local.window = window;
  local.repeat = count;
  global.repeat = layers.repeat - count;
  if (local.repeat == 0) return {global};
  if (global.repeat == 0) return {local};
  local.part = "local";
  global.part = "global";
  return {local, global};
}

std::optional<PositionLimit> soft_limit(const Config& config, std::string_view key) {
  if (!config.find(key)) return std::nullopt;
  return PositionLimit{config, std::string(key), config.integer(key, kTokens), false};
}

std::int64_t image_tokens(const Config& config, std::int64_t image, std::int64_t patch) {
  if (patch > image) {
    throw config.error("patch_size",
                       fmt::format("is {}, expected at most image_size ({})", patch, image));
  }
  // A strip that is narrower than a patch is left out.
  const std::int64_t side = image / patch;
  return side * side + 1;
}

}  // namespace tilewright
