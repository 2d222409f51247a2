// A job's result as the journal keeps it: JobFile::kResult.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "jobs/journal.h"

namespace impasto::jobs {

// Errors are the journal's.
absl::Status WriteResult(Journal& journal, const std::string& job, const EncodedPicture& picture);
// DATA_LOSS: it is no result, besides the journal's errors.
absl::StatusOr<std::shared_ptr<const EncodedPicture>> ReadResult(Journal& journal, const std::string& job);

}  // namespace impasto::jobs
