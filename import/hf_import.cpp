#include "import/hf_import.h"

#include <fmt/format.h>

#include <array>

#include "common/error.h"
#include "common/text.h"
#include "import/architectures.h"
#include "import/config.h"
#include "import/model.h"
#include "schedules/workload_yaml.h"

namespace tilewright {
namespace {

struct ElementType {
  std::string_view name;
  std::int64_t bytes;
};

constexpr std::array<ElementType, 5> kTypes{
    {{"float32", 4}, {"float16", 2}, {"bfloat16", 2}, {"float8_e4m3fn", 1}, {"float8_e5m2", 1}}};

/// The element type, of the model before its towers'. Newer files say `dtype`.
std::optional<YamlValue> element_type(const Config& config) {
  for (const std::string_view key : {"dtype", "torch_dtype"}) {
    if (std::optional<YamlValue> type = config.find(key)) return type;
  }
  for (const std::string_view tower : {"text_config", "vision_config"}) {
    const std::optional<Config> nested = config.nested(tower);
    if (!nested) continue;
    if (std::optional<YamlValue> type = element_type(*nested)) return type;
  }
  return std::nullopt;
}

ElementBytes element_bytes(const Config& config) {
  ElementBytes bytes;
  const std::optional<YamlValue> type = element_type(config);
  if (!type) return bytes;
  std::array<std::string_view, kTypes.size()> names;
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = kTypes[i].name;
  bytes.input = bytes.kv = bytes.score = kTypes[type->choice(names)].bytes;
  return bytes;
}

/// Names that the suite and its workloads cannot have come from the option, sizes from the file.
void check(const Suite& suite, std::string_view file) {
  for (const Workload& workload : suite.workloads) {
    if (!is_bare_name(workload.name)) {
      throw InputError(fmt::format("the name '{}' gives the workload '{}', expected {}",
                                   printable(suite.name), printable(workload.name), kBareNameRule));
    }
    try {
      check_workload(workload);
    } catch (const InputError& error) {
      throw InputError(fmt::format("{}: {}", file, error.what()));
    }
  }
}

}  // namespace

Suite import_hf(std::string_view text, std::string_view file, const ImportOptions& options) {
  const Config config(parse_json(text, file));
  const Architecture& architecture = architecture_of(config);
  Model model = architecture.read(config, options.phase);
  model.bytes = element_bytes(config);
  Suite suite = lay_out(model, config, architecture.model_type, options);
  check(suite, file);
  return suite;
}

std::vector<std::string> hf_model_types() {
  std::vector<std::string> types;
  for (const Architecture& known : architectures()) types.emplace_back(known.model_type);
  return types;
}

}  // namespace tilewright
