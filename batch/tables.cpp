#include "batch/tables.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "common/error.h"
#include "common/text.h"
#include "report/emit_csv.h"
#include "report/emit_yaml.h"
#include "report/names.h"
#include "report/result_document.h"
#include "report/result_set.h"
#include "report/result_text.h"

namespace tilewright {
namespace {

bool is_solved(const StoredCase& item) {
  return item.outcome && item.outcome->status == CaseStatus::kSolved;
}

Document cost_node(const StoredCase& item) {
  const Cost& cost = item.outcome->cost;
  Document node;
  node["cycles"] = cost.cycles;
  node["latency_us"] = rounded(latency_us(item), 6);
  node["energy_uj"] = rounded(static_cast<double>(cost.energy_fj) / 1e9, 9);
  node["dram_read_bytes"] = cost.dram_read_bytes;
  node["dram_write_bytes"] = cost.dram_write_bytes;
  node["l1_peak_bytes"] = cost.l1_peak_bytes;
  node["bottleneck"] = bottleneck_name(cost.bottleneck);
  return node;
}

/// A number where it reads back as the same text.
Document figure_node(const std::string& value) {
  const Document node = Document::parse(value, nullptr, false);
  return node.is_primitive() && !node.is_discarded() && node.dump() == value ? node
                                                                             : Document(value);
}

void add_entry(Document& node, const StoredCase& item) {
  node["hw"] = item.hw;
  if (!item.swept.empty()) node["base"] = item.base;
  for (const auto& [key, value] : item.swept) node["swept"][key] = figure_node(value);
  node["workload"] = item.workload;
  node["objective"] = item.objective;
  node["schedule"] = item.schedule;
  node["variant"] = item.variant;
  if (!item.tile_sizes.empty()) node["tile_sizes"] = item.tile_sizes;
  node["optimal"] = item.outcome->proven ? "proven" : "best-found";
  if (!item.outcome->proven) node["gap"] = item.outcome->gap;
  node["tiling"] = tiling_node(item.outcome->tiling);
  node["cost"] = cost_node(item);
}

Document entry_node(const StoredCase& item) {
  Document node;
  add_entry(node, item);
  return node;
}

Document pick_document(const StoredCase& item, std::string_view version) {
  Document node;
  node["schema"] = kTableSchema;
  node["tilewright"] = version;
  add_entry(node, item);
  return node;
}

std::string reason_of(const StoredCase& item) {
  return item.outcome ? item.outcome->message : "not searched yet";
}

/// Why a group has no tiling: by schedule.
Document missing_node(const CaseGroup& group) {
  Document node;
  node["hw"] = group.first().hw;
  node["workload"] = group.first().workload;
  node["objective"] = group.first().objective;
  for (const StoredCase& item : group.cases) {
    node["reasons"][group.label(item)] = reason_of(item);
  }
  return node;
}

/// The lines of a list's item below a key.
std::string as_item(const std::string& yaml) {
  std::string text;
  std::size_t at = 0;
  while (at < yaml.size()) {
    const std::size_t end = yaml.find('\n', at);
    text += (at == 0 ? "  - " : "    ") + yaml.substr(at, end - at) + "\n";
    at = end + 1;
  }
  return text;
}

/// Calls visit(node) for every group with (`solved`) or without a tiling.
void for_each_node(const Store& store, bool solved,
                   const std::function<void(const Document&)>& visit) {
  for_each_group(store, [&](const CaseGroup& group) {
    const StoredCase* const best = group.best();
    if ((best != nullptr) == solved) {
      visit(solved ? entry_node(*best) : missing_node(group));
    }
  });
}

void write_yaml_list(const Store& store, bool solved, std::string_view key, const TextSink& sink) {
  bool empty = true;
  for_each_node(store, solved, [&](const Document& node) {
    if (empty) sink(fmt::format("{}:\n", key));
    empty = false;
    sink(as_item(emit_yaml(node)));
  });
  if (empty) sink(fmt::format("{}: []\n", key));
}

void write_json_list(const Store& store, bool solved, std::string_view key, const TextSink& sink) {
  sink(fmt::format("  \"{}\": [", key));
  bool first = true;
  for_each_node(store, solved, [&](const Document& node) {
    sink(first ? "\n    " : ",\n    ");
    first = false;
    sink(node.dump(-1, ' ', false, Document::error_handler_t::replace));
  });
  sink(first ? "]" : "\n  ]");
}

std::string csv_row(const StoredCase& item, bool best) {
  const bool solved = is_solved(item);
  std::string row = fmt::format(
      "{},{},{},{},{},{},{}", csv_field(item.hw), csv_field(item.workload), item.objective,
      item.schedule, item.variant, item.outcome ? status_name(item.outcome->status) : "open",
      best ? "true" : "false");
  if (!solved) {
    return row + std::string(22, ',') + csv_field(reason_of(item)) + "\n";
  }
  const Outcome& outcome = *item.outcome;
  row += fmt::format(",{},{}", outcome.proven ? "proven" : "best-found", outcome.gap);
  for (const FactorText& factor : factor_texts(outcome.tiling)) {
    row += "," + factor.value;
  }
  const Cost& cost = outcome.cost;
  return row + fmt::format(",{},{:.6f},{:.9f},{},{},{},{},{:.6f},{},\n", cost.cycles,
                           latency_us(item), static_cast<double>(cost.energy_fj) / 1e9,
                           cost.dram_read_bytes, cost.dram_write_bytes, cost.l1_peak_bytes,
                           item.l1_capacity_bytes, cost.matrix_utilization,
                           bottleneck_name(cost.bottleneck));
}

}  // namespace

double objective_value(const StoredCase& item) {
  return exact_objective(item.outcome->cost, item.objective).to_double();
}

double latency_us(const StoredCase& item) {
  return latency_us(item.outcome->cost, item.clock_hz);
}

const StoredCase* CaseGroup::best() const {
  const auto key = [](const StoredCase& item) {
    const Cost& cost = item.outcome->cost;
    return std::tuple(exact_objective(cost, item.objective), cost.cycles, cost.energy_fj,
                      cost.l1_peak_bytes);
  };
  const StoredCase* best = nullptr;
  for (const StoredCase& item : cases) {
    if (is_solved(item) && (best == nullptr || key(item) < key(*best))) {
      best = &item;
    }
  }
  return best;
}

std::string CaseGroup::label(const StoredCase& item) const {
  const auto variants = std::count_if(cases.begin(), cases.end(), [&](const StoredCase& other) {
    return other.schedule == item.schedule;
  });
  return variants > 1 ? fmt::format("{} ({})", item.schedule, item.variant) : item.schedule;
}

const StoredCase* CaseGroup::solved(std::string_view schedule) const {
  for (const StoredCase& item : cases) {
    if (item.schedule == schedule && is_solved(item)) {
      return &item;
    }
  }
  return nullptr;
}

void for_each_group(const Store& store, const std::function<void(const CaseGroup&)>& visit) {
  CaseGroup group;
  store.for_each([&](const StoredCase& item) {
    const bool same = !group.cases.empty() && group.first().hw == item.hw &&
                      group.first().workload == item.workload &&
                      group.first().objective == item.objective;
    if (!same && !group.cases.empty()) {
      visit(group);
      group.cases.clear();
    }
    group.cases.push_back(item);
  });
  if (!group.cases.empty()) {
    visit(group);
  }
}

void write_yaml_table(const Store& store, std::string_view version, const TextSink& sink) {
  Document head;
  head["schema"] = kTableSchema;
  head["tilewright"] = version;
  head["job"] = store.job_name();
  sink(emit_yaml(head));
  write_yaml_list(store, true, "entries", sink);
  write_yaml_list(store, false, "without_tiling", sink);
}

void write_json_table(const Store& store, std::string_view version, const TextSink& sink) {
  sink(fmt::format("{{\n  \"schema\": \"{}\",\n  \"tilewright\": \"{}\",\n  \"job\": {},\n",
                   kTableSchema, version, Document(store.job_name()).dump()));
  write_json_list(store, true, "entries", sink);
  sink(",\n");
  write_json_list(store, false, "without_tiling", sink);
  sink("\n}\n");
}

void write_csv_table(const Store& store, const TextSink& sink) {
  std::string header = "hw,workload,objective,schedule,variant,status,best,optimal,gap";
  for (const FactorText& factor : factor_texts(Tiling{})) {
    std::string name = factor.name;
    std::replace(name.begin(), name.end(), '.', '_');
    header += "," + name;
  }
  sink(header +
       ",cycles,latency_us,energy_uj,dram_read_bytes,dram_write_bytes,l1_peak_bytes,"
       "l1_capacity_bytes,matrix_utilization,bottleneck,message\n");
  for_each_group(store, [&](const CaseGroup& group) {
    const StoredCase* const best = group.best();
    for (const StoredCase& item : group.cases) {
      sink(csv_row(item, &item == best));
    }
  });
}

Pick parse_pick(std::string_view text) {
  Pick pick;
  const std::vector<std::pair<std::string_view, std::string*>> known{{"hw", &pick.hw},
                                                                     {"workload", &pick.workload},
                                                                     {"objective", &pick.objective},
                                                                     {"schedule", &pick.schedule}};
  std::vector<std::string_view> names;
  names.reserve(known.size());
  for (const auto& [name, value] : known) names.push_back(name);
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(','));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    const std::size_t equal = word.find('=');
    const std::string_view name = word.substr(0, equal);
    const auto found = std::find_if(known.begin(), known.end(),
                                    [&](const auto& item) { return item.first == name; });
    if (found == known.end()) {
      throw InputError(
          fmt::format("--pick: '{}' is unknown{}", printable(name), suggestion(name, names)));
    }
    if (equal == std::string_view::npos || equal + 1 == word.size()) {
      throw InputError(fmt::format("--pick: '{}' has no value, expected {}=NAME", name, name));
    }
    if (!found->second->empty()) {
      throw InputError(fmt::format("--pick: '{}' is given twice", name));
    }
    *found->second = word.substr(equal + 1);
  }
  return pick;
}

StoredCase picked_case(const Store& store, const Pick& pick) {
  if (pick.hw.empty() || pick.workload.empty()) {
    throw InputError("--pick: expected hw=NAME,workload=NAME, perhaps with objective and schedule");
  }
  std::optional<StoredCase> found;
  std::string reason;
  std::vector<std::string> profiles;
  std::vector<std::string> workloads;
  const auto note = [](std::vector<std::string>& names, const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  for_each_group(store, [&](const CaseGroup& group) {
    const StoredCase& first = group.first();
    if (first.hw == pick.hw) note(workloads, first.workload);
    if (profiles.empty() || profiles.back() != first.hw) profiles.push_back(first.hw);
    if (found || first.hw != pick.hw || first.workload != pick.workload ||
        (!pick.objective.empty() && first.objective != pick.objective)) {
      return;
    }
    const StoredCase* const chosen =
        pick.schedule.empty() ? group.best() : group.solved(pick.schedule);
    if (chosen != nullptr) {
      found = *chosen;
      return;
    }
    for (const StoredCase& item : group.cases) {
      if (pick.schedule.empty() || item.schedule == pick.schedule) {
        reason = fmt::format("{}: {}", group.label(item), reason_of(item));
      }
    }
  });
  if (found) {
    return *found;
  }
  if (!reason.empty()) {
    throw InputError(
        fmt::format("--pick: {} on {} has no tiling: {}", pick.workload, pick.hw, reason));
  }
  if (workloads.empty()) {
    throw InputError(fmt::format("--pick: no profile '{}'{}", printable(pick.hw),
                                 suggestion(pick.hw, profiles)));
  }
  if (std::find(workloads.begin(), workloads.end(), pick.workload) != workloads.end()) {
    throw InputError(fmt::format("--pick: {} on {} has no case of {}", pick.workload, pick.hw,
                                 pick.objective.empty()
                                     ? "schedule " + printable(pick.schedule)
                                     : "objective " + printable(pick.objective)));
  }
  throw InputError(fmt::format("--pick: no workload '{}'{}", printable(pick.workload),
                               suggestion(pick.workload, workloads)));
}

std::string pick_yaml(const StoredCase& item, std::string_view version) {
  return emit_yaml(pick_document(item, version));
}

std::string pick_json(const StoredCase& item, std::string_view version) {
  return emit_json(pick_document(item, version));
}

std::string pick_c_header(const StoredCase& item) {
  const Tiling& t = item.outcome->tiling;
  std::string text = fmt::format(
      "/* {} on {}, schedule {} ({}): {} cycles, {}; made by tilewright. */\n"
      "#ifndef TILEWRIGHT_TILING_H\n#define TILEWRIGHT_TILING_H\n\n",
      item.workload, item.hw, item.schedule, item.variant, item.outcome->cost.cycles,
      item.outcome->proven ? "proven optimal" : "best found");
  const auto define = [&](std::string_view name, std::int64_t value, std::string_view comment) {
    text += fmt::format("#define TILEWRIGHT_{} {} /* {} */\n", name, value, comment);
  };
  define("HEADS", t.heads, "batch x key/value-head pairs per round");
  define("Q_ROWS", t.q_rows, "query rows per round and pair");
  define("KV_COLS", t.kv_cols, "key/value columns per sub-tile");
  define("KV_RESIDENT", t.kv_resident ? 1 : 0, "K/V stay across the query tiles of a head");
  define("BUFFERS", t.buffers, "slots of every streamed operand");
  define("LOOKAHEAD", t.lookahead, "rounds that Q K^T runs ahead of P V");
  define("OVERWRITE", static_cast<std::int64_t>(t.overwrite), "0: none, 1: K, 2: V");
  define("CORE_SPLIT", static_cast<std::int64_t>(t.core_split),
         "0: heads, 1: queries, 2: keys and values");
  for (const auto& [name, tile] : {std::pair{"QK", t.l0_qk}, std::pair{"PV", t.l0_pv}}) {
    define(fmt::format("L0_{}_M", name), tile.m, "rows of the L0 tile");
    define(fmt::format("L0_{}_N", name), tile.n, "columns of the L0 tile");
    define(fmt::format("L0_{}_K", name), tile.k, "depth of the L0 tile");
  }
  return text + "\n#endif\n";
}

}  // namespace tilewright
