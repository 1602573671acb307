// Whisper (Radford et al. 2023): 30 seconds of sound through the encoder, text from the decoder.
#include "import/architectures.h"
#include "import/layer_shapes.h"

namespace tilewright {

Model read_whisper(const Config& config, Phase) {
  const std::int64_t hidden = config.integer("d_model", kSizes);
  const std::int64_t sounds = config.integer("max_source_positions", kTokens);
  const auto layers = [&](LayerKind kind, const char* part, const std::string& side) {
    const std::int64_t heads = config.integer(side + "_attention_heads", kCounts);
    AttentionLayers made =
        even_layers(kind, heads, divided_head_size(config, "d_model", hidden, heads),
                    config.integer(side + "_layers", kCounts));
    made.part = part;
    made.encoder_tokens = kind == LayerKind::kDecoder ? 0 : sounds;
    return made;
  };
  Model model;
  model.layers = {layers(LayerKind::kEncoder, "encoder", "encoder"),
                  layers(LayerKind::kDecoder, "decoder", "decoder"),
                  layers(LayerKind::kCross, "cross", "decoder")};
  model.limit = PositionLimit{config, "max_target_positions",
                              config.integer("max_target_positions", kTokens), true};
  return model;
}

}  // namespace tilewright
