#include "batch/sqlite.h"

#include <fmt/format.h>

#include "common/error.h"

namespace tilewright {

Database::Database(const std::string& path, bool create) : path_(path) {
  const int flags = SQLITE_OPEN_READWRITE | (create ? SQLITE_OPEN_CREATE : 0);
  if (sqlite3_open_v2(path.c_str(), &handle_, flags, nullptr) != SQLITE_OK) {
    const std::string reason = sqlite3_errmsg(handle_);
    sqlite3_close(handle_);
    throw FileError(fmt::format("{}: cannot be opened: {}", path, reason));
  }
  sqlite3_busy_timeout(handle_, 10'000);
}

Database::~Database() {
  sqlite3_close(handle_);
}

void Database::run(const std::string& sql) const {
  if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    fail("cannot be used");
  }
}

void Database::fail(std::string_view doing) const {
  throw FileError(fmt::format("{}: {}: {}", path_, doing, sqlite3_errmsg(handle_)));
}

Statement::Statement(const Database& database, std::string_view sql) : database_(database) {
  if (sqlite3_prepare_v2(database.handle(), sql.data(), static_cast<int>(sql.size()), &handle_,
                         nullptr) != SQLITE_OK) {
    database.fail("cannot be used");
  }
}

Statement::~Statement() {
  sqlite3_finalize(handle_);
}

void Statement::bind(int parameter, std::int64_t value) {
  sqlite3_bind_int64(handle_, parameter, value);
}
void Statement::bind(int parameter, double value) {
  sqlite3_bind_double(handle_, parameter, value);
}
void Statement::bind(int parameter, std::string_view value) {
  sqlite3_bind_text64(handle_, parameter, value.data(), value.size(), SQLITE_TRANSIENT,
                      SQLITE_UTF8);
}
void Statement::bind_null(int parameter) {
  sqlite3_bind_null(handle_, parameter);
}

bool Statement::step() {
  const int status = sqlite3_step(handle_);
  if (status != SQLITE_ROW && status != SQLITE_DONE) {
    database_.fail("cannot be read or written");
  }
  return status == SQLITE_ROW;
}

void Statement::finish() {
  while (step()) {
  }
  reset();
}

void Statement::reset() {
  sqlite3_reset(handle_);
  sqlite3_clear_bindings(handle_);
}

std::string Statement::text(int column) const {
  const unsigned char* const text = sqlite3_column_text(handle_, column);
  return text == nullptr
             ? ""
             : std::string(reinterpret_cast<const char*>(text),
                           static_cast<std::size_t>(sqlite3_column_bytes(handle_, column)));
}

Transaction::Transaction(const Database& database) : database_(database) {
  database_.run("BEGIN IMMEDIATE");
}

Transaction::~Transaction() {
  if (open_) {
    sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
}

void Transaction::commit() {
  database_.run("COMMIT");
  open_ = false;
}

}  // namespace tilewright
