// What replays found, as a document (schema tilewright/replay/v1; docs/replay.md explains every
// key).
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "replay/replay_report.h"
#include "report/result_document.h"

namespace tilewright {

inline constexpr std::string_view kReplaySchema = "tilewright/replay/v1";

/// The schema, the program's version, and a list of replays.
Document replay_document(std::span<const ReplayReport> reports, std::string_view version);

/// One header line, then one line a replay.
std::string emit_replay_csv(const Document& document);

}  // namespace tilewright
