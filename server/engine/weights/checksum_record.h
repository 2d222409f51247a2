// What checksum each weights file had when it came: DIRECTORY/weights.lock.json. A source whose checksum
// nobody published is trusted the first time and held to it from then on.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace impasto::engine {

struct ChecksumRecord {
  struct File {
    std::string sha256;
    int64_t bytes = 0;
    std::string source;  // where it came from: an address, a package, or a path
  };
  std::map<std::string, File> files;           // by the name in the folder
  std::map<std::string, std::string> sources;  // a source's location -> SHA-256
};

constexpr char kChecksumRecordName[] = "weights.lock.json";

// Empty where there is none yet. INVALID_ARGUMENT: the file is damaged.
absl::StatusOr<ChecksumRecord> ReadChecksumRecord(const std::string& directory);

// Reads, changes and writes the record as one step among processes.
absl::Status UpdateChecksumRecord(const std::string& directory,
                                  const std::function<void(ChecksumRecord*)>& change);

}  // namespace impasto::engine
