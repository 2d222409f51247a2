#include "jobs/sqlite/checked_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <ios>
#include <streambuf>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/sha256.h"
#include "base/status_macros.h"

namespace impasto::jobs {
namespace {

constexpr char kMagic[8] = {'I', 'M', 'P', 'A', 'S', 'T', 'O', '\n'};
constexpr uint64_t kVersion = 1;
constexpr size_t kPiece = size_t{1} << 18;

struct Trailer {
  char magic[8];
  uint64_t version;
  uint64_t length;  // bytes before the trailer
  char sha256[Sha256::kBytes];
};
static_assert(sizeof(Trailer) == 24 + Sha256::kBytes, "written as it lies in memory, without gaps");
static_assert(std::endian::native == std::endian::little, "numbers in the trailer are little-endian");

// Fills `to`. 0, or an errno; ENODATA where the file ends before.
int ReadAt(int fd, int64_t offset, void* to, size_t count) {
  char* out = static_cast<char*>(to);
  while (count > 0) {
    const ssize_t got = pread(fd, out, count, offset);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno;
    if (got == 0) return ENODATA;
    out += got;
    offset += got;
    count -= static_cast<size_t>(got);
  }
  return 0;
}

// The first `length` bytes of a file.
class FileBuffer final : public std::streambuf {
 public:
  FileBuffer(UniqueFd fd, int64_t length) : fd_(std::move(fd)), length_(length), buffer_(kPiece) {}

 protected:
  int_type underflow() override {
    const size_t count = static_cast<size_t>(std::min<int64_t>(kPiece, length_ - next_));
    if (count == 0) return traits_type::eof();
    // The stream turns this into badbit: a disk that fails is not the end of the file.
    if (ReadAt(fd_.get(), next_, buffer_.data(), count) != 0) throw std::ios_base::failure("reading failed");
    next_ += static_cast<int64_t>(count);
    setg(buffer_.data(), buffer_.data(), buffer_.data() + count);
    return traits_type::to_int_type(buffer_[0]);
  }

  pos_type seekoff(off_type offset, std::ios_base::seekdir from, std::ios_base::openmode) override {
    const int64_t here = next_ - (egptr() - gptr());
    const int64_t base = from == std::ios_base::beg ? 0 : from == std::ios_base::end ? length_ : here;
    if (offset < -base || offset > length_ - base) return pos_type(off_type(-1));
    const int64_t to = base + offset;
    if (to != here) {
      setg(nullptr, nullptr, nullptr);
      next_ = to;
    }
    return to;
  }

  pos_type seekpos(pos_type position, std::ios_base::openmode mode) override {
    return seekoff(position, std::ios_base::beg, mode);
  }

 private:
  const UniqueFd fd_;
  const int64_t length_;
  int64_t next_ = 0;  // behind what is in the buffer
  std::vector<char> buffer_;
};

class FileStream final : public std::istream {
 public:
  FileStream(UniqueFd fd, int64_t length) : std::istream(nullptr), buffer_(std::move(fd), length) {
    rdbuf(&buffer_);
  }

 private:
  FileBuffer buffer_;
};

absl::Status Damaged(const std::string& path, absl::string_view how) {
  return absl::DataLossError(absl::StrCat(path, " is damaged: ", how));
}

absl::Status ReadError(int error, const std::string& path) {
  return error == ENODATA ? Damaged(path, "it became shorter while it was read")
                          : FileError(error, path, "read");
}

}  // namespace

absl::Status WriteCheckedFile(const std::string& path, const ByteWriter& writer) {
  IMPASTO_ASSIGN_OR_RETURN(const std::unique_ptr<AtomicFile> file,
                           AtomicFile::Create(path, absl::StrCat(path, kHalfWritten), 0600));
  Sha256 sha;
  Trailer trailer = {.version = kVersion, .length = 0};
  IMPASTO_RETURN_IF_ERROR(writer([&](absl::string_view bytes) {
    sha.Update(bytes.data(), bytes.size());
    trailer.length += bytes.size();
    return file->Append(bytes);
  }));
  std::memcpy(trailer.magic, kMagic, sizeof(kMagic));
  std::memcpy(trailer.sha256, sha.FinishBytes().data(), sizeof(trailer.sha256));
  // Has the error of an earlier piece, where the writer lost it.
  IMPASTO_RETURN_IF_ERROR(
      file->Append(absl::string_view(reinterpret_cast<const char*>(&trailer), sizeof(trailer))));
  return file->Commit();
}

absl::StatusOr<std::unique_ptr<std::istream>> OpenCheckedFile(const std::string& path) {
  // Neither a link nor a FIFO, which would wait for a writer: we made neither.
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!fd.ok() && errno == ELOOP) return Damaged(path, "it is a link");
  if (!fd.ok()) return FileError(errno, path, "opened");
  struct stat info;
  if (fstat(fd.get(), &info) != 0) return FileError(errno, path, "read");
  if (!S_ISREG(info.st_mode)) return Damaged(path, "it is no file");
  Trailer trailer;
  const int64_t length = info.st_size - static_cast<int64_t>(sizeof(trailer));
  if (length < 0) return Damaged(path, "it is cut off");
  if (const int error = ReadAt(fd.get(), length, &trailer, sizeof(trailer)); error != 0)
    return ReadError(error, path);
  if (std::memcmp(trailer.magic, kMagic, sizeof(kMagic)) != 0)
    return Damaged(path, "it is cut off, or its end is");
  if (trailer.version != kVersion)
    return Damaged(path, absl::StrCat("its format is ", trailer.version, " instead of ", kVersion));
  if (trailer.length != static_cast<uint64_t>(length))
    return Damaged(path, absl::StrCat("it has ", length, " bytes instead of ", trailer.length));
  Sha256 sha;
  std::vector<char> piece(kPiece);
  for (int64_t offset = 0; offset < length;) {
    const size_t count = static_cast<size_t>(std::min<int64_t>(kPiece, length - offset));
    if (const int error = ReadAt(fd.get(), offset, piece.data(), count); error != 0)
      return ReadError(error, path);
    sha.Update(piece.data(), count);
    offset += static_cast<int64_t>(count);
  }
  if (sha.FinishBytes() != absl::string_view(trailer.sha256, sizeof(trailer.sha256)))
    return Damaged(path, "its checksum doesn't match");
  return std::make_unique<FileStream>(std::move(fd), length);
}

}  // namespace impasto::jobs
