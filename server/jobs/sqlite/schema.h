// The journal's tables, and how those of older versions become them.
#pragma once

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "jobs/sqlite/database.h"

namespace impasto::jobs {

// Step i brings a database from version i to i + 1; version 0 is an empty one. Steps that were once released
// stay as they are.
absl::Span<const char* const> JournalSteps();

// Takes the steps that the database lacks, each one as a whole. FAILED_PRECONDITION: a newer version wrote
// it; DATA_LOSS: it isn't a journal. The statuses of Database.
absl::Status BringUp(Database* database, absl::Span<const char* const> steps);

}  // namespace impasto::jobs
