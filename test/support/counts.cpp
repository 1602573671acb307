#include "test/support/counts.h"

#include <algorithm>

namespace tilewright::test {
namespace {

std::int64_t& divisor_in_use() {
  static std::int64_t divisor = 1;
  return divisor;
}

}  // namespace

void divide_counts(std::int64_t divisor) {
  divisor_in_use() = std::max<std::int64_t>(1, divisor);
}

std::int64_t counted(std::int64_t full) {
  return std::max<std::int64_t>(1, full / divisor_in_use());
}

bool counts_are_full() {
  return divisor_in_use() == 1;
}

}  // namespace tilewright::test
