#include "import/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "common/text.h"

namespace tilewright {
namespace {

constexpr std::int64_t kDefaultLength = 2048;

void check_phase(const Model& model, const Config& config, std::string_view type, Phase phase) {
  if (phase == Phase::kPrefill || model.has_decode) return;
  throw config.error("model_type", fmt::format("'{}' only encodes, expected phase prefill", type));
}

/// Tokens of a sequence; 0 where the model fixes all lengths.
std::int64_t sequence_length(const Model& model, const Config& config, std::string_view type,
                             const ImportOptions& options) {
  if (!model.takes_length) {
    if (!options.seq_len) return 0;
    throw config.error("model_type", fmt::format("'{}' fixes the number of its tokens, expected no "
                                                 "sequence length",
                                                 type));
  }
  const std::int64_t asked = options.seq_len.value_or(kDefaultLength);
  if (!model.limit || asked <= model.limit->tokens) return asked;
  if (!options.seq_len) return model.limit->tokens;
  if (!model.limit->strict) return asked;
  throw model.limit->config.error(
      model.limit->key, fmt::format("gives the model {} positions, expected a sequence length of "
                                    "at most that, not {}",
                                    model.limit->tokens, asked));
}

/// Queries, keys and mask of a layer in a phase.
void set_lengths(Workload& workload, const AttentionLayers& layers, Phase phase,
                 std::int64_t length) {
  const std::int64_t encoder = layers.encoder_tokens > 0 ? layers.encoder_tokens : length;
  const bool decodes = phase == Phase::kDecode;
  workload.q_len = layers.kind == LayerKind::kEncoder ? encoder : (decodes ? 1 : length);
  workload.kv_len = layers.kind == LayerKind::kDecoder ? length : encoder;
  // A window that is never full hides nothing.
  workload.window = layers.window < workload.kv_len ? layers.window : 0;
  // A single query is the last one: a causal mask hides nothing from it.
  const bool masked = workload.q_len > 1 || workload.window > 0;
  if (layers.kind == LayerKind::kDecoder && masked) workload.mask = Mask::kCausal;
}

Workload workload_of(const AttentionLayers& layers, const Model& model, std::int64_t length,
                     const ImportOptions& options) {
  Workload workload;
  workload.batch = options.batch;
  workload.bytes = model.bytes;
  workload.heads = layers.heads;
  workload.kv_heads = layers.kv_heads;
  workload.qk_dim = layers.qk_dim;
  workload.v_dim = layers.v_dim;
  workload.repeat = layers.repeat;
  workload.softcap = layers.softcap;
  workload.v_in_k = layers.v_in_k;
  workload.bias_bytes = layers.biased ? model.bytes.input : 0;
  set_lengths(workload, layers, options.phase, length);
  return workload;
}

/// What local and global layers differ in once the lengths are known.
bool same_shape(const Workload& a, const Workload& b) {
  const auto shape = [](const Workload& w) {
    return std::tuple(w.batch, w.heads, w.kv_heads, w.q_len, w.kv_len, w.qk_dim, w.v_dim, w.mask,
                      w.window, w.bias_bytes, w.softcap, w.v_in_k);
  };
  return shape(a) == shape(b);
}

/// Puts layers that turn out alike into one workload, `merged_name`.
void add(std::vector<Workload>& workloads, const Workload& workload,
         const std::string& merged_name) {
  const auto twin = std::find_if(workloads.begin(), workloads.end(), [&](const Workload& other) {
    return same_shape(workload, other);
  });
  if (twin == workloads.end()) {
    workloads.push_back(workload);
    return;
  }
  twin->repeat += workload.repeat;
  twin->name = merged_name;
}

std::string phase_name(Phase phase) {
  return phase == Phase::kPrefill ? "prefill" : "decode";
}

/// "-prefill-2048": a model that only encodes has no phases.
std::string name_ending(const Workload& workload, const Model& model, Phase phase) {
  const std::int64_t length = phase == Phase::kPrefill ? workload.q_len : workload.kv_len;
  return model.has_decode ? fmt::format("-{}-{}", phase_name(phase), length)
                          : fmt::format("-{}", length);
}

}  // namespace

Suite lay_out(const Model& model, const Config& config, std::string_view type,
              const ImportOptions& options) {
  check_phase(model, config, type, options.phase);
  const std::int64_t length = sequence_length(model, config, type, options);
  Suite suite;
  suite.name = options.name.empty() ? std::string(type) : options.name;
  suite.description = std::string(type);
  if (model.has_decode) {
    suite.description += fmt::format(", {} at {}", phase_name(options.phase), length);
  }
  suite.description += ", from a Hugging Face config.json";
  for (const AttentionLayers& layers : model.layers) {
    if (layers.kind == LayerKind::kEncoder && options.phase == Phase::kDecode) continue;
    Workload workload = workload_of(layers, model, length, options);
    const std::string ending = name_ending(workload, model, options.phase);
    workload.name = suite.name + (layers.part.empty() ? "" : "-" + layers.part) + ending;
    add(suite.workloads, workload, suite.name + ending);
  }
  return suite;
}

}  // namespace tilewright
