// Files that are there whole or not at all.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace impasto::cli {

// Whether WriteFileAtomically(path) would work, tried for real: a file is made in the folder and removed
// again. Errors name the path: NOT_FOUND: no such folder; PERMISSION_DENIED; INVALID_ARGUMENT: a directory or
// a device is there.
absl::Status CheckWritable(const std::string& path);

// Replaces `path` by a file of these bytes, in one step: whoever looks sees the old file or the new one, and
// a failure leaves the old one as it was. A symbolic link stays one; the file that it points to is replaced.
absl::Status WriteFileAtomically(const std::string& path, std::string_view bytes);

}  // namespace impasto::cli
