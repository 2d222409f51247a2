// Operations on weights files, beyond base's.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "base/files.h"

namespace impasto::engine {

// Puts the file's bytes on the disk, gives it its name, and puts the name on the disk. ALREADY_EXISTS, with
// `from` left as it is, where `to` is there. Both lie on the same file system.
absl::Status CommitFile(const std::string& from, const std::string& to);

// Copies the bytes to a new file. `*sha256` gets their checksum. On failure there is no `to`.
absl::Status CopyFile(const std::string& from, const std::string& to, std::string* sha256);

// Holds an exclusive lock on a directory among the processes that use this class, for as long as it lives.
// Waits for it.
class DirectoryLock {
 public:
  explicit DirectoryLock(const std::string& directory);
  ~DirectoryLock();
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  int fd_;
};

}  // namespace impasto::engine
