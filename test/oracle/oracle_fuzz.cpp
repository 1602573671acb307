// The long run: analytic model against reference on as many random candidates as wanted.
//   oracle_fuzz --cases N --seed S [--schedule NAME] [--balanced] [--family NUMBER]
// Prints the first cases that differ and exits with 1 if there is one. N cases are spread evenly
// over the schedules and their variants.
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "test/support/oracle.h"

namespace {

using namespace tilewright;
using namespace tilewright::test;

struct Options {
  std::int64_t cases = 10'000;
  std::uint64_t seed = 1;
  std::string_view schedule;
  DrawKind kind = DrawKind::kRandom;
  std::optional<Family> family;
};

template <typename Integer>
Integer number(std::string_view text) {
  Integer value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw std::invalid_argument(fmt::format("'{}' is no number", text));
  }
  return value;
}

Options parse(const std::vector<std::string_view>& arguments) {
  Options options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view name = arguments[i];
    if (name == "--balanced") {
      options.kind = DrawKind::kBalanced;
      continue;
    }
    if (i + 1 == arguments.size()) {
      throw std::invalid_argument(fmt::format("{} needs a value", name));
    }
    const std::string_view value = arguments[++i];
    if (name == "--cases") {
      options.cases = number<std::int64_t>(value);
    } else if (name == "--seed") {
      options.seed = number<std::uint64_t>(value);
    } else if (name == "--family") {
      options.family = kFamilies.at(number<std::size_t>(value));
    } else if (name == "--schedule") {
      options.schedule = find_schedule(value).name();
    } else {
      throw std::invalid_argument(fmt::format("unknown option {}", name));
    }
  }
  return options;
}

struct Program {
  const Schedule* schedule;
  std::string_view variant;
};

std::vector<Program> programs(std::string_view only) {
  std::vector<Program> list;
  for (const Schedule* schedule : all_schedules()) {
    if (only.empty() || schedule->name() == only) {
      for (const std::string_view variant : schedule->variants()) {
        list.push_back({schedule, variant});
      }
    }
  }
  return list;
}

/// Number of cases that differ.
std::int64_t run(const Options& options, const Program& program, std::int64_t cases) {
  constexpr std::int64_t kShown = 5;
  std::int64_t bad = 0;
  for_each_case(
      options.seed, cases, *program.schedule, program.variant, options.kind,
      [&](const OracleCase& drawn) {
        const auto differs = difference(drawn);
        if (differs && bad++ < kShown) {
          fmt::print("{}\n  {}\n", *differs, describe(drawn));
        }
      },
      options.family);
  fmt::print("{} {}: {} cases from seed {}, {} differ\n", program.schedule->name(), program.variant,
             cases, options.seed, bad);
  std::fflush(stdout);
  return bad;
}

}  // namespace

int main(int count, char** values) try {
  const Options options = parse({values + 1, values + count});
  const std::vector<Program> list = programs(options.schedule);
  const auto parts = static_cast<std::int64_t>(list.size());
  std::int64_t bad = 0;
  for (std::int64_t i = 0; i < parts; ++i) {
    const std::int64_t extra = i < options.cases % parts ? 1 : 0;
    bad += run(options, list[static_cast<std::size_t>(i)], options.cases / parts + extra);
  }
  return bad == 0 ? 0 : 1;
} catch (const std::exception& error) {
  fmt::print(stderr, "oracle_fuzz: {}\n", error.what());
  return 2;
}
