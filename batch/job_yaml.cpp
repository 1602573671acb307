#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "batch/job.h"
#include "common/text.h"
#include "common/yaml_reader.h"
#include "schedules/schedule.h"
#include "search/objectives.h"
#include "search/strategy.h"

namespace tilewright {
namespace {

constexpr std::string_view kSchema = "tilewright/job/v1";
constexpr std::array<std::string_view, 2> kScales{"linear", "log"};
constexpr std::array<std::string_view, 3> kTileSizes{"all", "divisors", "pow2"};
constexpr std::array<TileSizes, 3> kTileSizeValues{TileSizes::kAll, TileSizes::kDivisors,
                                                   TileSizes::kPow2};
constexpr IntegerRange kSteps{2, 100'000};
constexpr IntegerRange kThreads{1, 1024};
constexpr IntegerRange kSeeds{0, std::numeric_limits<std::int64_t>::max()};
constexpr IntegerRange kEvaluations{1, std::numeric_limits<std::int64_t>::max()};
constexpr double kYear = 365.0 * 86'400;
constexpr double kLargest = 1e15;

bool is_whole(double value) {
  return value == std::round(value) && std::abs(value) < 1e15;
}

/// Four digits that count, or a multiple of `grain`.
std::string swept_text(double value, double grain) {
  if (grain > 0) {
    value = std::round(value / grain) * grain;
  }
  return is_whole(value) ? fmt::format("{:.0f}", value) : fmt::format("{:.4g}", value);
}

/// {from, to, steps, scale, multiple_of}: both ends and evenly spaced values between them.
std::vector<std::string> range_values(const YamlValue& value) {
  const YamlMap range = value.map({"from", "to", "steps", "scale", "multiple_of"});
  const double from = range.number("from", 0, kLargest);
  const double to = range.number("to", 0, kLargest);
  const std::int64_t steps = range.integer("steps", kSteps);
  const bool log = range.has("scale") && range.choice("scale", kScales) == 1;
  if (log && (from <= 0 || to <= 0)) {
    throw value.error("has an end of 0, expected both ends above 0 on a log scale");
  }
  const double natural = is_whole(from) && is_whole(to) ? 1 : 0;
  const double grain =
      range.has("multiple_of") ? range.number("multiple_of", 1e-9, kLargest) : natural;
  std::vector<std::string> values;
  for (std::int64_t i = 0; i < steps; ++i) {
    const double part = static_cast<double>(i) / static_cast<double>(steps - 1);
    const double at = log ? from * std::pow(to / from, part) : from + (to - from) * part;
    values.push_back(swept_text(at, grain));
    if (values.size() > 1 && values.back() == values[values.size() - 2]) {
      throw value.error(fmt::format("gives {} twice, expected fewer steps or a smaller multiple_of",
                                    values.back()));
    }
  }
  return values;
}

Sweep read_sweep(const std::string& key, const YamlValue& value) {
  if (value.is_map()) {
    return {key, range_values(value)};
  }
  Sweep sweep{key, {}};
  for (const YamlValue& item : value.list()) {
    const std::string text = item.written();
    if (std::find(sweep.values.begin(), sweep.values.end(), text) != sweep.values.end()) {
      throw item.error(fmt::format("{} is listed twice", printable(text)));
    }
    sweep.values.push_back(text);
  }
  if (sweep.values.empty()) {
    throw value.error("is empty, expected values or {from, to, steps}");
  }
  return sweep;
}

HardwareChoice read_hardware_choice(const YamlValue& value) {
  if (!value.is_map()) {
    return {value.text(), {}};
  }
  const YamlMap map = value.map({"base", "sweep"});
  HardwareChoice choice{map.text("base"), {}};
  for (const auto& [key, values] : map.at("sweep", "a map of figures to values").entries()) {
    choice.sweeps.push_back(read_sweep(key, values));
  }
  if (choice.sweeps.empty()) {
    throw value.error("sweeps nothing, expected a figure such as memory.l1.capacity_kib");
  }
  return choice;
}

ScheduleChoice read_schedule_choice(const YamlValue& value) {
  ScheduleChoice choice;
  if (value.is_map()) {
    const YamlMap map = value.map({"schedule", "variant"});
    choice.name = map.text("schedule");
    choice.variant = map.text_or("variant", "");
  } else {
    choice.name = value.text();
  }
  std::vector<std::string_view> names;
  for (const Schedule* schedule : all_schedules()) {
    names.push_back(schedule->name());
    if (schedule->name() != choice.name) {
      continue;
    }
    const auto variants = schedule->variants();
    if (!choice.variant.empty() &&
        std::find(variants.begin(), variants.end(), choice.variant) == variants.end()) {
      throw value.error(fmt::format("schedule '{}' has no variant '{}'{}", choice.name,
                                    printable(choice.variant),
                                    suggestion(choice.variant, variants)));
    }
    return choice;
  }
  throw value.error(fmt::format("unknown schedule '{}'{}", printable(choice.name),
                                suggestion(choice.name, names)));
}

std::vector<ScheduleChoice> read_schedules(const YamlMap& map) {
  const YamlValue value = map.at("schedules", "a list of schedules, or all");
  std::vector<ScheduleChoice> choices;
  if (value.written() == "all") {
    for (const Schedule* schedule : all_schedules()) {
      choices.push_back({std::string(schedule->name()), ""});
    }
    return choices;
  }
  for (const YamlValue& item : value.list()) {
    const ScheduleChoice choice = read_schedule_choice(item);
    const bool again = std::any_of(choices.begin(), choices.end(), [&](const auto& other) {
      return other.name == choice.name && other.variant == choice.variant;
    });
    if (again) {
      throw item.error(fmt::format("'{}' is listed twice", choice.name));
    }
    choices.push_back(choice);
  }
  return choices;
}

std::vector<std::string> read_objectives(const YamlMap& map) {
  std::vector<std::string_view> known;
  for (const ObjectiveName& objective : all_objectives()) {
    known.push_back(objective.name);
  }
  std::vector<std::string> names;
  for (const YamlValue& item : map.list("objectives")) {
    const std::string name(known[item.choice(known)]);
    if (std::find(names.begin(), names.end(), name) != names.end()) {
      throw item.error(fmt::format("'{}' is listed twice", name));
    }
    names.push_back(name);
  }
  return names;
}

std::vector<CaseRule> read_rules(const YamlMap& map, std::string_view key) {
  std::vector<CaseRule> rules;
  if (!map.has(key)) {
    return rules;
  }
  for (const YamlValue& item : map.list(key)) {
    const YamlMap rule = item.map({"hw", "workload", "schedule", "objective"});
    rules.push_back({rule.text_or("hw", ""), rule.text_or("workload", ""),
                     rule.text_or("schedule", ""), rule.text_or("objective", "")});
  }
  return rules;
}

void read_limits(const YamlMap& map, Job& job) {
  if (!map.has("limits")) {
    return;
  }
  const YamlMap limits = map.map("limits", {"time_limit_s", "max_evals"});
  if (limits.has("time_limit_s")) {
    job.time_limit_s = limits.number("time_limit_s", 1e-6, kYear);
  }
  job.max_evals = limits.integer_or("max_evals", kEvaluations, 0);
}

void require_not_empty(const YamlMap& map, std::string_view key, bool empty) {
  if (empty) {
    throw map.at(key, "a list").error("is empty, expected at least one entry");
  }
}

void read_search(const YamlMap& map, Job& job) {
  std::vector<std::string_view> strategies;
  for (const Strategy* strategy : all_strategies()) {
    strategies.push_back(strategy->name());
  }
  if (map.has("strategy")) {
    job.strategy = strategies[map.choice("strategy", strategies)];
  }
  if (map.has("tile_sizes")) {
    job.tile_sizes = kTileSizeValues[map.choice("tile_sizes", kTileSizes)];
  }
  job.seed = static_cast<std::uint64_t>(map.integer_or("seed", kSeeds, 1));
  job.threads = static_cast<int>(map.integer_or("threads", kThreads, 0));
  read_limits(map, job);
}

std::string folder_of(const std::string& file) {
  const std::size_t slash = file.rfind('/');
  return slash == std::string::npos ? "" : file.substr(0, slash + 1);
}

/// flat, or the first schedule, unless the job says otherwise.
std::string read_baseline(const YamlMap& map, const Job& job) {
  std::vector<std::string_view> names;
  for (const ScheduleChoice& choice : job.schedules) {
    names.push_back(choice.name);
  }
  if (map.has("baseline")) {
    return std::string(names[map.choice("baseline", names)]);
  }
  const bool flat = std::find(names.begin(), names.end(), "flat") != names.end();
  return flat ? "flat" : std::string(names.front());
}

}  // namespace

Job parse_job(std::string_view text, const std::string& file) {
  const YamlValue root = parse_yaml(text, file);
  expect_schema(root, kSchema);
  const YamlMap map = root.map({"schema", "name", "description", "hardware", "workloads",
                                "schedules", "objectives", "include", "exclude", "baseline",
                                "strategy", "tile_sizes", "seed", "threads", "limits"});
  Job job;
  job.name = map.text("name");
  job.description = map.text_or("description", "");
  job.folder = folder_of(file);
  for (const YamlValue& item : map.list("hardware")) {
    job.hardware.push_back(read_hardware_choice(item));
  }
  for (const YamlValue& item : map.list("workloads")) {
    job.workloads.push_back(item.text());
  }
  job.schedules = read_schedules(map);
  if (map.has("objectives")) {
    job.objectives = read_objectives(map);
  }
  require_not_empty(map, "hardware", job.hardware.empty());
  require_not_empty(map, "workloads", job.workloads.empty());
  require_not_empty(map, "schedules", job.schedules.empty());
  require_not_empty(map, "objectives", job.objectives.empty());
  job.include = read_rules(map, "include");
  job.exclude = read_rules(map, "exclude");
  job.baseline = read_baseline(map, job);
  read_search(map, job);
  return job;
}

}  // namespace tilewright
