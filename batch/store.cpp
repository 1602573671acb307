#include "batch/store.h"

#include <array>
#include <charconv>
#include <filesystem>
#include <limits>
#include <mutex>

#include <fmt/format.h>

#include "batch/sqlite.h"
#include "batch/store_tables.h"
#include "common/error.h"
#include "report/names.h"
#include "report/number_text.h"

namespace tilewright {
namespace {

constexpr std::array<std::string_view, 4> kStatuses{"solved", "infeasible", "refused", "failed"};

template <typename Value, std::size_t count, typename Name>
Value value_of(const std::array<Value, count>& values, const Name& name, const std::string& text,
               const std::string& file) {
  for (const Value value : values) {
    if (name(value) == text) {
      return value;
    }
  }
  throw FileError(fmt::format("{}: holds '{}', which this version does not know", file, text));
}

Int128 parse_decimal128(const std::string& text) {
  Int128 value = 0;
  for (const char c : text) {
    value = value * 10 + (c - '0');
  }
  return value;
}

/// An integer where it fits 64 bits, else its digits (in a column without a type).
void bind_count(Statement& statement, int parameter, Int128 value) {
  if (value <= std::numeric_limits<std::int64_t>::max()) {
    statement.bind(parameter, static_cast<std::int64_t>(value));
  } else {
    statement.bind(parameter, decimal(value));
  }
}

L0Tile parse_tile(const std::string& text) {
  L0Tile tile;
  const char* at = text.data();
  const char* const end = at + text.size();
  for (std::int64_t* side : {&tile.m, &tile.n, &tile.k}) {
    at = std::from_chars(at, end, *side).ptr;
    at += at != end ? 1 : 0;
  }
  return tile;
}

void bind_tiling(Statement& put, int& p, const Tiling& tiling) {
  for (const std::int64_t value :
       {tiling.heads, tiling.q_rows, tiling.kv_cols, std::int64_t{tiling.kv_resident},
        tiling.buffers, tiling.lookahead}) {
    put.bind(p++, value);
  }
  put.bind(p++, overwrite_name(tiling.overwrite));
  put.bind(p++, core_split_name(tiling.core_split));
  put.bind(p++, l0_text(tiling.l0_qk));
  put.bind(p++, l0_text(tiling.l0_pv));
}

void bind_cost(Statement& put, int& p, const Cost& cost) {
  put.bind(p++, cost.cycles);
  bind_count(put, p++, cost.energy_fj);
  for (const std::int64_t value :
       {cost.dram_read_bytes, cost.dram_write_bytes, cost.l1_access_bytes, cost.l0_access_bytes,
        cost.l1_peak_bytes, cost.matrix_busy_cycles, cost.vector_busy_cycles, cost.load_busy_cycles,
        cost.store_busy_cycles, cost.overlap_cycles}) {
    put.bind(p++, value);
  }
  put.bind(p++, cost.matrix_utilization);
  put.bind(p++, cost.vector_utilization);
  put.bind(p++, bottleneck_name(cost.bottleneck));
}

Tiling read_tiling(const Statement& row, int& c, const std::string& file) {
  constexpr std::array<Overwrite, 3> kOverwrites{Overwrite::kNone, Overwrite::kKey,
                                                 Overwrite::kValue};
  constexpr std::array<CoreSplit, 3> kSplits{CoreSplit::kHeads, CoreSplit::kQuery,
                                             CoreSplit::kKeyValue};
  Tiling tiling;
  tiling.heads = row.integer(c++);
  tiling.q_rows = row.integer(c++);
  tiling.kv_cols = row.integer(c++);
  tiling.kv_resident = row.integer(c++) != 0;
  tiling.buffers = row.integer(c++);
  tiling.lookahead = row.integer(c++);
  tiling.overwrite = value_of(kOverwrites, overwrite_name, row.text(c++), file);
  tiling.core_split = value_of(kSplits, core_split_name, row.text(c++), file);
  tiling.l0_qk = parse_tile(row.text(c++));
  tiling.l0_pv = parse_tile(row.text(c++));
  return tiling;
}

Cost read_cost(const Statement& row, int& c, const std::string& file) {
  constexpr std::array<Bottleneck, 6> kBottlenecks{Bottleneck::kMatrix, Bottleneck::kVector,
                                                   Bottleneck::kLoad,   Bottleneck::kStore,
                                                   Bottleneck::kDram,   Bottleneck::kLatency};
  Cost cost;
  cost.cycles = row.integer(c++);
  cost.energy_fj = parse_decimal128(row.text(c++));
  for (std::int64_t* value :
       {&cost.dram_read_bytes, &cost.dram_write_bytes, &cost.l1_access_bytes, &cost.l0_access_bytes,
        &cost.l1_peak_bytes, &cost.matrix_busy_cycles, &cost.vector_busy_cycles,
        &cost.load_busy_cycles, &cost.store_busy_cycles, &cost.overlap_cycles}) {
    *value = row.integer(c++);
  }
  cost.matrix_utilization = row.number(c++);
  cost.vector_utilization = row.number(c++);
  cost.bottleneck = value_of(kBottlenecks, bottleneck_name, row.text(c++), file);
  return cost;
}

Outcome read_outcome(const Statement& row, int c, const std::string& file) {
  constexpr std::array<CaseStatus, 4> kAll{CaseStatus::kSolved, CaseStatus::kInfeasible,
                                           CaseStatus::kRefused, CaseStatus::kFailed};
  Outcome outcome;
  outcome.status = value_of(kAll, status_name, row.text(c++), file);
  outcome.message = row.text(c++);
  outcome.proven = row.integer(c++) != 0;
  outcome.gap = row.number(c++);
  if (outcome.status == CaseStatus::kSolved) {
    outcome.tiling = read_tiling(row, c, file);
    outcome.cost = read_cost(row, c, file);
    outcome.evaluated = parse_decimal128(row.text(c++));
    outcome.seconds = row.number(c++);
  }
  return outcome;
}

std::map<std::string, std::string> figures_of(Statement& select, std::int64_t profile) {
  std::map<std::string, std::string> figures;
  select.bind(1, profile);
  while (select.step()) {
    figures.emplace(select.text(0), select.text(1));
  }
  select.reset();
  return figures;
}

std::string store_path(const std::string& folder) {
  return folder + "/results.sqlite";
}

}  // namespace

std::string_view status_name(CaseStatus status) {
  return kStatuses[static_cast<std::size_t>(status)];
}

class Store::Impl {
 public:
  Impl(const std::string& folder, bool create) : database_(store_path(folder), create) {
    // A killed process loses nothing that was written; only a power cut might.
    database_.run("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;");
    if (create) {
      database_.run(kTables);
    }
    const std::string version = meta("store_version");
    if (version.empty()) {
      set_meta("store_version", std::to_string(kStoreVersion));
    } else if (version != std::to_string(kStoreVersion)) {
      throw FileError(fmt::format("{}: is a store of version {}, expected {}", database_.path(),
                                  version, kStoreVersion));
    }
    std::string values = "?1";
    for (int i = 2; i <= kOutcomeColumns; ++i) {
      values += fmt::format(",?{}", i);
    }
    put_ = std::make_unique<Statement>(database_,
                                       "INSERT OR REPLACE INTO outcomes VALUES (" + values + ")");
  }

  std::string meta(std::string_view key) const {
    Statement select(database_, "SELECT value FROM meta WHERE key = ?1");
    select.bind(1, key);
    return select.step() ? select.text(0) : "";
  }

  void set_meta(std::string_view key, std::string_view value) const {
    Statement insert(database_, "INSERT OR REPLACE INTO meta VALUES (?1, ?2)");
    insert.bind(1, key);
    insert.bind(2, value);
    insert.finish();
  }

  void put(const std::string& key, const Outcome& outcome) {
    const std::lock_guard lock(mutex_);
    Statement& put = *put_;
    int p = 1;
    put.bind(p++, key);
    put.bind(p++, status_name(outcome.status));
    put.bind(p++, outcome.message);
    put.bind(p++, std::int64_t{outcome.proven});
    put.bind(p++, outcome.gap);
    if (outcome.status == CaseStatus::kSolved) {
      bind_tiling(put, p, outcome.tiling);
      bind_cost(put, p, outcome.cost);
      bind_count(put, p++, outcome.evaluated);
      put.bind(p++, outcome.seconds);
    }
    put.finish();
  }

  const Database& database() const { return database_; }

 private:
  Database database_;
  std::mutex mutex_;
  std::unique_ptr<Statement> put_;
};

Store::Store(const std::string& folder) : impl_(std::make_unique<Impl>(folder, true)) {}
Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::~Store() = default;
Store::Store(Store&&) noexcept = default;

Store Store::existing(const std::string& folder) {
  if (!std::filesystem::exists(store_path(folder))) {
    throw InputError(
        fmt::format("{}: has no results.sqlite, expected the folder of a batch", folder));
  }
  return Store(std::make_unique<Impl>(folder, false));
}

std::optional<int> Store::model_version() const {
  const std::string version = impl_->meta("model_version");
  return version.empty() || outcome_count() == 0 ? std::nullopt : std::optional(std::stoi(version));
}

void Store::clear_outcomes() {
  impl_->database().run("DELETE FROM outcomes");
}

std::int64_t Store::set_cases(const CaseList& cases) {
  const Database& database = impl_->database();
  Transaction transaction(database);
  const std::string named =
      "SELECT p.name AS hw, w.name AS workload, objective, schedule, variant, c.key AS key "
      "FROM cases c JOIN profiles p ON p.id = c.profile JOIN workloads w ON w.id = c.workload";
  database.run("CREATE TEMP TABLE before AS " + named);
  for (const char* table : {"profiles", "swept_figures", "workloads", "cases"}) {
    database.run(fmt::format("DELETE FROM {}", table));
  }
  Statement profile(database, "INSERT INTO profiles VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
  Statement figure(database, "INSERT INTO swept_figures VALUES (?1, ?2, ?3)");
  for (std::size_t i = 0; i < cases.hardware().size(); ++i) {
    const HardwareInput& input = cases.hardware()[i];
    const auto id = static_cast<std::int64_t>(i);
    profile.bind(1, id);
    profile.bind(2, input.name);
    profile.bind(3, input.base);
    profile.bind(4, input.hardware.clock_hz);
    profile.bind(5, input.hardware.cores);
    profile.bind(6, input.hardware.l1.capacity_bytes);
    profile.finish();
    for (const SweptFigure& swept : input.swept) {
      figure.bind(1, id);
      figure.bind(2, swept.key);
      figure.bind(3, swept.value);
      figure.finish();
    }
  }
  Statement workload(database, "INSERT INTO workloads VALUES (?1, ?2)");
  for (std::size_t i = 0; i < cases.workloads().size(); ++i) {
    workload.bind(1, static_cast<std::int64_t>(i));
    workload.bind(2, cases.workloads()[i].name);
    workload.finish();
  }
  Statement insert(database, "INSERT INTO cases VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
  std::int64_t id = 0;
  cases.for_each([&](const Case& item) {
    insert.bind(1, id++);
    insert.bind(2, static_cast<std::int64_t>(item.hardware));
    insert.bind(3, static_cast<std::int64_t>(item.workload));
    insert.bind(4, cases.job().objectives[item.objective]);
    insert.bind(5, cases.schedules()[item.schedule].name);
    insert.bind(6, cases.variant(item));
    insert.bind(7, cases.key(item));
    insert.finish();
  });
  Statement count(database, "SELECT count(*) FROM before b JOIN (" + named +
                                ") n USING (hw, workload, objective, schedule, variant) "
                                "WHERE n.key <> b.key");
  const std::int64_t changed = count.step() ? count.integer(0) : 0;
  count.reset();
  database.run("DROP TABLE before");
  impl_->set_meta("job", cases.job().name);
  impl_->set_meta("baseline", cases.job().baseline);
  impl_->set_meta("tile_sizes",
                  kTileSizesNames.at(static_cast<std::size_t>(cases.job().tile_sizes)));
  impl_->set_meta("model_version", std::to_string(kModelVersion));
  transaction.commit();
  return changed;
}

std::string Store::job_name() const {
  return impl_->meta("job");
}
std::string Store::baseline() const {
  return impl_->meta("baseline");
}

std::unordered_set<std::string> Store::keys() const {
  std::unordered_set<std::string> keys;
  Statement select(impl_->database(), "SELECT key FROM outcomes");
  while (select.step()) {
    keys.insert(select.text(0));
  }
  return keys;
}

void Store::put(const std::string& key, const Outcome& outcome) {
  impl_->put(key, outcome);
}

std::int64_t Store::outcome_count() const {
  Statement select(impl_->database(), "SELECT count(*) FROM outcomes");
  return select.step() ? select.integer(0) : 0;
}

void Store::for_each(const std::function<void(const StoredCase&)>& visit) const {
  Statement select(impl_->database(),
                   "SELECT p.name, w.name, c.objective, c.schedule, c.variant, p.clock_hz, "
                   "p.l1_capacity_bytes, p.id, p.base, o.* FROM cases c "
                   "JOIN profiles p ON p.id = c.profile JOIN workloads w ON w.id = c.workload "
                   "LEFT JOIN outcomes o ON o.key = c.key ORDER BY c.id");
  constexpr int kKeyColumn = 9;
  Statement figures(impl_->database(), "SELECT key, value FROM swept_figures WHERE profile = ?1");
  const std::string tile_sizes = impl_->meta("tile_sizes");
  std::int64_t profile = -1;
  std::map<std::string, std::string> swept;
  while (select.step()) {
    StoredCase item{select.text(0),
                    select.text(1),
                    select.text(2),
                    select.text(3),
                    select.text(4),
                    select.integer(5),
                    select.integer(6),
                    std::nullopt,
                    tile_sizes,
                    select.text(8),
                    {}};
    if (!select.is_null(kKeyColumn)) {
      item.outcome = read_outcome(select, kKeyColumn + 1, impl_->database().path());
    }
    // The cases of a profile follow each other.
    if (select.integer(7) != profile) {
      profile = select.integer(7);
      swept = figures_of(figures, profile);
    }
    item.swept = swept;
    visit(item);
  }
}

std::vector<Store::ProfileFigure> Store::swept_figures() const {
  std::vector<ProfileFigure> figures;
  Statement select(impl_->database(),
                   "SELECT p.name, p.base, f.key, f.value FROM profiles p JOIN swept_figures f "
                   "ON f.profile = p.id ORDER BY p.id, f.key");
  while (select.step()) {
    figures.push_back({select.text(0), select.text(1), select.text(2), select.text(3)});
  }
  return figures;
}

}  // namespace tilewright
