// Files that say whether they are what was written.
#pragma once

#include <istream>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "jobs/work.h"

namespace impasto::jobs {

// What a half-written file's name ends with: such a file is of no use.
inline constexpr char kHalfWritten[] = ".new";

// Replaces the file as a whole, and returns when it is on the disk. On failure the old file is as it was, and
// nothing is left beside it. RESOURCE_EXHAUSTED: the disk is full; UNAVAILABLE: it fails; the writer's own
// error; otherwise as the system has it. One writer of a path at a time.
//
// The file is what the writer wrote and, behind it, a trailer: magic, version, length, SHA-256.
absl::Status WriteCheckedFile(const std::string& path, const ByteWriter& writer);

// Reads the file through once before it returns, so that what comes out of the stream is what was written,
// and nothing else. The stream can seek, and stays good where the file is replaced or removed. Where the disk
// fails later, the stream goes bad. NOT_FOUND; DATA_LOSS: it isn't what was written; otherwise as above.
absl::StatusOr<std::unique_ptr<std::istream>> OpenCheckedFile(const std::string& path);

}  // namespace impasto::jobs
