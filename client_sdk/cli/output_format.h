// File name extensions and picture formats.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "impasto/v1/picture.pb.h"

namespace impasto::cli {

// By the extension, in any case: png, jpg or jpeg, webp, tif or tiff. INVALID_ARGUMENT for another.
absl::StatusOr<v1::PictureFormat> FormatOfFile(const std::string& path);

// "jpg" and so on; "bin" for what isn't a file format.
std::string ExtensionOf(v1::PictureFormat format);

}  // namespace impasto::cli
