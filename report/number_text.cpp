#include "report/number_text.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <span>

namespace tilewright {
namespace {

std::string group_digits(std::string_view digits) {
  std::string grouped;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) grouped += ',';
    grouped += digits[i];
  }
  return grouped;
}

struct Unit {
  double size;
  std::string_view name;
};

/// `value` in the largest of `units` (ascending) that it reaches, with three figures or more.
std::string in_unit(double value, std::span<const Unit> units) {
  const Unit* chosen = &units.front();
  for (const Unit& unit : units) {
    if (value >= unit.size) chosen = &unit;
  }
  const double scaled = value / chosen->size;
  const int digits = scaled >= 100 ? 0 : scaled >= 10 ? 1 : 2;
  return fmt::format("{} {}", fixed(scaled, digits), chosen->name);
}

struct CodePoint {
  char32_t value;
  std::size_t bytes;
};

/// The code point that starts at `at`; a broken sequence counts as single bytes.
CodePoint decode(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(at);
  const std::size_t length = first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (length == 1 || at + length > text.size()) return {first, 1};
  auto value = static_cast<char32_t>(first & (0x7FU >> length));
  for (std::size_t i = 1; i < length; ++i) {
    value = (value << 6U) | (byte(at + i) & 0x3FU);
  }
  return {value, length};
}

std::size_t width_of(char32_t c) {
  const bool combining =
      (c >= 0x300 && c <= 0x36F) || (c >= 0x200B && c <= 0x200F) || (c >= 0xFE00 && c <= 0xFE0F);
  if (combining) return 0;
  const bool wide = (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF) ||
                    (c >= 0xAC00 && c <= 0xD7A3) || (c >= 0xF900 && c <= 0xFAFF) ||
                    (c >= 0xFE30 && c <= 0xFE6F) || (c >= 0xFF00 && c <= 0xFF60) ||
                    (c >= 0x1F300 && c <= 0x1FAFF) || (c >= 0x20000 && c <= 0x3FFFD);
  return wide ? 2 : 1;
}

}  // namespace

std::string decimal(Int128 value) {
  if (value == 0) return "0";
  // The magnitude is built unsigned, so that the lowest value does not overflow.
  UInt128 rest = value < 0 ? UInt128{0} - static_cast<UInt128>(value) : static_cast<UInt128>(value);
  std::string digits;
  for (; rest != 0; rest /= 10) {
    digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(rest % 10)));
  }
  return value < 0 ? "-" + digits : digits;
}

std::string decimal(const Wide& value) {
  std::array<std::uint64_t, 3> limbs{static_cast<std::uint64_t>(value.high >> 64U),
                                     static_cast<std::uint64_t>(value.high), value.low};
  std::string digits;
  do {
    std::uint64_t rest = 0;
    for (std::uint64_t& limb : limbs) {
      const UInt128 part = (static_cast<UInt128>(rest) << 64U) | limb;
      limb = static_cast<std::uint64_t>(part / 10);
      rest = static_cast<std::uint64_t>(part % 10);
    }
    digits.insert(digits.begin(), static_cast<char>('0' + rest));
  } while (limbs != std::array<std::uint64_t, 3>{});
  return digits;
}

std::string with_separators(Int128 value) {
  const std::string digits = decimal(value);
  if (value < 0) return "-" + group_digits(std::string_view(digits).substr(1));
  return group_digits(digits);
}

std::string count_text(Int128 count, std::string_view word, std::string_view plural) {
  const std::string many = plural.empty() ? fmt::format("{}s", word) : std::string(plural);
  return fmt::format("{} {}", with_separators(count), count == 1 ? std::string(word) : many);
}

std::string fixed(double value, int digits) {
  if (!std::isfinite(value)) return "-";
  const std::string plain = fmt::format("{:.{}f}", std::abs(value), digits);
  const std::size_t point = plain.find('.');
  std::string text = group_digits(std::string_view(plain).substr(0, point));
  if (point != std::string::npos) text += plain.substr(point);
  const bool is_zero = plain.find_first_not_of("0.") == std::string::npos;
  return value < 0 && !is_zero ? "-" + text : text;
}

std::string approximate_count(Int128 value) {
  constexpr Int128 kExactBelow = 10'000'000;
  if (value < kExactBelow) return with_separators(value);
  const std::string text = fmt::format("{:.1e}", static_cast<double>(value));
  const std::size_t exponent = text.find('e');
  return fmt::format("{}e{}", text.substr(0, exponent), std::stoi(text.substr(exponent + 1)));
}

std::string duration_text(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0) return "-";
  if (seconds < 0.01) return fmt::format("{:.1f} ms", seconds * 1e3);
  if (seconds < 0.9995) return fmt::format("{:.0f} ms", seconds * 1e3);
  if (seconds < 59.995) return fmt::format("{:.2f} s", seconds);
  const double whole = std::round(seconds);
  const double minutes = std::floor(whole / 60);
  return fmt::format("{} min {:02.0f} s", fixed(minutes, 0), whole - minutes * 60);
}

std::string bytes_text(std::int64_t bytes) {
  constexpr double kKibi = 1024;
  constexpr std::array<Unit, 4> kUnits{{{kKibi, "KiB"},
                                        {kKibi * kKibi, "MiB"},
                                        {kKibi * kKibi * kKibi, "GiB"},
                                        {kKibi * kKibi * kKibi * kKibi, "TiB"}}};
  if (bytes < 1024) return fmt::format("{} B", bytes);
  return in_unit(static_cast<double>(bytes), kUnits);
}

std::string energy_text(Int128 femtojoules) {
  constexpr std::array<Unit, 5> kUnits{
      {{1e3, "pJ"}, {1e6, "nJ"}, {1e9, "µJ"}, {1e12, "mJ"}, {1e15, "J"}}};
  return in_unit(static_cast<double>(femtojoules), kUnits);
}

std::string latency_text(double microseconds) {
  constexpr std::array<Unit, 4> kUnits{{{1e-3, "ns"}, {1, "µs"}, {1e3, "ms"}, {1e6, "s"}}};
  return in_unit(microseconds, kUnits);
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = decode(text, at);
    width += width_of(point.value);
    at += point.bytes;
  }
  return width;
}

}  // namespace tilewright
