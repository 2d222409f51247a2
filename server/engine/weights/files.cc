#include "engine/weights/files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "engine/weights/byte_source.h"
#include "engine/weights/sha256.h"

namespace impasto::engine {
namespace {

absl::Status SystemError(const std::string& path, absl::string_view what) {
  return absl::ErrnoToStatus(errno, absl::StrCat(path, " can't be ", what));
}

absl::Status Sync(const std::string& path, int flags) {
  const int fd = open(path.c_str(), flags | O_CLOEXEC);
  if (fd < 0) return SystemError(path, "opened");
  const int result = fsync(fd);
  const absl::Status status = result == 0 ? absl::OkStatus() : SystemError(path, "put on the disk");
  close(fd);
  return status;
}

absl::Status SyncDirectoryOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return Sync(slash == std::string::npos ? "." : path.substr(0, std::max<size_t>(slash, 1)),
              O_RDONLY | O_DIRECTORY);
}

absl::Status WriteAll(int fd, const char* data, size_t size, const std::string& path) {
  while (size > 0) {
    const ssize_t written = write(fd, data, size);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return SystemError(path, "written");
    data += written;
    size -= static_cast<size_t>(written);
  }
  return absl::OkStatus();
}

}  // namespace

std::string TemporaryPath(const std::string& directory, const std::string& name) {
  static std::atomic<int> counter{0};
  return JoinPath(directory, absl::StrCat(".", name, ".", getpid(), "-", counter.fetch_add(1)));
}

absl::Status MakeDirectory(const std::string& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return absl::ErrnoToStatus(error.value(), absl::StrCat(directory, " can't be made"));
  return absl::OkStatus();
}

absl::Status CommitFile(const std::string& from, const std::string& to) {
  IMPASTO_RETURN_IF_ERROR(Sync(from, O_RDONLY));
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) != 0) {
    if (errno == EEXIST) return absl::AlreadyExistsError(absl::StrCat(to, " is there already"));
    // Not every file system knows NOREPLACE. Two programs that bring the same name at once are no case to
    // care for.
    if (errno != EINVAL && errno != ENOSYS) return SystemError(to, "given its name");
    if (access(to.c_str(), F_OK) == 0) return absl::AlreadyExistsError(absl::StrCat(to, " is there already"));
    if (rename(from.c_str(), to.c_str()) != 0) return SystemError(to, "given its name");
  }
  return SyncDirectoryOf(to);
}

absl::Status WriteFileAtomically(const std::string& path, absl::string_view text) {
  const std::string temporary = TemporaryPath(path.substr(0, path.rfind('/')), BaseName(path));
  const int fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0) return SystemError(temporary, "made");
  absl::Status status = WriteAll(fd, text.data(), text.size(), temporary);
  if (status.ok() && fsync(fd) != 0) status = SystemError(temporary, "put on the disk");
  close(fd);
  if (status.ok() && rename(temporary.c_str(), path.c_str()) != 0)
    status = SystemError(path, "given its name");
  if (!status.ok()) {
    unlink(temporary.c_str());
    return status;
  }
  return SyncDirectoryOf(path);
}

absl::Status CopyFile(const std::string& from, const std::string& to, std::string* sha256) {
  IMPASTO_ASSIGN_OR_RETURN(const std::unique_ptr<ByteSource> bytes, OpenFileBytes(from));
  const int fd = open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0) return SystemError(to, "made");
  Sha256 sha;
  std::vector<char> piece(size_t{1} << 20);
  absl::Status status;
  for (uint64_t offset = 0; status.ok() && offset < bytes->size();) {
    const size_t count = static_cast<size_t>(std::min<uint64_t>(piece.size(), bytes->size() - offset));
    status = bytes->ReadAt(offset, piece.data(), count);
    if (!status.ok()) break;
    sha.Update(piece.data(), count);
    status = WriteAll(fd, piece.data(), count, to);
    offset += count;
  }
  close(fd);
  if (!status.ok()) unlink(to.c_str());
  *sha256 = sha.Finish();
  return status;
}

std::string BaseName(const std::string& path) { return path.substr(path.rfind('/') + 1); }

std::string JoinPath(const std::string& directory, const std::string& name) {
  return absl::EndsWith(directory, "/") ? absl::StrCat(directory, name) : absl::StrCat(directory, "/", name);
}

DirectoryLock::DirectoryLock(const std::string& directory)
    : fd_(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  // A file system without locks has none to wait for.
  if (fd_ >= 0) flock(fd_, LOCK_EX);
}

DirectoryLock::~DirectoryLock() {
  if (fd_ >= 0) close(fd_);
}

}  // namespace impasto::engine
