#include "app/picture_proto.h"

#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include "base/field_error.h"

namespace impasto::app {
namespace {

TEST(PictureProtoTest, EveryPixelFormatGoesThereAndBack) {
  const auto* values = v1::PixelFormat_descriptor();
  for (int i = 0; i < values->value_count(); ++i) {
    const auto proto = static_cast<v1::PixelFormat>(values->value(i)->number());
    if (proto == v1::PIXEL_FORMAT_UNSPECIFIED) continue;
    EXPECT_EQ(PixelFormatToProto(PixelFormatOr(proto, imaging::PixelFormat::kGray8)), proto)
        << values->value(i)->name();
  }
  EXPECT_EQ(PixelFormatOr(v1::PIXEL_FORMAT_UNSPECIFIED, imaging::PixelFormat::kBgra8),
            imaging::PixelFormat::kBgra8);
}

TEST(PictureProtoTest, ResultDefaults) {
  const auto options = ResultOptions(v1::OutputOptions(), /*has_alpha=*/false);
  EXPECT_EQ(options.format, imaging::Format::kPng);
  EXPECT_EQ(options.raw_format, imaging::PixelFormat::kRgb8);
  EXPECT_EQ(options.quality, 92);
  EXPECT_FALSE(options.original_size);
  EXPECT_EQ(ResultOptions(v1::OutputOptions(), /*has_alpha=*/true).raw_format, imaging::PixelFormat::kRgba8);
}

TEST(PictureProtoTest, ResultOptionsFollowTheRequest) {
  v1::OutputOptions output;
  output.set_format(v1::PICTURE_FORMAT_RAW);
  output.set_pixel_format(v1::PIXEL_FORMAT_BGRA16);
  output.set_size(v1::OUTPUT_SIZE_ORIGINAL);
  output.set_quality(7);
  const auto options = ResultOptions(output, false);
  EXPECT_EQ(options.format, imaging::Format::kRaw);
  EXPECT_EQ(options.raw_format, imaging::PixelFormat::kBgra16);
  EXPECT_EQ(options.quality, 7);
  EXPECT_TRUE(options.original_size);
}

TEST(PictureProtoTest, Previews) {
  v1::PreviewOptions preview;
  EXPECT_EQ(PreviewEncodeOptions(preview).format, imaging::Format::kJpeg);
  EXPECT_EQ(PreviewEncodeOptions(preview).max_size, 0);
  preview.set_max_size(64);
  EXPECT_EQ(PreviewEncodeOptions(preview).max_size, 64);
}

TEST(PictureProtoTest, RawPixelsKeepTheirBytes) {
  v1::RawPixels raw;
  raw.set_format(v1::PIXEL_FORMAT_GRAY16);
  raw.set_width(3);
  raw.set_height(2);
  raw.set_stride(8);
  raw.set_data("0123456789abcd");
  raw.set_icc_profile("icc");
  const auto pixels = RawPixelsFromProto(raw);
  EXPECT_EQ(pixels.format, imaging::PixelFormat::kGray16);
  EXPECT_EQ(pixels.width, 3);
  EXPECT_EQ(pixels.height, 2);
  EXPECT_EQ(pixels.stride, 8);
  EXPECT_EQ(pixels.data, "0123456789abcd");
  EXPECT_EQ(pixels.icc_profile, "icc");
}

TEST(PictureProtoTest, LayoutsThatCannotBeAreRefusedWithTheirField) {
  v1::RawPixels good;
  good.set_format(v1::PIXEL_FORMAT_RGB8);
  good.set_width(4);
  good.set_height(3);
  EXPECT_TRUE(CheckRawLayout(good, imaging::Limits()).ok());
  good.set_stride(12);
  EXPECT_TRUE(CheckRawLayout(good, imaging::Limits()).ok());
  const auto refused = [&](auto spoil) {
    v1::RawPixels bad = good;
    spoil(bad);
    const absl::Status status = CheckRawLayout(bad, imaging::Limits());
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    return FieldOf(status);
  };
  EXPECT_EQ(refused([](v1::RawPixels& r) { r.set_width(1); }), "width");
  EXPECT_EQ(refused([](v1::RawPixels& r) { r.set_width(30001); }), "width");
  EXPECT_EQ(refused([](v1::RawPixels& r) { r.set_height(-3); }), "height");
  EXPECT_EQ(refused([](v1::RawPixels& r) { r.set_stride(11); }), "stride");
  EXPECT_EQ(refused([](v1::RawPixels& r) { r.set_stride(-12); }), "stride");
  EXPECT_EQ(refused([](v1::RawPixels& r) {
              r.set_width(20000);
              r.set_height(20000);
              r.set_stride(0);
            }),
            "width");
}

TEST(PictureProtoTest, Headers) {
  const jobs::EncodedPicture raw = ToEncodedPicture({.data = "abcdef",
                                                     .format = imaging::Format::kRaw,
                                                     .pixel_format = imaging::PixelFormat::kRgb8,
                                                     .width = 1,
                                                     .height = 2,
                                                     .stride = 3});
  EXPECT_EQ(raw.data, "abcdef");
  EXPECT_EQ(raw.header.format(), v1::PICTURE_FORMAT_RAW);
  EXPECT_EQ(raw.header.pixel_format(), v1::PIXEL_FORMAT_RGB8);
  EXPECT_EQ(raw.header.width(), 1);
  EXPECT_EQ(raw.header.height(), 2);
  EXPECT_EQ(raw.header.stride(), 3);
  EXPECT_EQ(raw.header.total_bytes(), 6);
  const jobs::EncodedPicture png =
      ToEncodedPicture({.data = "abc", .format = imaging::Format::kPng, .width = 1, .height = 2});
  EXPECT_EQ(png.header.format(), v1::PICTURE_FORMAT_PNG);
  EXPECT_EQ(png.header.pixel_format(), v1::PIXEL_FORMAT_UNSPECIFIED);
}

}  // namespace
}  // namespace impasto::app
