#include "replay/element.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "common/error.h"
#include "replay/half.h"

namespace tilewright {
namespace {

constexpr std::int64_t kFloatBytes = sizeof(float);
constexpr std::int64_t kHalfBytes = sizeof(std::uint16_t);

void decode_halves(std::size_t step, const std::byte* from, std::span<float> to) {
  for (float& value : to) {
    std::uint16_t bits = 0;
    std::memcpy(&bits, from, sizeof bits);
    value = half_to_float(bits);
    from += step;
  }
}

void encode_halves(std::size_t step, std::span<const float> from, std::byte* to) {
  for (const float value : from) {
    const std::uint16_t bits = float_to_half(value);
    std::memcpy(to, &bits, sizeof bits);
    to += step;
  }
}

}  // namespace

Elements elements_of(const Workload& workload, ReplayType type) {
  const ElementBytes& bytes = workload.bytes;
  const bool halves = type == ReplayType::kFp16;
  const std::int64_t bias = workload.bias_bytes > 0 ? workload.bias_bytes : bytes.accumulator;
  const std::int64_t least =
      std::min({bytes.input, bytes.kv, bytes.score, bytes.accumulator, bias});
  if (halves && least < kHalfBytes) {
    throw InputError(
        fmt::format("workload '{}' has elements of {} byte, which hold no fp16, expected fp32",
                    workload.name, least));
  }
  const std::int64_t scale = halves ? 1 : std::max<std::int64_t>(1, kFloatBytes / least);
  const auto element = [&](std::int64_t own) {
    return Element{own, scale, halves && own == kHalfBytes};
  };
  Elements elements;
  elements.input = element(bytes.input);
  elements.kv = element(bytes.kv);
  elements.score = element(bytes.score);
  elements.accumulator = element(bytes.accumulator);
  elements.bias = element(bias);
  elements.scale = scale;
  return elements;
}

void decode(const Element& element, const std::byte* from, std::span<float> to) {
  const auto step = static_cast<std::size_t>(element.storage());
  if (element.half) {
    decode_halves(step, from, to);
  } else if (step == sizeof(float)) {
    std::memcpy(to.data(), from, to.size_bytes());
  } else {
    for (float& value : to) {
      std::memcpy(&value, from, sizeof value);
      from += step;
    }
  }
}

void encode(const Element& element, std::span<const float> from, std::byte* to) {
  const auto step = static_cast<std::size_t>(element.storage());
  if (element.half) {
    encode_halves(step, from, to);
  } else if (step == sizeof(float)) {
    std::memcpy(to, from.data(), from.size_bytes());
  } else {
    for (const float value : from) {
      std::memcpy(to, &value, sizeof value);
      to += step;
    }
  }
}

}  // namespace tilewright
