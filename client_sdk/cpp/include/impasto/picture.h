// Pictures that are sent to a server, and pictures that come from one.
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

// The bytes of a PNG, JPEG, WebP or TIFF file as a picture. They aren't looked at here.
v1::Picture PictureFromBytes(std::string encoded);

}  // namespace impasto
