#include "cli/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "impasto/internal/status_macros.h"

namespace impasto::cli {
namespace {

namespace fs = std::filesystem;

absl::Status ErrnoStatus(const std::string& path) { return absl::ErrnoToStatus(errno, path); }

// The file that is to be replaced: `path`, or what it points to.
absl::StatusOr<std::string> TargetOf(const std::string& path) {
  std::error_code error;
  std::string target = path;
  if (fs::is_symlink(fs::symlink_status(path, error))) {
    target = fs::weakly_canonical(path, error).string();
    if (error) {
      return absl::InvalidArgumentError(absl::StrCat(path, ": ", error.message()));
    }
  }
  struct stat info;
  if (stat(target.c_str(), &info) == 0) {
    if (S_ISDIR(info.st_mode)) {
      return absl::InvalidArgumentError(absl::StrCat(path, ": a directory"));
    }
    if (!S_ISREG(info.st_mode)) {
      return absl::InvalidArgumentError(absl::StrCat(path, ": not a regular file"));
    }
    if (access(target.c_str(), W_OK) != 0) {
      return ErrnoStatus(path);
    }
  } else if (errno != ENOENT) {
    return ErrnoStatus(path);
  }
  return target;
}

// A new file beside the target: a rename works only within one file system.
class TemporaryFile {
 public:
  ~TemporaryFile() {
    if (fd_ >= 0) {
      close(fd_);
    }
    if (!name_.empty()) {
      unlink(name_.c_str());
    }
  }

  absl::Status Create(const std::string& path, const std::string& target) {
    const fs::path as_path(target);
    for (int attempt = 0; attempt < 100; ++attempt) {
      const std::string file =
          absl::StrCat(".", as_path.filename().string(), ".", getpid(), ".", attempt, ".tmp");
      const std::string name = (as_path.parent_path() / file).string();
      // open() rather than mkstemp(): the file gets the mode that the user's umask gives any new file.
      fd_ = open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
      if (fd_ >= 0) {
        name_ = name;
        return absl::OkStatus();
      }
      if (errno != EEXIST) {
        break;
      }
    }
    return absl::ErrnoToStatus(errno, absl::StrCat(path, ": can't write in its folder"));
  }

  absl::Status Write(const std::string& path, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = write(fd_, bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) {
        continue;
      }
      if (n < 0) {
        return ErrnoStatus(path);
      }
      bytes.remove_prefix(static_cast<size_t>(n));
    }
    return absl::OkStatus();
  }

  absl::Status MoveTo(const std::string& path, const std::string& target) {
    struct stat old;
    if (stat(target.c_str(), &old) == 0) {
      // Best effort: a file that changes hands may keep no mode.
      (void)!fchmod(fd_, old.st_mode & 0777);
    }
    // Without fsync a power cut after the rename could leave an empty file where a good one was.
    if (fsync(fd_) != 0 || close(std::exchange(fd_, -1)) != 0 || rename(name_.c_str(), target.c_str()) != 0) {
      return ErrnoStatus(path);
    }
    name_.clear();
    return absl::OkStatus();
  }

 private:
  int fd_ = -1;
  std::string name_;
};

}  // namespace

absl::Status CheckWritable(const std::string& path) {
  IMPASTO_CLIENT_ASSIGN_OR_RETURN(const std::string target, TargetOf(path));
  TemporaryFile file;
  return file.Create(path, target);
}

absl::Status WriteFileAtomically(const std::string& path, std::string_view bytes) {
  IMPASTO_CLIENT_ASSIGN_OR_RETURN(const std::string target, TargetOf(path));
  TemporaryFile file;
  IMPASTO_CLIENT_RETURN_IF_ERROR(file.Create(path, target));
  IMPASTO_CLIENT_RETURN_IF_ERROR(file.Write(path, bytes));
  return file.MoveTo(path, target);
}

}  // namespace impasto::cli
