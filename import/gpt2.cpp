// GPT-2 (Radford et al. 2019).
#include "import/architectures.h"
#include "import/layer_shapes.h"

namespace tilewright {

Model read_gpt2(const Config& config, Phase) {
  refuse_flag(config, "add_cross_attention", "false (a decoder without an encoder)");
  const std::int64_t heads = config.integer("n_head", kCounts);
  const std::int64_t hidden = config.integer("n_embd", kSizes);
  Model model;
  model.layers = {even_layers(LayerKind::kDecoder, heads,
                              divided_head_size(config, "n_embd", hidden, heads),
                              config.integer("n_layer", kCounts))};
  model.limit = PositionLimit{config, "n_positions", config.integer("n_positions", kTokens), true};
  return model;
}

}  // namespace tilewright
