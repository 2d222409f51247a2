// A job whose result nobody wants.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "impasto/client.h"

namespace impasto::gimp {

// Has the server end "jobs/..." where it hasn't ended, and forget it and its result. Blocks until that is
// done, a step of the job or so. Fine where the server doesn't know the job. Errors as Client's. Thread-safe.
absl::Status DiscardJob(const Client& client, const std::string& job);

}  // namespace impasto::gimp
