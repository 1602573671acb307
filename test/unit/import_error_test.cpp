#include <catch2/catch.hpp>

#include <string>

#include "common/error.h"
#include "common/text_file.h"
#include "import/hf_import.h"

using namespace tilewright;

namespace {

std::string message_of(const std::string& text, const ImportOptions& options = {}) {
  try {
    import_hf(text, "c.json", options);
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

/// What is said of a model in data/hf once `old` is replaced.
std::string changed(const std::string& model, const std::string& old, const std::string& now,
                    const ImportOptions& options = {}) {
  std::string text = read_text_file(std::string(TEST_DATA) + "/hf/" + model + ".json");
  const std::size_t at = text.find(old);
  REQUIRE(at != std::string::npos);
  return message_of(text.replace(at, old.size(), now), options);
}

const std::string kCount = "expected a whole number from 1 to 65536";

}  // namespace

TEST_CASE("an unknown architecture is named, with a list of the known ones") {
  CHECK(
      message_of("{\n \"model_type\": \"falcon\",\n \"architectures\": [\"FalconForCausalLM\"]}") ==
      "c.json:2: model_type: 'falcon' is unknown, expected one of bert, clip, clip_text_model, "
      "clip_vision_model, deepseek_v2, deepseek_v3, gemma, gemma2, gemma3, gemma3_text, gpt2, "
      "llama, mistral, mixtral, phi, phi3, qwen2, qwen3, roberta, t5, vit, whisper, xlm-roberta");
  CHECK_THAT(message_of("{}"),
             Catch::StartsWith("c.json:1: model_type: missing, expected one of bert, clip"));
  CHECK_THAT(message_of("{\"model_type\": null}"),
             Catch::StartsWith("c.json:1: model_type: is null, expected one of bert"));
  CHECK(message_of("{\"model_type\": 4}") ==
        "c.json:1: model_type: is '4', expected text (in quotes)");
  CHECK_THAT(message_of("{\"architectures\": [\"LlamaMoeForCausalLM\"]}"),
             Catch::StartsWith("c.json:1: model_type: missing"));
}

TEST_CASE("a missing field is named with where it was looked for") {
  CHECK(changed("llama-3.2-1b", "num_attention_heads", "heads") ==
        "c.json:1: num_attention_heads: missing, " + kCount);
  CHECK(changed("mistral-7b-v0.1", "num_key_value_heads", "heads") ==
        "c.json:1: num_key_value_heads: missing, " + kCount);
  CHECK(changed("qwen3-1.7b", "head_dim", "size") ==
        "c.json:1: head_dim: missing, expected a whole number from 1 to 1048576");
  CHECK(changed("clip-vit-base-patch32", "vision_config", "vision") ==
        "c.json:1: vision_config: missing, expected a map");
  CHECK(changed("deepseek-v3", "kv_lora_rank\": 512", "kv_lora_rank\": null") ==
        "c.json:6: kv_lora_rank: is null, expected a whole number from 1 to 1048576");
}

TEST_CASE("a field of the wrong type or without sense is named with its line") {
  CHECK(changed("gpt2", "\"n_head\": 12", "\"n_head\": \"12\"") ==
        "c.json:8: n_head: is the text '12', " + kCount);
  CHECK(changed("gpt2", "\"n_head\": 12", "\"n_head\": 12.0") ==
        "c.json:8: n_head: is '12.0', " + kCount);
  CHECK(changed("gpt2", "\"n_head\": 12", "\"n_head\": 0") ==
        "c.json:8: n_head: is '0', " + kCount);
  CHECK(changed("gpt2", "\"n_layer\": 12", "\"n_layer\": 2000000000") ==
        "c.json:9: n_layer: is '2000000000', " + kCount);
  CHECK(changed("gpt2", "\"n_layer\": 12", "\"n_layer\": 99999999999999999999") ==
        "c.json:9: n_layer: is '99999999999999999999', which does not fit 64 bits, " + kCount);
  CHECK(changed("gemma-3-4b-it", "34", "\"all\"") ==
        "c.json:11: text_config.num_hidden_layers: is the text 'all', " + kCount);
  CHECK(changed("llama-3.2-1b", "bfloat16", "int3") ==
        "c.json:12: torch_dtype: is the text 'int3', expected one of float32, float16, bfloat16, "
        "float8_e4m3fn, float8_e5m2");
  CHECK(changed("gemma-2-2b-it", "50.0", "0") ==
        "c.json:5: attn_logit_softcapping: is '0', expected a number from 0.001 to 1000000");
}

TEST_CASE("fields that contradict each other are refused") {
  CHECK(changed("bert-base-uncased", "768", "770") ==
        "c.json:5: hidden_size: is 770, expected a multiple of the number of heads (12)");
  CHECK(changed("llama-3.2-1b", "\"num_key_value_heads\": 8", "\"num_key_value_heads\": 5") ==
        "c.json:11: num_key_value_heads: is 5, expected a divisor of num_attention_heads (32)");
  CHECK(changed("vit-base-patch16-224", "\"patch_size\": 16", "\"patch_size\": 300") ==
        "c.json:11: patch_size: is 300, expected at most image_size (224)");
  CHECK(changed("gemma-3-1b-pt", "\"sliding_window_pattern\": 6",
                "\"layer_types\": [\"sliding_attention\"]") ==
        "c.json:14: layer_types: has 1 entries, expected num_hidden_layers (26)");
}

TEST_CASE("layer types say which layers are local, and only known ones are taken") {
  const std::string head =
      "{\"model_type\": \"qwen3\", \"head_dim\": 64, \"num_attention_heads\": 2, "
      "\"num_key_value_heads\": 1, \"num_hidden_layers\": 2, ";
  CHECK(message_of(head + "\"layer_types\": [\"full_attention\",\n\"linear_attention\"]}") ==
        "c.json:2: layer_types[1]: is 'linear_attention', expected full_attention or "
        "sliding_attention");
  CHECK(message_of(head + "\"layer_types\": [\"full_attention\", \"sliding_attention\"]}") ==
        "c.json:1: layer_types: has sliding layers, expected a sliding_window that is used");
  const Suite suite = import_hf(
      head +
          "\"layer_types\": [\"full_attention\", \"sliding_attention\"], "
          "\"use_sliding_window\": true, \"sliding_window\": 16, \"max_window_layers\": 0}",
      "c.json", {});
  REQUIRE(suite.workloads.size() == 2);
  CHECK(suite.workloads[0].window == 16);
  CHECK(suite.workloads[1].window == 0);
}

TEST_CASE("variants that a workload cannot say are refused") {
  CHECK(message_of("{\"model_type\": \"gemma3_text\", \"use_bidirectional_attention\": true}") ==
        "c.json:1: use_bidirectional_attention: is true, expected false (windows look backwards "
        "only)");
  CHECK(changed("bert-base-uncased", "\"position_embedding_type\": \"absolute\"",
                "\"is_decoder\": true") ==
        "c.json:10: is_decoder: is true, expected false (an encoder)");
  CHECK(changed("bert-base-uncased", "absolute", "relative_key") ==
        "c.json:10: position_embedding_type: is the text 'relative_key', expected one of absolute");
  CHECK(changed("gpt2", "\"n_ctx\": 1024", "\"add_cross_attention\": true") ==
        "c.json:6: add_cross_attention: is true, expected false (a decoder without an encoder)");
}

TEST_CASE("options that do not suit a model are refused") {
  CHECK(changed("gpt2", "", "", {Phase::kPrefill, 1025, 1, ""}) ==
        "c.json:10: n_positions: gives the model 1024 positions, expected a sequence length of at "
        "most that, not 1025");
  CHECK(changed("roberta-base", "", "", {Phase::kPrefill, 513, 1, ""}) ==
        "c.json:6: max_position_embeddings: gives the model 512 positions, expected a sequence "
        "length of at most that, not 513");
  CHECK(changed("vit-base-patch16-224", "", "", {Phase::kPrefill, 64, 1, ""}) ==
        "c.json:7: model_type: 'vit' fixes the number of its tokens, expected no sequence length");
  CHECK(changed("clip-vit-base-patch32", "", "", {Phase::kDecode, {}, 1, ""}) ==
        "c.json:5: model_type: 'clip' only encodes, expected phase prefill");
  CHECK(changed("gpt2", "", "", {Phase::kPrefill, {}, 1, std::string(60, 'n')}) ==
        "the name '" + std::string(60, 'n') + "' gives the workload '" + std::string(60, 'n') +
            "...', expected lower-case letters, digits, '.', '_' and '-', starting with a letter "
            "or digit, at most 64");
}

TEST_CASE("a shape too large for any workload is refused with the file") {
  CHECK_THAT(changed("llama-3.2-1b", "", "",
                     {Phase::kPrefill, std::int64_t{1} << 31, std::int64_t{1} << 31, "m"}),
             Catch::StartsWith("c.json: workload m-prefill-2147483648: too large: "));
  CHECK_THAT(changed("llama-3.2-1b", "", "", {Phase::kPrefill, 0, 1, "m"}),
             Catch::StartsWith("c.json: workload m-prefill-0: q_len: is 0, expected"));
}
