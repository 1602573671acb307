// The tables of the store, as docs/batch.md describes them for other programs.
#pragma once

namespace tilewright {

inline constexpr int kStoreVersion = 1;

inline constexpr const char* kTables = R"(
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS profiles (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, base TEXT NOT NULL, clock_hz INTEGER, cores INTEGER,
  l1_capacity_bytes INTEGER);
CREATE TABLE IF NOT EXISTS swept_figures (
  profile INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (profile, key))
  WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS workloads (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS cases (
  id INTEGER PRIMARY KEY, profile INTEGER NOT NULL, workload INTEGER NOT NULL,
  objective TEXT NOT NULL, schedule TEXT NOT NULL, variant TEXT NOT NULL, key TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS outcomes (
  key TEXT PRIMARY KEY, status TEXT NOT NULL, message TEXT, proven INTEGER, gap REAL,
  heads INTEGER, q_rows INTEGER, kv_cols INTEGER, kv_resident INTEGER, buffers INTEGER,
  lookahead INTEGER, overwrite TEXT, core_split TEXT, l0_qk TEXT, l0_pv TEXT,
  cycles INTEGER, energy_fj, dram_read_bytes INTEGER, dram_write_bytes INTEGER,
  l1_access_bytes INTEGER, l0_access_bytes INTEGER, l1_peak_bytes INTEGER,
  matrix_busy_cycles INTEGER, vector_busy_cycles INTEGER, load_busy_cycles INTEGER,
  store_busy_cycles INTEGER, overlap_cycles INTEGER, matrix_utilization REAL,
  vector_utilization REAL, bottleneck TEXT, evaluated, seconds REAL) WITHOUT ROWID;
)";
inline constexpr int kOutcomeColumns = 32;

}  // namespace tilewright
