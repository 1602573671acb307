// BERT (Devlin et al. 2019), RoBERTa and ViT (Dosovitskiy et al. 2021): encoders only.
#include <array>

#include "import/architectures.h"
#include "import/layer_shapes.h"

namespace tilewright {
namespace {

constexpr std::array<std::string_view, 1> kPositions{"absolute"};

AttentionLayers encoder_layers(const Config& config) {
  const std::int64_t heads = config.integer("num_attention_heads", kCounts);
  const std::int64_t hidden = config.integer("hidden_size", kSizes);
  return even_layers(LayerKind::kEncoder, heads,
                     divided_head_size(config, "hidden_size", hidden, heads),
                     config.integer("num_hidden_layers", kCounts));
}

Model text_encoder(const Config& config, std::int64_t tokens) {
  refuse_flag(config, "is_decoder", "false (an encoder)");
  // Relative positions would add terms to the scores that depend on the queries.
  if (const auto kind = config.find("position_embedding_type")) kind->choice(kPositions);
  Model model;
  model.layers = {encoder_layers(config)};
  model.limit = PositionLimit{config, "max_position_embeddings", tokens, true};
  model.has_decode = false;
  return model;
}

}  // namespace

Model read_bert(const Config& config, Phase) {
  return text_encoder(config, config.integer("max_position_embeddings", kTokens));
}

Model read_roberta(const Config& config, Phase) {
  // Positions are counted from the one after the padding token's.
  const std::int64_t padding = config.integer_or("pad_token_id", {0, kSizes.max}, 1);
  const IntegerRange positions{padding + 2, kTokens.max};
  return text_encoder(config, config.integer("max_position_embeddings", positions) - padding - 1);
}

Model read_vit(const Config& config, Phase) {
  AttentionLayers layers = encoder_layers(config);
  layers.encoder_tokens = image_tokens(config, config.integer("image_size", kSizes),
                                       config.integer("patch_size", kSizes));
  Model model;
  model.layers = {layers};
  model.has_decode = false;
  model.takes_length = false;
  return model;
}

}  // namespace tilewright
