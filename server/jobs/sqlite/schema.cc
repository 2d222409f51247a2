#include "jobs/sqlite/schema.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace impasto::jobs {
namespace {

// "IMPJ", in the file's header: this database is a journal.
constexpr int64_t kApplicationId = 0x494d504a;

// A number beyond this is a damaged header, not a version.
constexpr int64_t kLargestPlausibleVersion = 9999;

constexpr const char* kSteps[] = {
    // The job's key is small, since each of its events repeats it. Folders of job files that are `unclaimed`
    // are removed at the next start: see sqlite_journal.cc.
    R"sql(
      CREATE TABLE jobs (
        key INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        create_time INTEGER NOT NULL,
        request_digest BLOB NOT NULL,
        job BLOB NOT NULL
      ) STRICT;
      CREATE TABLE events (
        job INTEGER NOT NULL REFERENCES jobs (key) ON DELETE CASCADE,
        sequence INTEGER NOT NULL,
        message BLOB NOT NULL,
        PRIMARY KEY (job, sequence)
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE unclaimed (id TEXT NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID;
    )sql",
};

}  // namespace

absl::Span<const char* const> JournalSteps() { return kSteps; }

absl::Status BringUp(Database* database, absl::Span<const char* const> steps) {
  const int64_t newest = static_cast<int64_t>(steps.size());
  IMPASTO_ASSIGN_OR_RETURN(const int64_t found, database->ReadInteger("PRAGMA user_version"));
  IMPASTO_ASSIGN_OR_RETURN(const int64_t id, database->ReadInteger("PRAGMA application_id"));
  IMPASTO_ASSIGN_OR_RETURN(const int64_t tables, database->ReadInteger("SELECT count(*) FROM sqlite_schema"));
  const bool is_journal = found == 0 ? tables == 0 : id == kApplicationId;
  if (!is_journal || found < 0 || found > kLargestPlausibleVersion)
    return absl::DataLossError(absl::StrCat(database->path(), ": it isn't a journal of Impasto"));
  if (found > newest) {
    return absl::FailedPreconditionError(
        absl::StrCat(database->path(), " was written by a newer version of Impasto: its format is ", found,
                     ", this version knows up to ", newest,
                     ". Start the newer version, or choose another folder with --state-dir"));
  }
  for (int64_t version = found; version < newest; ++version) {
    IMPASTO_RETURN_IF_ERROR(database->Transact([&] {
      return database->Execute(absl::StrCat(steps[static_cast<size_t>(version)], ";PRAGMA application_id=",
                                            kApplicationId, ";PRAGMA user_version=", version + 1));
    }));
  }
  return absl::OkStatus();
}

}  // namespace impasto::jobs
