#include "base/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace impasto {
namespace {

absl::Status Sync(const std::string& path, int flags) {
  const UniqueFd fd(open(path.c_str(), flags | O_RDONLY | O_CLOEXEC));
  if (!fd.ok()) return FileError(errno, path, "opened");
  if (fsync(fd.get()) != 0) return FileError(errno, path, "put on the disk");
  return absl::OkStatus();
}

}  // namespace

absl::Status FileError(int error, const std::string& path, absl::string_view what) {
  const std::string message = absl::StrCat(path, " can't be ", what, ": ", std::strerror(error));
  switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return absl::ResourceExhaustedError(message);
    case EIO:
      return absl::UnavailableError(message);
    default:
      return absl::Status(absl::ErrnoToStatusCode(error), message);
  }
}

std::string BaseName(const std::string& path) { return path.substr(path.rfind('/') + 1); }

std::string JoinPath(const std::string& directory, const std::string& name) {
  return absl::EndsWith(directory, "/") ? absl::StrCat(directory, name) : absl::StrCat(directory, "/", name);
}

std::string DirectoryOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, std::max<size_t>(slash, 1));
}

absl::Status MakeDirectory(const std::string& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  return error ? FileError(error.value(), directory, "made") : absl::OkStatus();
}

absl::Status SyncDirectory(const std::string& directory) { return Sync(directory, O_DIRECTORY); }

absl::Status SyncFile(const std::string& path) { return Sync(path, 0); }

UniqueFd& UniqueFd::operator=(UniqueFd&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

UniqueFd::~UniqueFd() {
  if (fd_ >= 0) close(fd_);
}

int UniqueFd::Release() { return std::exchange(fd_, -1); }

absl::StatusOr<std::string> ReadFile(const std::string& path, int64_t max_bytes) {
  // Without waiting for a pipe's writer.
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  struct stat found;
  if (!fd.ok() || fstat(fd.get(), &found) != 0) return FileError(errno, path, "opened");
  if (!S_ISREG(found.st_mode)) return absl::InvalidArgumentError(absl::StrCat(path, " is no file"));
  if (found.st_size > max_bytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat(path, " has ", found.st_size, " bytes; at most ", max_bytes));
  }
  std::string bytes(static_cast<size_t>(found.st_size), '\0');
  size_t have = 0;
  while (have < bytes.size()) {
    const ssize_t count = read(fd.get(), bytes.data() + have, bytes.size() - have);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return FileError(errno, path, "read");
    if (count == 0) break;  // it was cut meanwhile
    have += static_cast<size_t>(count);
  }
  bytes.resize(have);
  return bytes;
}

absl::Status WriteAll(int fd, absl::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return FileError(errno, path, "written");
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<AtomicFile>> AtomicFile::Create(std::string path, std::string temporary,
                                                               mode_t mode) {
  UniqueFd fd(open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode));
  if (!fd.ok()) return FileError(errno, temporary, "made");
  return std::unique_ptr<AtomicFile>(new AtomicFile(std::move(path), std::move(temporary), std::move(fd)));
}

AtomicFile::AtomicFile(std::string path, std::string temporary, UniqueFd fd)
    : path_(std::move(path)), temporary_(std::move(temporary)), fd_(std::move(fd)) {}

AtomicFile::~AtomicFile() {
  if (!renamed_) unlink(temporary_.c_str());
}

absl::Status AtomicFile::Append(absl::string_view bytes) {
  if (status_.ok()) status_ = WriteAll(fd_.get(), bytes, path_);
  return status_;
}

absl::Status AtomicFile::Commit() {
  if (!status_.ok()) return status_;
  if (fsync(fd_.get()) != 0) return status_ = FileError(errno, path_, "put on the disk");
  // Some file systems say only now that there is no room.
  if (close(fd_.Release()) != 0) return status_ = FileError(errno, path_, "written");
  if (rename(temporary_.c_str(), path_.c_str()) != 0)
    return status_ = FileError(errno, path_, "given its name");
  renamed_ = true;
  return status_ = SyncDirectory(DirectoryOf(path_));
}

std::string TemporaryPath(const std::string& directory, const std::string& name) {
  static std::atomic<int> counter{0};
  return JoinPath(directory, absl::StrCat(".", name, ".", getpid(), "-", counter.fetch_add(1)));
}

absl::Status WriteFileAtomically(const std::string& path, absl::string_view text, mode_t mode) {
  IMPASTO_ASSIGN_OR_RETURN(const std::unique_ptr<AtomicFile> file,
                           AtomicFile::Create(path, TemporaryPath(DirectoryOf(path), BaseName(path)), mode));
  IMPASTO_RETURN_IF_ERROR(file->Append(text));
  return file->Commit();
}

}  // namespace impasto
