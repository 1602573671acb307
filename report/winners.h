// Which schedule of a comparison is best at each workload, and what makes the difference.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "report/result_set.h"

namespace tilewright {

enum class WinReason : std::uint8_t {
  kNothingFits,  ///< there is no winner
  kAlone,        ///< no other schedule has a tiling
  kEqual,        ///< all that have a tiling are as good
  kNearlyEqual,  ///< by less than can be shown
  kBusier,       ///< the winner's limiting queue waits less
  kLessWork,     ///< the winner's limiting queue has less to do
  kLessTraffic,
  kFewerAccesses,  ///< to L1 or L0
  kFaster,         ///< less static energy
};

struct Verdict {
  std::string workload;
  std::vector<std::string> winners;  ///< all that tie
  std::string next;                  ///< the best of the others; empty: none has a tiling
  double ratio = 1;                  ///< objective of the next one / of the winners
  WinReason reason = WinReason::kNothingFits;
  std::string why;  ///< for people
};

/// One a workload, in order. None unless several schedules are compared.
std::vector<Verdict> verdicts(const ResultSet& set);

/// In the order of WinReason.
inline constexpr std::array<std::string_view, 9> kReasonNames{
    "nothing-fits", "alone",        "equal",          "nearly-equal", "busier",
    "less-work",    "less-traffic", "fewer-accesses", "faster"};

constexpr std::string_view reason_name(WinReason reason) {
  return kReasonNames[static_cast<std::size_t>(reason)];
}

}  // namespace tilewright
