// Tables from the store of a batch. Everything is streamed: memory does not grow with the cases.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "batch/store.h"
#include "common/text_file.h"

namespace tilewright {

/// All cases of one profile, workload and objective: one per schedule.
struct CaseGroup {
  std::vector<StoredCase> cases;

  const StoredCase& first() const { return cases.front(); }
  /// By (objective, cycles, energy, peak L1), then in the order of schedules; null without a
  /// tiling.
  const StoredCase* best() const;
  /// "flat", or "flat (serial)" where the group has the schedule in several variants.
  std::string label(const StoredCase& item) const;
  /// The case of a schedule; null if it has none, or no tiling.
  const StoredCase* solved(std::string_view schedule) const;
};

/// The figure that was minimised; only for a case with a tiling.
double objective_value(const StoredCase& item);
double latency_us(const StoredCase& item);

void for_each_group(const Store& store, const std::function<void(const CaseGroup&)>& visit);

/// Best tiling of every profile, workload and objective over the schedules (schema
/// tilewright/tiling-table/v1).
void write_yaml_table(const Store& store, std::string_view version, const TextSink& sink);
void write_json_table(const Store& store, std::string_view version, const TextSink& sink);
/// One line for every case, the best of each group marked.
void write_csv_table(const Store& store, const TextSink& sink);

/// Counts, winners, speed-ups over the baseline, what has no tiling and why.
std::string summary_table(const Store& store);

/// Every case has a tiling, or its schedule cannot run the workload at all.
bool all_solved(const Store& store);

/// What `--pick hw=...,workload=...` asks for; empty: any.
struct Pick {
  std::string hw;
  std::string workload;
  std::string objective;
  std::string schedule;
};

/// Throws InputError naming the word that is wrong.
Pick parse_pick(std::string_view text);

/// The entry: the best schedule's unless one is named. Throws InputError if there is none, or no
/// profile and workload is named.
StoredCase picked_case(const Store& store, const Pick& pick);
/// A table with one entry, which is read back like the whole one.
std::string pick_yaml(const StoredCase& item, std::string_view version);
std::string pick_json(const StoredCase& item, std::string_view version);
/// Constants for a kernel: macros, with comments that say where they come from.
std::string pick_c_header(const StoredCase& item);

}  // namespace tilewright
