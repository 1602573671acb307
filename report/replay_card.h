// What a replay found, on half a page, for people.
#pragma once

#include <string>
#include <string_view>

#include "replay/replay_report.h"

namespace tilewright {

std::string_view replay_type_name(ReplayType type);  ///< fp32, fp16

/// "bert-base on mas-edge, schedule mas (two-stream)".
std::string replay_case_text(const ReplayReport& report);

/// "3 checks failed; load K (...): K of pair 0 in k[1] is ...". For a report that did not pass.
std::string replay_failure_text(const ReplayReport& report);

std::string replay_card(const ReplayReport& report);

}  // namespace tilewright
