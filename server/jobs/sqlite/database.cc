#include "jobs/sqlite/database.h"

#include <sqlite3.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace impasto::jobs {
namespace {

absl::StatusCode CodeOf(int sqlite_code, int system_error) {
  switch (sqlite_code) {
    case SQLITE_IOERR_SHORT_READ:  // cut off
    case SQLITE_IOERR_CORRUPTFS:
      return absl::StatusCode::kDataLoss;
  }
  switch (sqlite_code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::StatusCode::kDataLoss;
    case SQLITE_FULL:
    case SQLITE_NOMEM:
      return absl::StatusCode::kResourceExhausted;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
      if (system_error == ENOSPC || system_error == EDQUOT || system_error == EFBIG)
        return absl::StatusCode::kResourceExhausted;
      if (system_error == EACCES || system_error == EPERM || system_error == EROFS)
        return absl::StatusCode::kPermissionDenied;
      return absl::StatusCode::kUnavailable;
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return absl::StatusCode::kPermissionDenied;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      return absl::StatusCode::kUnavailable;
    default:
      return absl::StatusCode::kInternal;
  }
}

// `errno` is set to 0 before each call: sqlite3_system_errno keeps old ones, and misses those of a commit.
absl::Status MakeError(const std::string& path, sqlite3* handle, int code) {
  const int kind = code & 0xff;
  const int system_error = kind == SQLITE_IOERR || kind == SQLITE_CANTOPEN ? errno : 0;
  // The handle's own words are of its latest call.
  const char* words = handle != nullptr && sqlite3_extended_errcode(handle) == code ? sqlite3_errmsg(handle)
                                                                                    : sqlite3_errstr(code);
  return absl::Status(CodeOf(code, system_error),
                      absl::StrCat(path, ": ", words, system_error != 0 ? ": " : "",
                                   system_error != 0 ? std::strerror(system_error) : ""));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Database>> Database::Open(const std::string& path) {
  sqlite3* handle = nullptr;
  errno = 0;
  const int code = sqlite3_open_v2(
      path.c_str(), &handle,
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  if (code != SQLITE_OK) {
    const absl::Status status = MakeError(path, handle, code);
    sqlite3_close(handle);
    return status;
  }
  std::unique_ptr<Database> database(new Database(path, handle));
  sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  // The order matters: the lock's mode decides what the write-ahead log's index is kept in.
  IMPASTO_RETURN_IF_ERROR(database->Execute("PRAGMA locking_mode=EXCLUSIVE"));
  IMPASTO_ASSIGN_OR_RETURN(const std::string mode, database->ReadText("PRAGMA journal_mode=WAL"));
  if (mode != "wal") {
    return absl::UnavailableError(absl::StrCat(path, ": no write-ahead log is to be had there, only ", mode));
  }
  IMPASTO_RETURN_IF_ERROR(
      database->Execute("PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY;"
                        "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON"));
  return database;
}

Database::~Database() { sqlite3_close_v2(handle_); }

void Database::TidyUpOnClose() { sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr); }

absl::Status Database::Error(int code) const { return MakeError(path_, handle_, code); }

absl::Status Database::Execute(const std::string& sql) {
  errno = 0;
  const int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? absl::OkStatus() : Error(code);
}

absl::StatusOr<Statement> Database::Prepare(absl::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  errno = 0;
  const int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return Error(code);
  return Statement(this, statement);
}

absl::StatusOr<int64_t> Database::ReadInteger(absl::string_view sql) {
  IMPASTO_ASSIGN_OR_RETURN(Statement statement, Prepare(sql));
  IMPASTO_ASSIGN_OR_RETURN(const bool row, statement.Step());
  return row ? statement.Integer(0) : 0;
}

absl::StatusOr<std::string> Database::ReadText(absl::string_view sql) {
  IMPASTO_ASSIGN_OR_RETURN(Statement statement, Prepare(sql));
  IMPASTO_ASSIGN_OR_RETURN(const bool row, statement.Step());
  return row ? std::string(statement.Bytes(0)) : "";
}

absl::Status Database::Transact(const std::function<absl::Status()>& body) {
  IMPASTO_RETURN_IF_ERROR(Execute("BEGIN IMMEDIATE"));
  absl::Status status = body();
  if (status.ok()) status = Execute("COMMIT");
  // Some errors roll back by themselves.
  if (!status.ok() && sqlite3_get_autocommit(handle_) == 0) Execute("ROLLBACK").IgnoreError();
  return status;
}

Statement::Statement(Statement&& other) noexcept { *this = std::move(other); }

Statement& Statement::operator=(Statement&& other) noexcept {
  std::swap(database_, other.database_);
  std::swap(handle_, other.handle_);
  return *this;
}

Statement::~Statement() { sqlite3_finalize(handle_); }

void Statement::Bind(int index, int64_t value) { sqlite3_bind_int64(handle_, index, value); }

// A null pointer would bind NULL.
void Statement::BindText(int index, absl::string_view value) {
  sqlite3_bind_text64(handle_, index, value.empty() ? "" : value.data(), value.size(), SQLITE_STATIC,
                      SQLITE_UTF8);
}

void Statement::BindBlob(int index, absl::string_view value) {
  sqlite3_bind_blob64(handle_, index, value.empty() ? "" : value.data(), value.size(), SQLITE_STATIC);
}

absl::StatusOr<bool> Statement::Step() {
  errno = 0;
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW || code == SQLITE_DONE) return code == SQLITE_ROW;
  return database_->Error(code);
}

absl::Status Statement::Run() {
  const StatementReset reset(this);
  for (;;) {
    IMPASTO_ASSIGN_OR_RETURN(const bool row, Step());
    if (!row) return absl::OkStatus();
  }
}

void Statement::Reset() {
  sqlite3_reset(handle_);
  sqlite3_clear_bindings(handle_);
}

int64_t Statement::Integer(int column) const { return sqlite3_column_int64(handle_, column); }

absl::string_view Statement::Bytes(int column) const {
  const void* data = sqlite3_column_blob(handle_, column);
  return {static_cast<const char*>(data), static_cast<size_t>(sqlite3_column_bytes(handle_, column))};
}

}  // namespace impasto::jobs
