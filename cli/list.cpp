// tilewright list: what is bundled and built in.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <memory>

#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/console.h"
#include "cli/exit_status.h"
#include "common/error.h"
#include "common/text.h"
#include "hw_profiles/hardware_yaml.h"
#include "report/listing.h"
#include "schedules/workload_yaml.h"
#include "search/tune.h"

namespace tilewright::cli {
namespace {

std::string list_hardware() {
  std::vector<Hardware> profiles;
  for (const std::string& name : bundled_hardware()) profiles.push_back(load_hardware(name));
  return hardware_listing(profiles);
}

std::string list_workloads() {
  std::vector<Suite> suites;
  for (const std::string& name : bundled_suites()) suites.push_back(load_suite(name));
  return suite_listing(suites);
}

/// Each schedule's line also says its variants, default first, where it has several.
std::string list_schedules() {
  std::vector<NamedText> entries = schedule_list();
  for (NamedText& entry : entries) {
    const std::vector<std::string> variants = schedule_variants(entry.name);
    if (variants.size() < 2) continue;
    entry.text += " (variants:";
    for (const std::string& variant : variants) {
      entry.text += (&variant == &variants.front() ? " " : ", ") + variant;
    }
    entry.text += ")";
  }
  return name_listing(entries);
}

int run_list(const std::string& what) {
  const std::vector<std::string> known{"hw", "workloads", "schedules", "strategies", "objectives"};
  if (what.empty()) {
    throw InputError(fmt::format("list: nothing given, expected one of {}", join(known)));
  }
  require_known("list", what, known);
  if (what == "hw") write_stdout(list_hardware());
  if (what == "workloads") write_stdout(list_workloads());
  if (what == "schedules") write_stdout(list_schedules());
  if (what == "strategies") write_stdout(name_listing(strategy_list()));
  if (what == "objectives") write_stdout(name_listing(objective_list()));
  return kDone;
}

}  // namespace

void add_list_command(CLI::App& app, Action& action) {
  const auto what = std::make_shared<std::string>();
  CLI::App* const command = app.add_subcommand("list", "List what is bundled and built in");
  command->add_option("WHAT", *what, "hw, workloads, schedules, strategies or objectives")
      ->type_name("");
  command->footer("Examples:\n  tilewright list hw\n  tilewright list workloads\n");
  command->callback([&action, what] { action = [what] { return run_list(*what); }; });
}

}  // namespace tilewright::cli
