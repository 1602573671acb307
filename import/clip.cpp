// CLIP (Radford et al. 2021): a causal text tower and a vision tower. Published files leave out of
// a tower what the architecture's own default is.
#include "import/architectures.h"
#include "import/layer_shapes.h"

namespace tilewright {
namespace {

struct Tower {
  std::int64_t heads = 0;
  std::int64_t hidden = 0;
};

constexpr std::int64_t kLayers = 12;
constexpr Tower kText{8, 512};
constexpr Tower kVision{12, 768};

AttentionLayers tower_layers(const Config& config, LayerKind kind, const Tower& defaults) {
  const std::int64_t heads = config.integer_or("num_attention_heads", kCounts, defaults.heads);
  const std::int64_t hidden = config.integer_or("hidden_size", kSizes, defaults.hidden);
  return even_layers(kind, heads, divided_head_size(config, "hidden_size", hidden, heads),
                     config.integer_or("num_hidden_layers", kCounts, kLayers));
}

Model tower(const AttentionLayers& layers) {
  Model model;
  model.layers = {layers};
  model.has_decode = false;
  return model;
}

Config tower_config(const Config& config, std::string_view key) {
  if (std::optional<Config> nested = config.nested(key)) return *nested;
  throw config.error(key, "missing, expected a map");
}

}  // namespace

Model read_clip_text(const Config& config, Phase) {
  Model model = tower(tower_layers(config, LayerKind::kDecoder, kText));
  model.limit = PositionLimit{config, "max_position_embeddings",
                              config.integer_or("max_position_embeddings", kTokens, 77), true};
  return model;
}

Model read_clip_vision(const Config& config, Phase) {
  AttentionLayers layers = tower_layers(config, LayerKind::kEncoder, kVision);
  layers.encoder_tokens = image_tokens(config, config.integer_or("image_size", kSizes, 224),
                                       config.integer_or("patch_size", kSizes, 32));
  Model model = tower(layers);
  model.takes_length = false;
  return model;
}

Model read_clip(const Config& config, Phase phase) {
  Model model = read_clip_text(tower_config(config, "text_config"), phase);
  AttentionLayers vision =
      read_clip_vision(tower_config(config, "vision_config"), phase).layers.front();
  model.layers.front().part = "text";
  vision.part = "vision";
  model.layers.push_back(vision);
  return model;
}

}  // namespace tilewright
