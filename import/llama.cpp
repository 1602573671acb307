// Llama (Touvron et al. 2023) and the decoders built like it: Mistral, Mixtral, Qwen2, Qwen3, Phi,
// Phi-3. They differ in who looks through a window.
#include "import/architectures.h"
#include "import/layer_shapes.h"

namespace tilewright {
namespace {

Model decoder(const Config& config, std::vector<AttentionLayers> layers) {
  Model model;
  model.layers = std::move(layers);
  model.limit = soft_limit(config);
  return model;
}

/// All layers look through the window, if there is one.
Model windowed_decoder(const Config& config, std::int64_t window) {
  return decoder(config, with_windows(config, decoder_layers(config), window,
                                      [window](std::int64_t) { return window > 0; }));
}

/// The first max_window_layers see everything, the others look through the window.
Model qwen(const Config& config) {
  const bool uses_window = config.flag_or("use_sliding_window", false);
  const std::int64_t window = uses_window ? window_of(config, 4096) : 0;
  const std::int64_t first = window > 0 ? config.integer("max_window_layers", {0, kCounts.max}) : 0;
  return decoder(config,
                 with_windows(config, decoder_layers(config), window,
                              [=](std::int64_t layer) { return window > 0 && layer >= first; }));
}

}  // namespace

Model read_llama(const Config& config, Phase) {
  return decoder(config, {decoder_layers(config)});
}

Model read_phi(const Config& config, Phase) {
  return decoder(config, {decoder_layers(config)});
}

Model read_mistral(const Config& config, Phase) {
  require_key(config, "num_key_value_heads", kCounts);
  return windowed_decoder(config, window_of(config, 4096));
}

Model read_mixtral(const Config& config, Phase) {
  require_key(config, "num_key_value_heads", kCounts);
  return windowed_decoder(config, window_of(config, 0));
}

Model read_phi3(const Config& config, Phase) {
  return windowed_decoder(config, window_of(config, 0));
}

Model read_qwen2(const Config& config, Phase) {
  require_key(config, "num_key_value_heads", kCounts);
  return qwen(config);
}

Model read_qwen3(const Config& config, Phase) {
  require_key(config, "num_key_value_heads", kCounts);
  // Its default is 128, not hidden_size / heads.
  require_key(config, "head_dim", kSizes);
  return qwen(config);
}

}  // namespace tilewright
