#include "app/picture_proto.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "base/field_error.h"
#include "base/status_macros.h"

namespace impasto::app {
namespace {

constexpr int kMostIterations = 100'000;
constexpr double kShortestInterval = 0.1;  // s; a preview costs an encoding
constexpr int kSmallestSide = 16;
constexpr int kLargestSide = 8192;
constexpr int kPreviewQuality = 85;

constexpr std::pair<v1::PixelFormat, imaging::PixelFormat> kPixelFormats[] = {
    {v1::PIXEL_FORMAT_GRAY8, imaging::PixelFormat::kGray8},
    {v1::PIXEL_FORMAT_GRAY_ALPHA8, imaging::PixelFormat::kGrayAlpha8},
    {v1::PIXEL_FORMAT_RGB8, imaging::PixelFormat::kRgb8},
    {v1::PIXEL_FORMAT_RGBA8, imaging::PixelFormat::kRgba8},
    {v1::PIXEL_FORMAT_BGR8, imaging::PixelFormat::kBgr8},
    {v1::PIXEL_FORMAT_BGRA8, imaging::PixelFormat::kBgra8},
    {v1::PIXEL_FORMAT_GRAY16, imaging::PixelFormat::kGray16},
    {v1::PIXEL_FORMAT_GRAY_ALPHA16, imaging::PixelFormat::kGrayAlpha16},
    {v1::PIXEL_FORMAT_RGB16, imaging::PixelFormat::kRgb16},
    {v1::PIXEL_FORMAT_RGBA16, imaging::PixelFormat::kRgba16},
    {v1::PIXEL_FORMAT_BGRA16, imaging::PixelFormat::kBgra16},
    {v1::PIXEL_FORMAT_RGB_FLOAT, imaging::PixelFormat::kRgbFloat},
    {v1::PIXEL_FORMAT_RGBA_FLOAT, imaging::PixelFormat::kRgbaFloat},
};
constexpr std::pair<v1::PictureFormat, imaging::Format> kPictureFormats[] = {
    {v1::PICTURE_FORMAT_PNG, imaging::Format::kPng},   {v1::PICTURE_FORMAT_JPEG, imaging::Format::kJpeg},
    {v1::PICTURE_FORMAT_WEBP, imaging::Format::kWebp}, {v1::PICTURE_FORMAT_TIFF, imaging::Format::kTiff},
    {v1::PICTURE_FORMAT_RAW, imaging::Format::kRaw},
};

absl::StatusOr<imaging::Format> FormatOr(v1::PictureFormat format, imaging::Format unspecified) {
  if (format == v1::PICTURE_FORMAT_UNSPECIFIED) return unspecified;
  for (const auto& [proto, value] : kPictureFormats) {
    if (proto == format) return value;
  }
  return FieldError("format", absl::StrFormat("unknown value %d", format));
}

absl::StatusOr<imaging::PixelFormat> PixelFormatOr(v1::PixelFormat format, imaging::PixelFormat unspecified) {
  if (format == v1::PIXEL_FORMAT_UNSPECIFIED) return unspecified;
  const auto value = PixelFormatFromProto(format);
  if (!value.ok()) return FieldError("pixel_format", absl::StrFormat("unknown value %d", format));
  return value;
}

}  // namespace

absl::StatusOr<imaging::PixelFormat> PixelFormatFromProto(v1::PixelFormat format) {
  if (format == v1::PIXEL_FORMAT_UNSPECIFIED) return FieldError("format", "not given");
  for (const auto& [proto, value] : kPixelFormats) {
    if (proto == format) return value;
  }
  return FieldError("format", absl::StrFormat("unknown value %d", format));
}

v1::PixelFormat PixelFormatToProto(imaging::PixelFormat format) {
  for (const auto& [proto, value] : kPixelFormats) {
    if (value == format) return proto;
  }
  return v1::PIXEL_FORMAT_UNSPECIFIED;
}

v1::PictureFormat PictureFormatToProto(imaging::Format format) {
  for (const auto& [proto, value] : kPictureFormats) {
    if (value == format) return proto;
  }
  return v1::PICTURE_FORMAT_UNSPECIFIED;
}

absl::StatusOr<imaging::EncodeOptions> ResultOptions(const v1::OutputOptions& output, bool has_alpha) {
  imaging::EncodeOptions options;
  IMPASTO_ASSIGN_OR_RETURN(options.format, FormatOr(output.format(), imaging::Format::kPng));
  IMPASTO_ASSIGN_OR_RETURN(options.raw_format,
                           PixelFormatOr(output.pixel_format(), has_alpha ? imaging::PixelFormat::kRgba8
                                                                          : imaging::PixelFormat::kRgb8));
  switch (output.size()) {
    case v1::OUTPUT_SIZE_UNSPECIFIED:
    case v1::OUTPUT_SIZE_WORKING:
      break;
    case v1::OUTPUT_SIZE_ORIGINAL:
      options.original_size = true;
      break;
    default:
      return FieldError("size", absl::StrFormat("unknown value %d", output.size()));
  }
  if (output.quality() < 0 || output.quality() > 100) {
    return FieldError("quality", absl::StrFormat("%d is not within 1..100", output.quality()));
  }
  if (output.quality() > 0) options.quality = output.quality();
  return options;
}

absl::StatusOr<imaging::EncodeOptions> PreviewEncodeOptions(const v1::PreviewOptions& preview) {
  imaging::EncodeOptions options;
  options.quality = kPreviewQuality;
  IMPASTO_ASSIGN_OR_RETURN(options.format, FormatOr(preview.format(), imaging::Format::kJpeg));
  IMPASTO_ASSIGN_OR_RETURN(options.raw_format,
                           PixelFormatOr(preview.pixel_format(), imaging::PixelFormat::kRgb8));
  const int side = preview.max_size();
  if (side != 0 && (side < kSmallestSide || side > kLargestSide)) {
    return FieldError("max_size",
                      absl::StrFormat("%d is not 0 or within %d..%d", side, kSmallestSide, kLargestSide));
  }
  options.max_size = side;
  return options;
}

absl::StatusOr<jobs::PreviewSchedule> PreviewScheduleFromProto(const v1::PreviewOptions& preview) {
  jobs::PreviewSchedule schedule;
  schedule.every_iterations = preview.every_iterations();
  if (schedule.every_iterations < 0 || schedule.every_iterations > kMostIterations) {
    return FieldError("every_iterations",
                      absl::StrFormat("%d is not within 0..%d", schedule.every_iterations, kMostIterations));
  }
  schedule.interval_seconds = static_cast<double>(preview.interval().seconds()) +
                              1e-9 * static_cast<double>(preview.interval().nanos());
  if (schedule.interval_seconds != 0 && !(schedule.interval_seconds >= kShortestInterval)) {
    return FieldError("interval", absl::StrFormat("%g s is not 0 or at least %g s", schedule.interval_seconds,
                                                  kShortestInterval));
  }
  return schedule;
}

absl::StatusOr<imaging::RawPixels> RawPixelsFromProto(const v1::RawPixels& raw) {
  imaging::RawPixels pixels;
  IMPASTO_ASSIGN_OR_RETURN(pixels.format, PixelFormatFromProto(raw.format()));
  pixels.width = raw.width();
  pixels.height = raw.height();
  pixels.stride = raw.stride();
  pixels.data = raw.data();
  pixels.icc_profile = raw.icc_profile();
  return pixels;
}

jobs::EncodedPicture ToEncodedPicture(imaging::Encoded encoded) {
  jobs::EncodedPicture picture;
  picture.header.set_format(PictureFormatToProto(encoded.format));
  picture.header.set_width(encoded.width);
  picture.header.set_height(encoded.height);
  picture.header.set_total_bytes(static_cast<int64_t>(encoded.data.size()));
  if (encoded.format == imaging::Format::kRaw) {
    picture.header.set_pixel_format(PixelFormatToProto(encoded.pixel_format));
    picture.header.set_stride(encoded.stride);
  }
  picture.data = std::move(encoded.data);
  return picture;
}

}  // namespace impasto::app
