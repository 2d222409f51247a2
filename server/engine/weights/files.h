// Small file operations that keep what others see whole: a file is there as it should be, or not at all.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace impasto::engine {

// A path that has no file yet: DIRECTORY/.NAME.PID-COUNTER. Hidden, so that nobody takes it for a weights
// file.
std::string TemporaryPath(const std::string& directory, const std::string& name);

// With its parents. OK where it is there already.
absl::Status MakeDirectory(const std::string& directory);

// Puts the file's bytes on the disk, gives it its name, and puts the name on the disk. ALREADY_EXISTS, with
// `from` left as it is, where `to` is there. Both lie on the same file system.
absl::Status CommitFile(const std::string& from, const std::string& to);

// As CommitFile, from text, and over a file that is there.
absl::Status WriteFileAtomically(const std::string& path, absl::string_view text);

// Copies the bytes to a new file. `*sha256` gets their checksum. On failure there is no `to`.
absl::Status CopyFile(const std::string& from, const std::string& to, std::string* sha256);

std::string BaseName(const std::string& path);
std::string JoinPath(const std::string& directory, const std::string& name);

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
