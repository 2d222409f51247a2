// The plug-in's own small files.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace impasto::gimp {

// All of a regular file. Errors name it: NOT_FOUND and others of the system's; INVALID_ARGUMENT: not a
// regular file, or of more than `most` bytes.
absl::StatusOr<std::string> ReadFile(const std::string& path, int64_t most);

// In one move: who reads it has the old file or the new one. It is its owner's alone (0600). Errors name it.
absl::Status WriteFile(const std::string& path, std::string_view bytes);

}  // namespace impasto::gimp
