// Pictures that are sent to a server, and pictures that come from one. All functions are thread-safe.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "impasto/v1/picture.pb.h"

namespace impasto {

// The largest picture that a server takes, bytes.
inline constexpr int64_t kMaxPictureBytes = int64_t{256} << 20;

// A picture that a server sent, whole. `bytes` is a file of `header.format()`, or for PICTURE_FORMAT_RAW the
// pixels.
struct ReceivedPicture {
  v1::PictureHeader header;
  std::string bytes;
};

// The file's bytes as a picture, to be sent as they are: the server decodes them. Errors name the file:
// NOT_FOUND: it isn't there; PERMISSION_DENIED: it can't be opened; INVALID_ARGUMENT: it is a directory,
// empty, or beyond kMaxPictureBytes.
absl::StatusOr<v1::Picture> PictureFromFile(const std::string& path);

// Pixels in the caller's memory.
struct Pixels {
  v1::PixelFormat format = v1::PIXEL_FORMAT_UNSPECIFIED;
  int width = 0;               // 2..30000
  int height = 0;              // 2..30000
  const void* data = nullptr;  // rows from the top
  int64_t stride = 0;          // bytes from the start of one row to that of the next; 0: rows without a gap
  std::string icc_profile;     // empty: sRGB
};

// A copy of the pixels as a picture. INVALID_ARGUMENT, naming the member: a format that this SDK doesn't
// know, a side or a stride out of range, no data, or more than kMaxPictureBytes.
absl::StatusOr<v1::Picture> PictureFromPixels(const Pixels& pixels);

// 0: a format that this SDK doesn't know. Those of 16 bits and of floats are in this machine's byte order.
int BytesPerPixel(v1::PixelFormat format);

// The bytes of a PNG, JPEG, WebP or TIFF file as a picture. They aren't looked at here.
v1::Picture PictureFromBytes(std::string encoded);

}  // namespace impasto
