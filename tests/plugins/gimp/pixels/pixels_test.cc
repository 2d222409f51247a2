#include "pixels/pixels.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/plugins/gimp/pixels/gegl_buffers.h"

namespace impasto::gimp {
namespace {

using ::testing::HasSubstr;

ReceivedPicture Received(v1::PixelFormat format, int width, int height, std::string bytes) {
  ReceivedPicture picture;
  picture.header.set_format(v1::PICTURE_FORMAT_RAW);
  picture.header.set_pixel_format(format);
  picture.header.set_width(width);
  picture.header.set_height(height);
  picture.header.set_stride(static_cast<int64_t>(bytes.size()) / height);
  picture.bytes = std::move(bytes);
  return picture;
}

struct Case {
  const char* babl;
  v1::PixelFormat travels;
  const char* as;  // Babl's name of what travels
};

TEST(PixelsTest, EachFormatTravelsWithItsOwnCurve) {
  const Case cases[] = {
      {"R'G'B' u8", v1::PIXEL_FORMAT_RGB8, "R'G'B' u8"},
      {"R'G'B'A u8", v1::PIXEL_FORMAT_RGBA8, "R'G'B'A u8"},
      {"RGB u8", v1::PIXEL_FORMAT_RGB8, "RGB u8"},
      {"Y' u8", v1::PIXEL_FORMAT_GRAY8, "Y' u8"},
      {"Y'A u8", v1::PIXEL_FORMAT_GRAY_ALPHA8, "Y'A u8"},
      {"Y u8", v1::PIXEL_FORMAT_GRAY8, "Y u8"},
      {"R'G'B' u16", v1::PIXEL_FORMAT_RGB16, "R'G'B' u16"},
      {"RGBA u16", v1::PIXEL_FORMAT_RGBA16, "RGBA u16"},
      {"Y' u16", v1::PIXEL_FORMAT_GRAY16, "Y' u16"},
      {"YA u16", v1::PIXEL_FORMAT_GRAY_ALPHA16, "YA u16"},
      {"R'G'B' u32", v1::PIXEL_FORMAT_RGB_FLOAT, "R'G'B' float"},
      {"RGBA half", v1::PIXEL_FORMAT_RGBA_FLOAT, "RGBA float"},
      {"RGB float", v1::PIXEL_FORMAT_RGB_FLOAT, "RGB float"},
      {"R'G'B'A double", v1::PIXEL_FORMAT_RGBA_FLOAT, "R'G'B'A float"},
      {"Y float", v1::PIXEL_FORMAT_RGB_FLOAT, "RGB float"},
      {"Y'A u32", v1::PIXEL_FORMAT_RGBA_FLOAT, "R'G'B'A float"},
  };
  for (const Case& one : cases) {
    const Babl* format = babl_format(one.babl);
    EXPECT_EQ(TravelFormat(format), one.travels) << one.babl;
    EXPECT_EQ(BablFormat(one.travels, format), babl_format(one.as)) << one.babl;
  }
}

TEST(PixelsTest, KnowsCurveAndGray) {
  EXPECT_TRUE(IsLinear(babl_format("RGBA half")));
  EXPECT_FALSE(IsLinear(babl_format("R'G'B' u8")));
  EXPECT_TRUE(IsLinear(babl_format("Y u8")));
  EXPECT_FALSE(IsLinear(babl_format("Y'A u16")));
  EXPECT_TRUE(IsGray(babl_format("Y'A u16")));
  EXPECT_FALSE(IsGray(babl_format("RGB u16")));
}

TEST(PixelsTest, AnotherSpaceIsKept) {
  const Babl* space = babl_space("Adobish");
  const Babl* format = babl_format_with_space("R'G'B'A u16", space);
  EXPECT_EQ(BablFormat(TravelFormat(format), format), format);
  // Of grey in another space only the primaries of sRGB are known to the server.
  const Babl* gray = babl_format_with_space("Y' float", space);
  EXPECT_EQ(BablFormat(TravelFormat(gray), gray), babl_format("R'G'B' float"));
}

TEST(PixelsTest, ReadsAPartAsItIs) {
  const Babl* format = babl_format("R'G'B'A u16");
  const Buffer buffer = NewBuffer(4, 3, format);
  std::vector<uint16_t> values(4 * 3 * 4);
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<uint16_t>(1000 + 7 * i);
  }
  gegl_buffer_set(buffer.get(), nullptr, 0, format, values.data(), GEGL_AUTO_ROWSTRIDE);
  const absl::StatusOr<v1::Picture> picture = ReadPixels(buffer.get(), {1, 1, 2, 2}, "a profile");
  ASSERT_TRUE(picture.ok()) << picture.status();
  EXPECT_EQ(picture->raw().format(), v1::PIXEL_FORMAT_RGBA16);
  EXPECT_EQ(picture->raw().width(), 2);
  EXPECT_EQ(picture->raw().height(), 2);
  EXPECT_EQ(picture->raw().icc_profile(), "a profile");
  std::vector<uint16_t> part(2 * 2 * 4);
  ASSERT_EQ(picture->raw().data().size(), part.size() * 2);
  std::memcpy(part.data(), picture->raw().data().data(), picture->raw().data().size());
  const std::vector<uint16_t> expected(values.begin() + (4 + 1) * 4, values.begin() + (4 + 3) * 4);
  EXPECT_EQ(std::vector<uint16_t>(part.begin(), part.begin() + 8), expected);
}

TEST(PixelsTest, WhatItReadsItCanWriteBack) {
  for (const char* name : {"Y' u8", "YA u16", "RGBA u8", "R'G'B' half", "RGB float"}) {
    const Babl* format = babl_format(name);
    const Buffer buffer = NewBuffer(3, 2, format);
    const int components = babl_format_get_n_components(format);
    std::vector<float> values(3 * 2 * components);
    for (size_t i = 0; i < values.size(); ++i) {
      values[i] = 0.1f + 0.03f * static_cast<float>(i);
    }
    gegl_buffer_set(buffer.get(), nullptr, 0, WithType(format, "float"), values.data(), GEGL_AUTO_ROWSTRIDE);
    const size_t bytes = static_cast<size_t>(3) * 2 * babl_format_get_bytes_per_pixel(format);
    std::string before(bytes, 0);
    gegl_buffer_get(buffer.get(), nullptr, 1, nullptr, before.data(), GEGL_AUTO_ROWSTRIDE, GEGL_ABYSS_NONE);

    const GeglRectangle whole = {0, 0, 3, 2};
    const absl::StatusOr<v1::Picture> picture = ReadPixels(buffer.get(), whole, "");
    ASSERT_TRUE(picture.ok()) << picture.status();
    gegl_buffer_clear(buffer.get(), nullptr);
    ASSERT_TRUE(
        WritePixels(Received(picture->raw().format(), 3, 2, picture->raw().data()), buffer.get(), whole)
            .ok());
    std::string after(bytes, 0);
    gegl_buffer_get(buffer.get(), nullptr, 1, nullptr, after.data(), GEGL_AUTO_ROWSTRIDE, GEGL_ABYSS_NONE);
    EXPECT_EQ(before, after) << name;
  }
}

TEST(PixelsTest, WritesValuesOfAnotherSpaceConverted) {
  // A linear space's own values are light; in a perceptual buffer 0.5 of it is 188 of 255.
  const Babl* linear = babl_space_with_trc(babl_space("sRGB"), babl_trc_gamma(1.0));
  const Buffer buffer = NewBuffer(2, 2, babl_format("R'G'B' u8"));
  ASSERT_TRUE(WritePixels(Received(v1::PIXEL_FORMAT_RGB8, 2, 2, std::string(12, '\x80')), linear,
                          buffer.get(), {0, 0, 2, 2})
                  .ok());
  uint8_t pixel[3];
  const GeglRectangle first = {0, 0, 1, 1};
  gegl_buffer_get(buffer.get(), &first, 1, babl_format("R'G'B' u8"), pixel, GEGL_AUTO_ROWSTRIDE,
                  GEGL_ABYSS_NONE);
  EXPECT_NEAR(pixel[0], 188, 1);
  EXPECT_NEAR(pixel[1], 188, 1);
  EXPECT_NEAR(pixel[2], 188, 1);
}

TEST(PixelsTest, RefusesWhatNoServerTakes) {
  const Buffer small = NewBuffer(1, 5, babl_format("R'G'B' u8"));
  EXPECT_EQ(ReadPixels(small.get(), {0, 0, 1, 5}, "").status().message(),
            "This part of the picture is too small to be painted.");
  const Buffer large =
      NewBuffer(5000, 4000, babl_format("R'G'B'A float"));  // its tiles are made when they are used
  const absl::Status refused = ReadPixels(large.get(), {0, 0, 5000, 4000}, "").status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(refused.message()),
              HasSubstr("Select a smaller part, or scale the image down first."));
}

TEST(PixelsTest, WritesNoPictureOfAnotherSize) {
  const Buffer buffer = NewBuffer(2, 2, babl_format("R'G'B' u8"));
  const GeglRectangle whole = {0, 0, 2, 2};
  const auto write = [&](ReceivedPicture picture) {
    return WritePixels(picture, buffer.get(), whole).code();
  };
  EXPECT_EQ(write(Received(v1::PIXEL_FORMAT_RGB8, 3, 2, std::string(18, 'x'))), absl::StatusCode::kInternal);
  EXPECT_EQ(write(Received(v1::PIXEL_FORMAT_RGB8, 2, 2, std::string(11, 'x'))), absl::StatusCode::kInternal);
  EXPECT_EQ(write(Received(v1::PIXEL_FORMAT_UNSPECIFIED, 2, 2, std::string(12, 'x'))),
            absl::StatusCode::kInternal);
  ReceivedPicture png = Received(v1::PIXEL_FORMAT_RGB8, 2, 2, std::string(12, 'x'));
  png.header.set_format(v1::PICTURE_FORMAT_PNG);
  EXPECT_EQ(write(png), absl::StatusCode::kInternal);
  EXPECT_EQ(write(Received(v1::PIXEL_FORMAT_RGB8, 2, 2, std::string(16, 'x'))),
            absl::StatusCode::kOk);  // padded
}

}  // namespace
}  // namespace impasto::gimp
