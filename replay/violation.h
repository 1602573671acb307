// What a replay found wrong.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace tilewright {

struct Violation {
  std::string operation;  ///< "load K (core 0, round 1, ...)"
  std::string slot;       ///< "k[1]"; "DRAM"
  std::string content;    ///< "K of pair 0, sub-tile 1"
  std::string problem;    ///< "is read before it is written"
};

/// Counts all and keeps the first few: what follows a mistake is seldom another one.
struct Violations {
  static constexpr std::int64_t kKept = 8;

  void add(Violation violation) {
    if (count++ < kKept) {
      first.push_back(std::move(violation));
    }
  }

  std::int64_t count = 0;
  std::vector<Violation> first;
};

}  // namespace tilewright
