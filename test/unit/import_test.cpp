// The files in data/hf hold the fields that matter of the config.json of the models they are named
// after; what is expected here was worked out by hand from the architectures' papers.
#include <catch2/catch.hpp>

#include <string>

#include "common/text_file.h"
#include "import/hf_import.h"
#include "schedules/workload_text.h"
#include "schedules/workload_yaml.h"

using namespace tilewright;

namespace {

Suite suite_of(const std::string& model, const ImportOptions& options) {
  const std::string file = std::string(TEST_DATA) + "/hf/" + model + ".json";
  return import_hf(read_text_file(file), file, options);
}

/// The workloads as written, one a line, without what stands around them.
std::string lines_of(const Suite& suite) {
  const std::string text = suite_text(suite);
  CHECK(suite_text(parse_suite(text, "w.yaml")) == text);
  std::string lines;
  for (std::size_t at = text.find("  - {name: "); at < text.size();) {
    const std::size_t end = text.find('\n', at);
    lines += text.substr(at + 11, end - at - 12) + "\n";
    at = end + 1;
  }
  return lines;
}

std::string prefill(const std::string& model, std::optional<std::int64_t> length = {}) {
  return lines_of(suite_of(model, {Phase::kPrefill, length, 1, "m"}));
}

std::string decode(const std::string& model, std::optional<std::int64_t> length = {}) {
  return lines_of(suite_of(model, {Phase::kDecode, length, 1, "m"}));
}

}  // namespace

TEST_CASE("encoders of text see everything, at most as far as they have positions") {
  CHECK(prefill("bert-base-uncased") == "m-512, heads: 12, q_len: 512, qk_dim: 64, repeat: 12\n");
  CHECK(prefill("bert-base-uncased", 128) ==
        "m-128, heads: 12, q_len: 128, qk_dim: 64, repeat: 12\n");
  // 514 positions, of which the padding token and those before it take two.
  CHECK(prefill("roberta-base") == "m-512, heads: 12, q_len: 512, qk_dim: 64, repeat: 12\n");
}

TEST_CASE("gpt-2 is causal in prefill and needs no mask in decode") {
  CHECK(prefill("gpt2") ==
        "m-prefill-1024, heads: 12, q_len: 1024, qk_dim: 64, mask: causal, repeat: 12\n");
  CHECK(decode("gpt2", 1000) ==
        "m-decode-1000, heads: 12, q_len: 1, kv_len: 1000, qk_dim: 64, repeat: 12\n");
}

TEST_CASE("llama shares keys and values between query heads") {
  CHECK(prefill("llama-3.2-1b") ==
        "m-prefill-2048, heads: 32, kv_heads: 8, q_len: 2048, qk_dim: 64, mask: causal, "
        "repeat: 16\n");
  CHECK(decode("llama-3.2-1b", 200000) ==
        "m-decode-200000, heads: 32, kv_heads: 8, q_len: 1, kv_len: 200000, qk_dim: 64, "
        "repeat: 16\n");
  CHECK(prefill("smollm2-1.7b") ==
        "m-prefill-2048, heads: 32, q_len: 2048, qk_dim: 64, mask: causal, repeat: 24\n");
}

TEST_CASE("all layers of mistral look through its window, once it is shorter than the sequence") {
  const std::string shape = "heads: 32, kv_heads: 8, ";
  CHECK(prefill("mistral-7b-v0.1", 4096) ==
        "m-prefill-4096, " + shape + "q_len: 4096, qk_dim: 128, mask: causal, repeat: 32\n");
  CHECK(prefill("mistral-7b-v0.1", 4097) ==
        "m-prefill-4097, " + shape +
            "q_len: 4097, qk_dim: 128, mask: causal, window: 4096, repeat: 32\n");
  CHECK(decode("mistral-7b-v0.1", 8192) ==
        "m-decode-8192, " + shape +
            "q_len: 1, kv_len: 8192, qk_dim: 128, mask: causal, window: 4096, repeat: 32\n");
  CHECK(prefill("mixtral-8x7b-v0.1", 8192) ==
        "m-prefill-8192, " + shape + "q_len: 8192, qk_dim: 128, mask: causal, repeat: 32\n");
}

TEST_CASE("qwen has a window only if it says so, and heads of their own size") {
  CHECK(prefill("qwen2.5-1.5b", 200000) ==
        "m-prefill-200000, heads: 12, kv_heads: 2, q_len: 200000, qk_dim: 128, mask: causal, "
        "repeat: 28\n");
  CHECK(prefill("qwen3-1.7b") ==
        "m-prefill-2048, heads: 16, kv_heads: 8, q_len: 2048, qk_dim: 128, mask: causal, "
        "repeat: 28\n");
}

TEST_CASE("qwen2 with a window uses it behind the first layers") {
  const std::string text =
      "{\"model_type\": \"qwen2\", \"hidden_size\": 1536, \"num_attention_heads\": 12, "
      "\"num_key_value_heads\": 2, \"num_hidden_layers\": 28, \"use_sliding_window\": true, "
      "\"sliding_window\": 1024, \"max_window_layers\": 21}";
  CHECK(lines_of(import_hf(text, "c.json", {Phase::kPrefill, 2048, 1, "m"})) ==
        "m-local-prefill-2048, heads: 12, kv_heads: 2, q_len: 2048, qk_dim: 128, mask: causal, "
        "window: 1024, repeat: 7\n"
        "m-global-prefill-2048, heads: 12, kv_heads: 2, q_len: 2048, qk_dim: 128, mask: causal, "
        "repeat: 21\n");
}

TEST_CASE("every other layer of gemma 2 is local, and all cap their scores") {
  CHECK(prefill("gemma-2-2b-it", 8192) ==
        "m-local-prefill-8192, heads: 8, kv_heads: 4, q_len: 8192, qk_dim: 256, mask: causal, "
        "window: 4096, softcap: true, repeat: 13\n"
        "m-global-prefill-8192, heads: 8, kv_heads: 4, q_len: 8192, qk_dim: 256, mask: causal, "
        "softcap: true, repeat: 13\n");
  CHECK(decode("gemma-2-2b-it") ==
        "m-decode-2048, heads: 8, kv_heads: 4, q_len: 1, kv_len: 2048, qk_dim: 256, "
        "softcap: true, repeat: 26\n");
}

TEST_CASE("every sixth layer of gemma 3 is global") {
  CHECK(decode("gemma-3-1b-pt", 4096) ==
        "m-local-decode-4096, heads: 4, kv_heads: 1, q_len: 1, kv_len: 4096, qk_dim: 256, "
        "mask: causal, window: 512, repeat: 22\n"
        "m-global-decode-4096, heads: 4, kv_heads: 1, q_len: 1, kv_len: 4096, qk_dim: 256, "
        "repeat: 4\n");
}

TEST_CASE("the language model of gemma 3 with images is nested, its defaults left out") {
  CHECK(prefill("gemma-3-4b-it") ==
        "m-local-prefill-2048, heads: 8, kv_heads: 4, q_len: 2048, qk_dim: 256, mask: causal, "
        "window: 1024, repeat: 29\n"
        "m-global-prefill-2048, heads: 8, kv_heads: 4, q_len: 2048, qk_dim: 256, mask: causal, "
        "repeat: 5\n");
}

TEST_CASE("phi shares nothing, phi-3 has a window, phi-4-mini groups") {
  CHECK(prefill("phi-2", 512) ==
        "m-prefill-512, heads: 32, q_len: 512, qk_dim: 80, mask: causal, repeat: 32\n");
  CHECK(prefill("phi-3-mini-4k-instruct", 4096) ==
        "m-prefill-4096, heads: 32, q_len: 4096, qk_dim: 96, mask: causal, window: 2047, "
        "repeat: 32\n");
  CHECK(prefill("phi-4-mini-instruct", 8192) ==
        "m-prefill-8192, heads: 24, kv_heads: 8, q_len: 8192, qk_dim: 128, mask: causal, "
        "repeat: 32\n");
}

TEST_CASE("t5 has biased encoder and decoder layers and unbiased cross layers") {
  CHECK(prefill("t5-small") ==
        "m-encoder-prefill-512, heads: 8, q_len: 512, qk_dim: 64, bias_bytes: 2, repeat: 6\n"
        "m-decoder-prefill-512, heads: 8, q_len: 512, qk_dim: 64, mask: causal, bias_bytes: 2, "
        "repeat: 6\n"
        "m-cross-prefill-512, heads: 8, q_len: 512, qk_dim: 64, repeat: 6\n");
  CHECK(decode("t5-small", 100) ==
        "m-decoder-decode-100, heads: 8, q_len: 1, kv_len: 100, qk_dim: 64, bias_bytes: 2, "
        "repeat: 6\n"
        "m-cross-decode-100, heads: 8, q_len: 1, kv_len: 100, qk_dim: 64, repeat: 6\n");
}

TEST_CASE("whisper encodes 1500 frames whatever the length of the text") {
  CHECK(prefill("whisper-tiny") ==
        "m-encoder-prefill-1500, heads: 6, q_len: 1500, qk_dim: 64, bytes: {input: 4}, "
        "repeat: 4\n"
        "m-decoder-prefill-448, heads: 6, q_len: 448, qk_dim: 64, bytes: {input: 4}, "
        "mask: causal, repeat: 4\n"
        "m-cross-prefill-448, heads: 6, q_len: 448, kv_len: 1500, qk_dim: 64, "
        "bytes: {input: 4}, repeat: 4\n");
  CHECK(decode("whisper-tiny", 64) ==
        "m-decoder-decode-64, heads: 6, q_len: 1, kv_len: 64, qk_dim: 64, bytes: {input: 4}, "
        "repeat: 4\n"
        "m-cross-decode-1500, heads: 6, q_len: 1, kv_len: 1500, qk_dim: 64, "
        "bytes: {input: 4}, repeat: 4\n");
}

TEST_CASE("images are patches and a class token") {
  CHECK(prefill("vit-base-patch16-224") ==
        "m-197, heads: 12, q_len: 197, qk_dim: 64, repeat: 12\n");
  CHECK(prefill("clip-vit-base-patch32") ==
        "m-text-77, heads: 8, q_len: 77, qk_dim: 64, bytes: {input: 4}, mask: causal, "
        "repeat: 12\n"
        "m-vision-50, heads: 12, q_len: 50, qk_dim: 64, bytes: {input: 4}, repeat: 12\n");
}

TEST_CASE("towers of clip leave out what the architecture's default is") {
  // As in the ViT-L/14 at 336 pixels: a strip would be left over at 340, too.
  const std::string text =
      "{\"architectures\": [\"CLIPModel\"], \"text_config\": {\"hidden_size\": 768, "
      "\"num_attention_heads\": 12}, \"vision_config\": {\"hidden_size\": 1024, \"image_size\": "
      "340, \"num_attention_heads\": 16, \"num_hidden_layers\": 24, \"patch_size\": 14}}";
  CHECK(lines_of(import_hf(text, "c.json", {Phase::kPrefill, 20, 1, "m"})) ==
        "m-text-20, heads: 12, q_len: 20, qk_dim: 64, mask: causal, repeat: 12\n"
        "m-vision-577, heads: 16, q_len: 577, qk_dim: 64, repeat: 24\n");
}

TEST_CASE("deepseek expands keys in prefill and shares the latent in decode") {
  CHECK(prefill("deepseek-v2-lite") ==
        "m-prefill-2048, heads: 16, q_len: 2048, qk_dim: 192, v_dim: 128, mask: causal, "
        "repeat: 27\n");
  CHECK(decode("deepseek-v3", 4096) ==
        "m-decode-4096, heads: 128, kv_heads: 1, q_len: 1, kv_len: 4096, qk_dim: 576, "
        "v_dim: 512, v_in_k: true, repeat: 61\n");
}

TEST_CASE("a model type of its own is known by its class") {
  const std::string text =
      "{\"model_type\": \"kimi_k2\", \"architectures\": [\"DeepseekV3ForCausalLM\"], "
      "\"num_attention_heads\": 64, \"num_hidden_layers\": 61, \"kv_lora_rank\": 512, "
      "\"qk_nope_head_dim\": 128, \"qk_rope_head_dim\": 64, \"v_head_dim\": 128}";
  const Suite suite = import_hf(text, "c.json", {});
  CHECK(suite.name == "deepseek_v3");
  CHECK(lines_of(suite) ==
        "deepseek_v3-prefill-2048, heads: 64, q_len: 2048, qk_dim: 192, v_dim: 128, "
        "mask: causal, repeat: 61\n");
}

TEST_CASE("the batch is that of the option, the name the model type by default") {
  const Suite suite = suite_of("gpt2", {Phase::kDecode, 64, 8, ""});
  CHECK(suite.name == "gpt2");
  CHECK(suite.description == "gpt2, decode at 64, from a Hugging Face config.json");
  CHECK(lines_of(suite) ==
        "gpt2-decode-64, batch: 8, heads: 12, q_len: 1, kv_len: 64, qk_dim: 64, repeat: 12\n");
}

TEST_CASE("edge-llm holds what the import makes of its five models") {
  std::string imported;
  for (const std::string model :
       {"llama-3.2-1b", "qwen3-1.7b", "gemma-3-1b-pt", "phi-4-mini-instruct", "smollm2-1.7b"}) {
    std::string name = model;
    for (const std::string suffix : {"-pt", "-instruct"}) {
      if (name.ends_with(suffix)) name.resize(name.size() - suffix.size());
    }
    for (const std::int64_t length : {512, 2048, 8192}) {
      imported += lines_of(suite_of(model, {Phase::kPrefill, length, 1, name}));
    }
    imported += lines_of(suite_of(model, {Phase::kDecode, 4096, 1, name}));
  }
  CHECK(lines_of(load_suite("edge-llm")) == imported);
}
