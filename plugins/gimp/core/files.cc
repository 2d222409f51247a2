#include "core/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"

namespace impasto::gimp {
namespace {

// Closed, and a new file removed, unless all went well.
class NewFile {
 public:
  explicit NewFile(const std::string& path) : name_(path + ".XXXXXX") {
    fd_ = mkostemp(name_.data(), O_CLOEXEC);
  }
  ~NewFile() {
    if (fd_ >= 0) {
      close(fd_);
      unlink(name_.c_str());
    }
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  bool Write(std::string_view bytes) {
    while (fd_ >= 0 && !bytes.empty()) {
      const ssize_t n = write(fd_, bytes.data(), bytes.size());
      if (n < 0 && errno != EINTR) {
        return false;
      }
      bytes.remove_prefix(static_cast<size_t>(n < 0 ? 0 : n));
    }
    return fd_ >= 0;
  }

  // fsync: a power cut after the rename could leave an empty file otherwise.
  bool MoveTo(const std::string& path) {
    if (fsync(fd_) != 0 || rename(name_.c_str(), path.c_str()) != 0) {
      return false;
    }
    close(std::exchange(fd_, -1));
    return true;
  }

 private:
  std::string name_;
  int fd_ = -1;
};

}  // namespace

absl::StatusOr<std::string> ReadFile(const std::string& path, int64_t most) {
  // O_NONBLOCK: opening a pipe of that name would wait for who writes into it.
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    return absl::ErrnoToStatus(errno, path);
  }
  struct stat info {};
  absl::Status status;
  std::string bytes;
  if (fstat(fd, &info) != 0) {
    status = absl::ErrnoToStatus(errno, path);
  } else if (!S_ISREG(info.st_mode) || info.st_size > most) {
    status = absl::InvalidArgumentError(absl::StrCat(path, ": not a file, or too large"));
  } else {
    bytes.resize(static_cast<size_t>(info.st_size));
    size_t have = 0;
    ssize_t n = 1;
    while (have < bytes.size() && n > 0) {
      n = read(fd, bytes.data() + have, bytes.size() - have);
      have += static_cast<size_t>(n > 0 ? n : 0);
    }
    if (n < 0) {
      status = absl::ErrnoToStatus(errno, path);
    }
    bytes.resize(have);
  }
  close(fd);
  if (!status.ok()) {
    return status;
  }
  return bytes;
}

absl::Status WriteFile(const std::string& path, std::string_view bytes) {
  NewFile file(path);
  if (!file.Write(bytes) || !file.MoveTo(path)) {
    return absl::ErrnoToStatus(errno, path);
  }
  return absl::OkStatus();
}

}  // namespace impasto::gimp
