// Pictures of requests: a file's bytes or raw pixels, inline or uploaded before.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "app/upload_store.h"
#include "base/size.h"
#include "imaging/picture.h"
#include "impasto/v1/picture.pb.h"

namespace impasto::app {

// The same picture with its bytes in it: `encoded` or `raw`. Errors name the field below the picture.
// INVALID_ARGUMENT: none is given, or a style of the library; NOT_FOUND: no such upload.
absl::StatusOr<v1::Picture> InlinePicture(const v1::Picture& picture, UploadStore& uploads);

// For the rest, `picture` is one of InlinePicture's.

// Errors as imaging's, naming the field of raw pixels.
absl::StatusOr<imaging::Picture> DecodePicture(const v1::Picture& picture, const imaging::Limits& limits);
// The size that it has decoded, from its header alone. Errors as DecodePicture's, as far as they show there.
absl::StatusOr<Size> PictureSize(const v1::Picture& picture, const imaging::Limits& limits);

// Of pictures that have a size.

// Takes the padding between rows out, and what lies behind the last one. A file is as it was.
void TakeOutPadding(v1::Picture* picture);
// SHA-256 of what decides its pixels, lower-case hex: of a file's bytes, as `sha256sum` has it; of raw pixels
// a line with their layout, the profile, and the rows without padding. So the same file is the same picture
// wherever it came from, and no picture has to be decoded to be known.
std::string PictureSha256(const v1::Picture& picture);

}  // namespace impasto::app
