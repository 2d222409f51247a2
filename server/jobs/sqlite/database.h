// A thin layer over SQLite: statuses, statements that end by themselves, transactions.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

struct sqlite3;
struct sqlite3_stmt;

namespace impasto::jobs {

class Statement;

// One connection. Not thread-safe. Statuses begin with the file's path: RESOURCE_EXHAUSTED: the disk is full;
// UNAVAILABLE: it fails, or another program has the file; PERMISSION_DENIED; DATA_LOSS: the file is damaged
// or no database; INTERNAL: a statement that makes no sense.
class Database {
 public:
  // Makes the file where there is none, with room for `path`-wal beside it. Nobody else may have it open: the
  // index of the write-ahead log is then kept in memory instead of a mapped file, in which a full disk would
  // end the process. Commits are on the disk when they return.
  static absl::StatusOr<std::unique_ptr<Database>> Open(const std::string& path);
  ~Database();

  const std::string& path() const { return path_; }

  // From now on, closing moves what the log has into the file and removes the log. Before, it leaves both as
  // they are, so that of a file that turns out to be damaged nothing is touched.
  void TidyUpOnClose();

  // Statements without results, separated by ";".
  absl::Status Execute(const std::string& sql);
  // `database` outlives the statement.
  absl::StatusOr<Statement> Prepare(absl::string_view sql);
  // The first column of the only row.
  absl::StatusOr<int64_t> ReadInteger(absl::string_view sql);
  absl::StatusOr<std::string> ReadText(absl::string_view sql);
  // All that `body` does, or nothing.
  absl::Status Transact(const std::function<absl::Status()>& body);

  // What the latest call that gave `code` complains about.
  absl::Status Error(int code) const;

 private:
  Database(std::string path, sqlite3* handle) : path_(std::move(path)), handle_(handle) {}

  const std::string path_;
  sqlite3* const handle_;
};

// May be run any number of times; Reset between them. Movable.
class Statement {
 public:
  Statement() = default;
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&& other) noexcept;
  ~Statement();

  // Parameters count from 1. What is bound outlives the steps.
  void Bind(int index, int64_t value);
  void BindText(int index, absl::string_view value);
  void BindBlob(int index, absl::string_view value);

  // True: there is a row.
  absl::StatusOr<bool> Step();
  // Step until there are no more rows, then Reset, also after an error.
  absl::Status Run();
  void Reset();

  // Columns of the row, counted from 0; good until the next Step. Text and blobs alike.
  int64_t Integer(int column) const;
  absl::string_view Bytes(int column) const;

 private:
  friend class Database;
  Statement(Database* database, sqlite3_stmt* handle) : database_(database), handle_(handle) {}

  Database* database_ = nullptr;
  sqlite3_stmt* handle_ = nullptr;
};

// Resets at the end of a scope: a statement left in the middle of its rows would keep a transaction open.
class StatementReset {
 public:
  explicit StatementReset(Statement* statement) : statement_(statement) {}
  ~StatementReset() { statement_->Reset(); }
  StatementReset(const StatementReset&) = delete;
  StatementReset& operator=(const StatementReset&) = delete;

 private:
  Statement* const statement_;
};

}  // namespace impasto::jobs
