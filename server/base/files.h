// File operations that keep what others see whole: a file is there as it should be, or not at all, also after
// a crash or a power failure.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace impasto {

// "PATH can't be WHAT: No space left on device", for an errno. RESOURCE_EXHAUSTED: the disk, a quota or the
// process's limit is full; UNAVAILABLE: the disk fails; otherwise as Abseil has it.
absl::Status FileError(int error, const std::string& path, absl::string_view what);

std::string BaseName(const std::string& path);
std::string JoinPath(const std::string& directory, const std::string& name);
// The folder that a path's last part lies in.
std::string DirectoryOf(const std::string& path);

// With its parents. OK where it is there already.
absl::Status MakeDirectory(const std::string& directory);

// Puts a folder's names on the disk: of files that were made, renamed or removed in it.
absl::Status SyncDirectory(const std::string& directory);
// Puts a file's bytes on the disk.
absl::Status SyncFile(const std::string& path);

// A descriptor that is closed at the end of its scope. Movable.
class UniqueFd {
 public:
  explicit UniqueFd(int fd = -1) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.Release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept;
  ~UniqueFd();

  int get() const { return fd_; }
  bool ok() const { return fd_ >= 0; }
  int Release();

 private:
  int fd_;
};

// A regular file's bytes. NOT_FOUND: there is none; RESOURCE_EXHAUSTED: it has more than `max_bytes`.
absl::StatusOr<std::string> ReadFile(const std::string& path, int64_t max_bytes);

// `path`: whose bytes they are, for the error.
absl::Status WriteAll(int fd, absl::string_view bytes, const std::string& path);

// A file that gets its name once it is whole. Not thread-safe.
class AtomicFile {
 public:
  // Writes to `temporary`, in the folder of `path`, meanwhile: a left-over of that name is overwritten.
  static absl::StatusOr<std::unique_ptr<AtomicFile>> Create(std::string path, std::string temporary,
                                                            mode_t mode);
  // Removes the temporary, unless Commit was OK.
  ~AtomicFile();

  // After an error, every call has that error.
  absl::Status Append(absl::string_view bytes);
  // Puts the bytes on the disk, gives the file its name, and puts the name on the disk. Once. Until it is OK,
  // whatever lay under the name is as it was; an error of the very last of these can't be told from OK by
  // whoever reads.
  absl::Status Commit();

 private:
  AtomicFile(std::string path, std::string temporary, UniqueFd fd);

  const std::string path_;
  const std::string temporary_;
  UniqueFd fd_;
  absl::Status status_;
  bool renamed_ = false;
};

// A path that has no file yet: DIRECTORY/.NAME.PID-COUNTER. Hidden, so that nobody takes it for a finished
// file.
std::string TemporaryPath(const std::string& directory, const std::string& name);

// Over a file that is there.
absl::Status WriteFileAtomically(const std::string& path, absl::string_view text, mode_t mode = 0644);

}  // namespace impasto
