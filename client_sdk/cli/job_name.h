// Jobs on the command line.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "impasto/client.h"

namespace impasto::cli {

// The job that a user means by "jobs/abc", "abc", the first characters of one's name (at least 4), or "last":
// this client's newest. INVALID_ARGUMENT: not a name, or the start of several; NOT_FOUND: there is none;
// otherwise the server's own status.
absl::StatusOr<v1::Job> FindJob(const Client& client, const std::string& text);

}  // namespace impasto::cli
