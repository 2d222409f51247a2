#include "engine/weights/byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace impasto::engine {
namespace {

class FileBytesSource final : public ByteSource {
 public:
  FileBytesSource(int fd, uint64_t size) : fd_(fd), size_(size) {}
  ~FileBytesSource() override { close(fd_); }

  uint64_t size() const override { return size_; }

  absl::Status ReadAt(uint64_t offset, void* to, size_t count) const override {
    IMPASTO_RETURN_IF_ERROR(CheckRange(offset, count));
    char* out = static_cast<char*>(to);
    while (count > 0) {
      const ssize_t got = pread(fd_, out, count, static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return absl::DataLossError(absl::StrCat("reading failed: ", std::strerror(errno)));
      // Somebody shortens the file while it is read.
      if (got == 0) return absl::DataLossError("the file became shorter while it was read");
      out += got;
      offset += static_cast<uint64_t>(got);
      count -= static_cast<size_t>(got);
    }
    return absl::OkStatus();
  }

 private:
  int fd_;
  uint64_t size_;
};

class MemoryBytesSource final : public ByteSource {
 public:
  explicit MemoryBytesSource(std::string bytes) : bytes_(std::move(bytes)) {}
  uint64_t size() const override { return bytes_.size(); }

  absl::Status ReadAt(uint64_t offset, void* to, size_t count) const override {
    IMPASTO_RETURN_IF_ERROR(CheckRange(offset, count));
    if (count > 0) std::memcpy(to, bytes_.data() + offset, count);
    return absl::OkStatus();
  }

 private:
  std::string bytes_;
};

}  // namespace

absl::Status ByteSource::CheckRange(uint64_t offset, uint64_t count) const {
  if (offset > size() || count > size() - offset) {
    return absl::InvalidArgumentError(absl::StrCat("cut off: it has ", size(), " bytes, but ", count,
                                                   " bytes are expected from byte ", offset, " on"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ByteSource::Read(uint64_t offset, uint64_t count) const {
  IMPASTO_RETURN_IF_ERROR(CheckRange(offset, count));
  std::string bytes(static_cast<size_t>(count), '\0');
  IMPASTO_RETURN_IF_ERROR(ReadAt(offset, bytes.data(), bytes.size()));
  return bytes;
}

absl::StatusOr<std::unique_ptr<ByteSource>> OpenFileBytes(const std::string& path) {
  // O_NONBLOCK: opening a FIFO that nobody writes to would wait for ever.
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    if (errno == ENOENT || errno == ENOTDIR) return absl::NotFoundError("no such file");
    return absl::ErrnoToStatus(errno, "can't be opened");
  }
  struct stat info {};
  if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    close(fd);
    return absl::InvalidArgumentError("not a regular file");
  }
  return std::make_unique<FileBytesSource>(fd, static_cast<uint64_t>(info.st_size));
}

std::unique_ptr<ByteSource> MemoryBytes(std::string bytes) {
  return std::make_unique<MemoryBytesSource>(std::move(bytes));
}

}  // namespace impasto::engine
