// SHA-256 of files.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "base/sha256.h"

namespace impasto::engine {

// Lower-case hex. Reads the file in pieces. NOT_FOUND: no such file; INVALID_ARGUMENT: not a regular file;
// DATA_LOSS: it can't be read.
absl::StatusOr<std::string> Sha256OfFile(const std::string& path);

}  // namespace impasto::engine
