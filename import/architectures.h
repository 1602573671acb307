// The architectures that can be imported. To add one: a reader, its line here, its row in
// architectures.cpp.
#pragma once

#include <span>
#include <string_view>

#include "import/model.h"

namespace tilewright {

struct Architecture {
  std::string_view model_type;  ///< in config.json
  std::string_view
      class_name;  ///< the start of the names in `architectures`; empty: none of its own
  Model (*read)(const Config& config, Phase phase);
};

std::span<const Architecture> architectures();

/// By `model_type`; a type of its own may still name a known class in `architectures`. Throws
/// InputError with the list of the known types.
const Architecture& architecture_of(const Config& config);

Model read_bert(const Config& config, Phase phase);
Model read_roberta(const Config& config, Phase phase);
Model read_vit(const Config& config, Phase phase);
Model read_clip(const Config& config, Phase phase);
Model read_clip_text(const Config& config, Phase phase);
Model read_clip_vision(const Config& config, Phase phase);
Model read_gpt2(const Config& config, Phase phase);
Model read_llama(const Config& config, Phase phase);
Model read_mistral(const Config& config, Phase phase);
Model read_mixtral(const Config& config, Phase phase);
Model read_qwen2(const Config& config, Phase phase);
Model read_qwen3(const Config& config, Phase phase);
Model read_phi(const Config& config, Phase phase);
Model read_phi3(const Config& config, Phase phase);
Model read_gemma(const Config& config, Phase phase);
Model read_gemma2(const Config& config, Phase phase);
Model read_gemma3(const Config& config, Phase phase);
Model read_deepseek(const Config& config, Phase phase);
Model read_t5(const Config& config, Phase phase);
Model read_whisper(const Config& config, Phase phase);

}  // namespace tilewright
