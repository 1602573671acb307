// DeepSeek V2 (arXiv 2405.04434) and V3 (arXiv 2412.19437): multi-head latent attention.
#include "import/architectures.h"
#include "import/layer_shapes.h"

namespace tilewright {

/// In prefill keys and values are expanded from the latent. In decode the expansion is absorbed
/// into the queries and the output (section 2.1.2 of V2): all heads share the cached latent, which
/// is the value and, with the rotary part behind it, the key.
Model read_deepseek(const Config& config, Phase phase) {
  const std::int64_t rope = config.integer("qk_rope_head_dim", kSizes);
  const std::int64_t latent = config.integer("kv_lora_rank", kSizes);
  const std::int64_t nope = config.integer("qk_nope_head_dim", kSizes);
  const std::int64_t value = config.integer("v_head_dim", kSizes);
  AttentionLayers layers =
      even_layers(LayerKind::kDecoder, config.integer("num_attention_heads", kCounts), nope + rope,
                  config.integer("num_hidden_layers", kCounts));
  layers.v_dim = value;
  if (phase == Phase::kDecode) {
    layers.kv_heads = 1;
    layers.qk_dim = latent + rope;
    layers.v_dim = latent;
    layers.v_in_k = true;
  }
  Model model;
  model.layers = {layers};
  model.limit = soft_limit(config);
  return model;
}

}  // namespace tilewright
