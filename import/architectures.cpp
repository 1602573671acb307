#include "import/architectures.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "common/text.h"

namespace tilewright {
namespace {

/// Sorted by model type.
constexpr std::array<Architecture, 23> kTable{{
    {"bert", "Bert", read_bert},
    {"clip", "CLIP", read_clip},
    {"clip_text_model", "CLIPText", read_clip_text},
    {"clip_vision_model", "CLIPVision", read_clip_vision},
    {"deepseek_v2", "DeepseekV2", read_deepseek},
    {"deepseek_v3", "DeepseekV3", read_deepseek},
    {"gemma", "Gemma", read_gemma},
    {"gemma2", "Gemma2", read_gemma2},
    {"gemma3", "Gemma3", read_gemma3},
    {"gemma3_text", "", read_gemma3},
    {"gpt2", "GPT2", read_gpt2},
    {"llama", "Llama", read_llama},
    {"mistral", "Mistral", read_mistral},
    {"mixtral", "Mixtral", read_mixtral},
    {"phi", "Phi", read_phi},
    {"phi3", "Phi3", read_phi3},
    {"qwen2", "Qwen2", read_qwen2},
    {"qwen3", "Qwen3", read_qwen3},
    {"roberta", "Roberta", read_roberta},
    {"t5", "T5", read_t5},
    {"vit", "ViT", read_vit},
    {"whisper", "Whisper", read_whisper},
    {"xlm-roberta", "XLMRoberta", read_roberta},
}};

/// "LlamaForCausalLM", "BertModel" and "GPT2LMHeadModel" are of the classes Llama, Bert and GPT2;
/// "LlamaMoeForCausalLM" is not.
bool is_of_class(std::string_view name, std::string_view class_name) {
  if (class_name.empty() || !name.starts_with(class_name)) return false;
  name.remove_prefix(class_name.size());
  return name.starts_with("For") || name.starts_with("Model") || name.starts_with("LMHead");
}

const Architecture* by_type(const Config& config) {
  const std::optional<YamlValue> type = config.find("model_type");
  if (!type) return nullptr;
  const auto found = std::find_if(
      kTable.begin(), kTable.end(),
      [name = type->text()](const Architecture& known) { return known.model_type == name; });
  return found == kTable.end() ? nullptr : &*found;
}

const Architecture* by_class(const Config& config) {
  const std::optional<YamlValue> names = config.find("architectures");
  if (!names) return nullptr;
  for (const YamlValue& item : names->list()) {
    const std::string name = item.text();
    for (const Architecture& known : kTable) {
      if (is_of_class(name, known.class_name)) return &known;
    }
  }
  return nullptr;
}

}  // namespace

std::span<const Architecture> architectures() {
  return kTable;
}

const Architecture& architecture_of(const Config& config) {
  if (const Architecture* const known = by_type(config)) return *known;
  if (const Architecture* const known = by_class(config)) return *known;
  std::vector<std::string_view> types;
  for (const Architecture& known : kTable) types.push_back(known.model_type);
  const std::string expected = describe_choice(types);
  const YamlValue type = config.at("model_type", expected);
  throw type.error(fmt::format("'{}' is unknown, expected {}", printable(type.text()), expected));
}

}  // namespace tilewright
