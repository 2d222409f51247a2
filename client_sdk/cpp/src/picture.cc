#include "impasto/picture.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace impasto {
namespace {

absl::Status TooLarge(const std::string& path) {
  return absl::InvalidArgumentError(
      absl::StrCat(path, ": larger than the ", kMaxPictureBytes >> 20, " MiB that a server takes"));
}

}  // namespace

absl::StatusOr<v1::Picture> PictureFromFile(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return absl::ErrnoToStatus(errno, path);
  }
  const auto close_it = absl::MakeCleanup([fd] { close(fd); });
  struct stat info;
  if (fstat(fd, &info) != 0) {
    return absl::ErrnoToStatus(errno, path);
  }
  if (S_ISDIR(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": a directory, not a picture"));
  }
  if (info.st_size > kMaxPictureBytes) {
    return TooLarge(path);
  }
  // Read to the end rather than st_size bytes: a pipe has no size, and a file may grow.
  std::string bytes;
  size_t used = 0;
  for (;;) {
    if (used == bytes.size()) {
      bytes.resize(used == 0 ? static_cast<size_t>(info.st_size) + 1 : used * 2);
    }
    const ssize_t n = read(fd, bytes.data() + used, bytes.size() - used);
    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n < 0) {
      return absl::ErrnoToStatus(errno, path);
    }
    if (n == 0) {
      break;
    }
    used += static_cast<size_t>(n);
    if (used > static_cast<size_t>(kMaxPictureBytes)) {
      return TooLarge(path);
    }
  }
  if (used == 0) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": an empty file, not a picture"));
  }
  bytes.resize(used);
  return PictureFromBytes(std::move(bytes));
}

v1::Picture PictureFromBytes(std::string encoded) {
  v1::Picture picture;
  picture.set_encoded(std::move(encoded));
  return picture;
}

}  // namespace impasto
