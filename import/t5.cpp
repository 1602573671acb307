// T5 (Raffel et al. 2020): encoder and decoder with a bias of relative positions.
#include "import/architectures.h"
#include "import/layer_shapes.h"

namespace tilewright {

Model read_t5(const Config& config, Phase) {
  const std::int64_t heads = config.integer("num_heads", kCounts);
  const std::int64_t head_size = config.integer("d_kv", kSizes);
  const std::int64_t encoders = config.integer("num_layers", kCounts);
  const std::int64_t decoders = config.integer_or("num_decoder_layers", kCounts, encoders);
  AttentionLayers encoder = even_layers(LayerKind::kEncoder, heads, head_size, encoders);
  AttentionLayers decoder = even_layers(LayerKind::kDecoder, heads, head_size, decoders);
  AttentionLayers cross = even_layers(LayerKind::kCross, heads, head_size, decoders);
  encoder.part = "encoder";
  decoder.part = "decoder";
  cross.part = "cross";
  // Cross attention has no positions to relate.
  encoder.biased = decoder.biased = true;
  Model model;
  model.layers = {encoder, decoder, cross};
  model.limit = soft_limit(config, "n_positions");
  return model;
}

}  // namespace tilewright
