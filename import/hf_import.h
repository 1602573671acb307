// Reads the config.json of a Hugging Face model into a suite of workloads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schedules/workload.h"

namespace tilewright {

enum class Phase {
  kPrefill,  ///< a whole sequence at once; also the one pass of a model that only encodes
  kDecode,   ///< one more token, with `seq_len` tokens in the cache
};

struct ImportOptions {
  Phase phase = Phase::kPrefill;
  /// Tokens; without it 2048, or as many as the model has positions if those are fewer.
  std::optional<std::int64_t> seq_len;
  std::int64_t batch = 1;
  std::string name;  ///< of the suite, and in front of the workloads' names; empty: the model type
};

/// One workload for all layers that are alike. `file` only names the text in messages. Throws
/// InputError that names the field, for an unknown architecture with a list of the known ones.
Suite import_hf(std::string_view text, std::string_view file, const ImportOptions& options);

/// The known values of `model_type`, sorted.
std::vector<std::string> hf_model_types();

}  // namespace tilewright
