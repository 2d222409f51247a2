#include "cli/output_format.h"

#include <filesystem>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace impasto::cli {

absl::StatusOr<v1::PictureFormat> FormatOfFile(const std::string& path) {
  const std::string extension = absl::AsciiStrToLower(std::filesystem::path(path).extension().string());
  if (extension == ".png") {
    return v1::PICTURE_FORMAT_PNG;
  }
  if (extension == ".jpg" || extension == ".jpeg") {
    return v1::PICTURE_FORMAT_JPEG;
  }
  if (extension == ".webp") {
    return v1::PICTURE_FORMAT_WEBP;
  }
  if (extension == ".tif" || extension == ".tiff") {
    return v1::PICTURE_FORMAT_TIFF;
  }
  return absl::InvalidArgumentError(absl::StrCat(
      path, ": the extension chooses the format and has to be png, jpg, jpeg, webp, tif or tiff"));
}

std::string ExtensionOf(v1::PictureFormat format) {
  switch (format) {
    case v1::PICTURE_FORMAT_PNG:
      return "png";
    case v1::PICTURE_FORMAT_JPEG:
      return "jpg";
    case v1::PICTURE_FORMAT_WEBP:
      return "webp";
    case v1::PICTURE_FORMAT_TIFF:
      return "tif";
    default:
      return "bin";
  }
}

}  // namespace impasto::cli
