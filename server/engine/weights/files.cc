#include "engine/weights/files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "engine/weights/byte_source.h"
#include "engine/weights/sha256.h"

namespace impasto::engine {

absl::Status CommitFile(const std::string& from, const std::string& to) {
  IMPASTO_RETURN_IF_ERROR(SyncFile(from));
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) != 0) {
    if (errno == EEXIST) return absl::AlreadyExistsError(absl::StrCat(to, " is there already"));
    // Not every file system knows NOREPLACE. Two programs that bring the same name at once are no case to
    // care for.
    if (errno != EINVAL && errno != ENOSYS) return FileError(errno, to, "given its name");
    if (access(to.c_str(), F_OK) == 0) return absl::AlreadyExistsError(absl::StrCat(to, " is there already"));
    if (rename(from.c_str(), to.c_str()) != 0) return FileError(errno, to, "given its name");
  }
  return SyncDirectory(DirectoryOf(to));
}

absl::Status CopyFile(const std::string& from, const std::string& to, std::string* sha256) {
  IMPASTO_ASSIGN_OR_RETURN(const std::unique_ptr<ByteSource> bytes, OpenFileBytes(from));
  const UniqueFd fd(open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!fd.ok()) return FileError(errno, to, "made");
  Sha256 sha;
  std::vector<char> piece(size_t{1} << 20);
  absl::Status status;
  for (uint64_t offset = 0; status.ok() && offset < bytes->size();) {
    const size_t count = static_cast<size_t>(std::min<uint64_t>(piece.size(), bytes->size() - offset));
    status = bytes->ReadAt(offset, piece.data(), count);
    if (!status.ok()) break;
    sha.Update(piece.data(), count);
    status = WriteAll(fd.get(), absl::string_view(piece.data(), count), to);
    offset += count;
  }
  if (!status.ok()) unlink(to.c_str());
  *sha256 = sha.Finish();
  return status;
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
