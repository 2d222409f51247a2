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
#include "impasto/internal/status_macros.h"

namespace impasto {
namespace {

constexpr int kMinSide = 2;
constexpr int kMaxSide = 30000;

absl::Status CheckSide(const char* name, int side) {
  return side >= kMinSide && side <= kMaxSide
             ? absl::OkStatus()
             : absl::InvalidArgumentError(
                   absl::StrCat(name, ": ", side, " is not in ", kMinSide, "..", kMaxSide));
}

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

int BytesPerPixel(v1::PixelFormat format) {
  switch (format) {
    case v1::PIXEL_FORMAT_GRAY8:
      return 1;
    case v1::PIXEL_FORMAT_GRAY_ALPHA8:
    case v1::PIXEL_FORMAT_GRAY16:
      return 2;
    case v1::PIXEL_FORMAT_RGB8:
    case v1::PIXEL_FORMAT_BGR8:
      return 3;
    case v1::PIXEL_FORMAT_RGBA8:
    case v1::PIXEL_FORMAT_BGRA8:
    case v1::PIXEL_FORMAT_GRAY_ALPHA16:
      return 4;
    case v1::PIXEL_FORMAT_RGB16:
      return 6;
    case v1::PIXEL_FORMAT_RGBA16:
    case v1::PIXEL_FORMAT_BGRA16:
      return 8;
    case v1::PIXEL_FORMAT_RGB_FLOAT:
      return 12;
    case v1::PIXEL_FORMAT_RGBA_FLOAT:
      return 16;
    default:
      return 0;
  }
}

absl::StatusOr<v1::Picture> PictureFromPixels(const Pixels& pixels) {
  const int64_t row = int64_t{BytesPerPixel(pixels.format)} * pixels.width;
  if (BytesPerPixel(pixels.format) == 0) {
    return absl::InvalidArgumentError(absl::StrCat("format: ", pixels.format, " is no layout of pixels"));
  }
  IMPASTO_CLIENT_RETURN_IF_ERROR(CheckSide("width", pixels.width));
  IMPASTO_CLIENT_RETURN_IF_ERROR(CheckSide("height", pixels.height));
  const int64_t stride = pixels.stride == 0 ? row : pixels.stride;
  if (stride < row || stride > kMaxPictureBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("stride: ", stride, " is not in ", row, "..", kMaxPictureBytes));
  }
  const int64_t bytes = stride * (pixels.height - 1) + row;
  if (bytes > kMaxPictureBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("data: ", bytes, " bytes; a server takes ", kMaxPictureBytes >> 20, " MiB"));
  }
  if (pixels.data == nullptr) {
    return absl::InvalidArgumentError("data: none");
  }
  v1::Picture picture;
  v1::RawPixels& raw = *picture.mutable_raw();
  raw.set_format(pixels.format);
  raw.set_width(pixels.width);
  raw.set_height(pixels.height);
  raw.set_stride(pixels.stride);
  raw.set_icc_profile(pixels.icc_profile);
  raw.set_data(pixels.data, static_cast<size_t>(bytes));
  return picture;
}

v1::Picture PictureFromBytes(std::string encoded) {
  v1::Picture picture;
  picture.set_encoded(std::move(encoded));
  return picture;
}

}  // namespace impasto
