// The attention layers of a model as its configuration gives them, before a phase and a length
// are chosen.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "import/config.h"
#include "import/hf_import.h"

namespace tilewright {

/// When a layer runs, and what its queries see.
enum class LayerKind {
  kEncoder,  ///< in prefill; every token sees all
  kDecoder,  ///< in both phases; a token sees those before it
  kCross,    ///< in both phases; the decoder's tokens see all of the encoder's
};

/// Identical layers.
struct AttentionLayers {
  LayerKind kind = LayerKind::kDecoder;
  std::string part;  ///< for the workload's name, such as "local"; empty if all layers are alike
  std::int64_t heads = 1;
  std::int64_t kv_heads = 1;
  std::int64_t qk_dim = 1;
  std::int64_t v_dim = 1;
  std::int64_t repeat = 1;
  std::int64_t window = 0;  ///< keys that a query sees at most, itself among them; 0: all
  bool biased = false;      ///< a bias is added to the scores
  bool softcap = false;
  bool v_in_k = false;
  /// Tokens of the encoder (of a cross layer: whose tokens are seen) where the model fixes them; 0:
  /// the length that is asked for.
  std::int64_t encoder_tokens = 0;
};

/// How many tokens a model has positions for, from the field `key` of `config`.
struct PositionLimit {
  Config config;
  std::string key;
  std::int64_t tokens = 0;
  bool strict = false;  ///< learned positions: more cannot be computed
};

struct Model {
  std::vector<AttentionLayers> layers;
  std::optional<PositionLimit> limit;
  ElementBytes bytes;
  bool has_decode = true;    ///< false: it only encodes
  bool takes_length = true;  ///< false: the model fixes the length of everything
};

/// The model's workloads. `type` is the model type, for names.
/// Throws InputError if the options do not suit the model.
Suite lay_out(const Model& model, const Config& config, std::string_view type,
              const ImportOptions& options);

}  // namespace tilewright
