// Gemma (2024), Gemma 2 (arXiv 2408.00118) and Gemma 3 (arXiv 2503.19786): local layers that look
// through a window between global ones.
#include "import/architectures.h"
#include "import/layer_shapes.h"

namespace tilewright {
namespace {

constexpr std::int64_t kWindow = 4096;
constexpr std::int64_t kPattern = 6;

/// attn_logit_softcapping: `missing` where the key is, false where it is null.
bool softcap_of(const Config& config, bool missing) {
  if (!config.has_key("attn_logit_softcapping")) return missing;
  const auto cap = config.find("attn_logit_softcapping");
  if (cap) cap->number(0.001, 1000000);
  return cap.has_value();
}

Model alternating(const Config& config, AttentionLayers layers, std::int64_t pattern) {
  const std::int64_t window = window_of(config, kWindow);
  Model model;
  // Every pattern-th layer is global.
  model.layers = with_windows(config, layers, window, [=](std::int64_t layer) {
    return window > 0 && (layer + 1) % pattern != 0;
  });
  model.limit = soft_limit(config);
  return model;
}

}  // namespace

Model read_gemma(const Config& config, Phase) {
  require_key(config, "head_dim", kSizes);
  require_key(config, "num_key_value_heads", kCounts);
  Model model;
  model.layers = {decoder_layers(config)};
  model.limit = soft_limit(config);
  return model;
}

Model read_gemma2(const Config& config, Phase) {
  require_key(config, "head_dim", kSizes);
  require_key(config, "num_key_value_heads", kCounts);
  AttentionLayers layers = decoder_layers(config);
  layers.softcap = softcap_of(config, true);
  return alternating(config, layers, 2);
}

Model read_gemma3(const Config& config, Phase) {
  // Of a model with a vision tower this is the language model.
  const Config text = config.nested("text_config").value_or(config);
  refuse_flag(text, "use_bidirectional_attention", "false (windows look backwards only)");
  // Published text_configs leave out what the architecture's own default is.
  AttentionLayers layers = decoder_layers(text, {8, 4, 256, 26});
  layers.softcap = softcap_of(text, false);
  return alternating(text, layers, text.integer_or("sliding_window_pattern", kCounts, kPattern));
}

}  // namespace tilewright
