// The journal of a server on a disk of its own: an SQLite database, and files beside it.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "jobs/journal.h"
#include "jobs/sqlite/state_dir.h"

namespace impasto::jobs {

struct SqliteJournalOptions {
  // A line for people, where something was damaged or left behind. On any thread, from inside any call. May
  // be empty.
  std::function<void(const std::string& line)> log;
  // The time of day, for the names of what is set aside.
  std::function<absl::Time()> wall_time = absl::Now;
};

// Opens STATE/journal.db and STATE/jobs, or makes them, and keeps the lock on `state`.
//
// A damaged database is no error: it becomes STATE/journal.corrupt-TIME, and a fresh one is begun; the log
// says so. The jobs' files stay where they are, and the log names them. A row that can't be read is left out
// by the Load functions, and named in the log.
//
// FAILED_PRECONDITION: a newer version of Impasto wrote it; RESOURCE_EXHAUSTED: there is none, and the disk
// is full (one that is there can be opened and read on a full disk); PERMISSION_DENIED; UNAVAILABLE: the disk
// fails, or another program has the database open.
absl::StatusOr<std::unique_ptr<Journal>> OpenSqliteJournal(std::shared_ptr<const StateDir> state,
                                                           SqliteJournalOptions options);

}  // namespace impasto::jobs
