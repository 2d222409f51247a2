#include "app/picture_proto.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "base/field_error.h"

namespace impasto::app {
namespace {

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

imaging::Format FormatOr(v1::PictureFormat format, imaging::Format unspecified) {
  for (const auto& [proto, value] : kPictureFormats) {
    if (proto == format) return value;
  }
  return unspecified;
}

}  // namespace

imaging::PixelFormat PixelFormatOr(v1::PixelFormat format, imaging::PixelFormat unspecified) {
  for (const auto& [proto, value] : kPixelFormats) {
    if (proto == format) return value;
  }
  return unspecified;
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

imaging::EncodeOptions ResultOptions(const v1::OutputOptions& output, bool has_alpha) {
  imaging::EncodeOptions options;
  options.format = FormatOr(output.format(), imaging::Format::kPng);
  options.raw_format = PixelFormatOr(output.pixel_format(),
                                     has_alpha ? imaging::PixelFormat::kRgba8 : imaging::PixelFormat::kRgb8);
  options.original_size = output.size() == v1::OUTPUT_SIZE_ORIGINAL;
  if (output.quality() > 0) options.quality = output.quality();
  return options;
}

imaging::EncodeOptions PreviewEncodeOptions(const v1::PreviewOptions& preview) {
  imaging::EncodeOptions options;
  options.quality = kPreviewQuality;
  options.format = FormatOr(preview.format(), imaging::Format::kJpeg);
  options.raw_format = PixelFormatOr(preview.pixel_format(), imaging::PixelFormat::kRgb8);
  options.max_size = preview.max_size();
  return options;
}

imaging::RawPixels RawPixelsFromProto(const v1::RawPixels& raw) {
  return {.format = PixelFormatOr(raw.format(), imaging::PixelFormat::kRgb8),
          .width = raw.width(),
          .height = raw.height(),
          .stride = raw.stride(),
          .data = raw.data(),
          .icc_profile = raw.icc_profile()};
}

absl::Status CheckRawLayout(const v1::RawPixels& raw, const imaging::Limits& limits) {
  for (const auto& [field, value] : {std::pair("width", raw.width()), std::pair("height", raw.height())}) {
    if (value < limits.min_side || value > limits.max_side) {
      return FieldError(field,
                        absl::StrFormat("%d is not within %d..%d", value, limits.min_side, limits.max_side));
    }
  }
  const int64_t pixels = int64_t{raw.width()} * raw.height();
  if (pixels > limits.max_pixels) {
    return FieldError("width", absl::StrFormat("%d x %d pixels are more than %d", raw.width(), raw.height(),
                                               limits.max_pixels));
  }
  const int64_t row = int64_t{raw.width()} * imaging::BytesPerPixel(RawPixelsFromProto(raw).format);
  if (raw.stride() != 0 && raw.stride() < row) {
    return FieldError("stride", absl::StrFormat("%d is less than the %d bytes of a row", raw.stride(), row));
  }
  return absl::OkStatus();
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
