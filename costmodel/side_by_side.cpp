#include "costmodel/side_by_side.h"

namespace tilewright {

#if defined(TILEWRIGHT_HAS_AVX512)

namespace side_by_side {
SideBySide of_v4();
}  // namespace side_by_side

namespace {

/// x86-64-v4. Every processor with these has the rest of it.
bool has_v4() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx2") &&
         __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("fma");
}

}  // namespace

SideBySide SideBySide::of_processor() {
  return has_v4() ? side_by_side::of_v4() : SideBySide{};
}

#else

SideBySide SideBySide::of_processor() {
  return {};
}

#endif

}  // namespace tilewright
