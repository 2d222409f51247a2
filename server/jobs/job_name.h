// Jobs' resource names.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace impasto::jobs {

// What follows "jobs/": 1 to 64 of a-z, 0-9 and "-", so that it is safe as a file's name. INVALID_ARGUMENT:
// anything else.
absl::StatusOr<std::string> JobId(absl::string_view name);

}  // namespace impasto::jobs
