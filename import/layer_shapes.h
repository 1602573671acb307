// What the readers of several architectures share: counts, head sizes, windows, image tokens.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "import/model.h"

namespace tilewright {

/// Generous, so that only nonsense is refused.
inline constexpr IntegerRange kCounts{1, 1 << 16};  ///< of heads and of layers
inline constexpr IntegerRange kSizes{1, 1 << 20};   ///< of hidden states, heads, images
inline constexpr IntegerRange kTokens{1, std::int64_t{1} << 31};

/// `config`'s hidden size over its heads; an error at `hidden_key` unless it is whole.
std::int64_t divided_head_size(const Config& config, std::string_view hidden_key,
                               std::int64_t hidden, std::int64_t heads);

/// What is taken where a configuration says nothing; 0: nothing, it must be there, but for
/// key/value heads (as many as query heads) and the head size (hidden_size / heads).
struct HeadDefaults {
  std::int64_t heads = 0;
  std::int64_t kv_heads = 0;
  std::int64_t head_dim = 0;
  std::int64_t layers = 0;
};

/// num_attention_heads, num_key_value_heads, head_dim and num_hidden_layers.
AttentionLayers decoder_layers(const Config& config, const HeadDefaults& defaults = {});

/// Plain layers of as many key/value heads as query heads.
AttentionLayers even_layers(LayerKind kind, std::int64_t heads, std::int64_t head_size,
                            std::int64_t repeat);

/// An error unless the key is there; null is allowed.
void require_key(const Config& config, std::string_view key, IntegerRange range);

/// An error if the flag is set; `expected` completes "is true, expected ".
void refuse_flag(const Config& config, std::string_view key, std::string_view expected);

/// sliding_window: `missing` where the key is, 0 (no window) where it is null.
std::int64_t window_of(const Config& config, std::int64_t missing);

/// The layers that look through a window and those that see everything, apart. `layer_types` says
/// which is which; without it `is_local`, of a layer's index.
std::vector<AttentionLayers> with_windows(const Config& config, const AttentionLayers& layers,
                                          std::int64_t window,
                                          const std::function<bool(std::int64_t)>& is_local);

/// max_position_embeddings of a model that can also compute longer sequences.
std::optional<PositionLimit> soft_limit(const Config& config,
                                        std::string_view key = "max_position_embeddings");

/// Patches of an image and the class token.
std::int64_t image_tokens(const Config& config, std::int64_t image, std::int64_t patch);

}  // namespace tilewright
