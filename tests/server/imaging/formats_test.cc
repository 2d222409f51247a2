#include "imaging/formats.h"

#include <gtest/gtest.h>

#include <string>

namespace impasto::imaging {
namespace {

using std::string_literals::operator""s;  // NOLINT(misc-unused-using-decls): literals use it

TEST(SniffFormatTest, KnowsTheFourByTheirFirstBytes) {
  EXPECT_EQ(SniffFormat("\x89PNG\r\n\x1a\n..."), Format::kPng);
  EXPECT_EQ(SniffFormat("\xff\xd8\xff\xe0"), Format::kJpeg);
  EXPECT_EQ(SniffFormat("RIFF\1\0\0\0WEBPVP8 "s), Format::kWebp);
  EXPECT_EQ(SniffFormat("II*\0...."s), Format::kTiff);
  EXPECT_EQ(SniffFormat("MM\0*...."s), Format::kTiff);
  EXPECT_EQ(SniffFormat("II+\0...."s), Format::kTiff);
}

TEST(SniffFormatTest, KnowsNoOther) {
  EXPECT_EQ(SniffFormat(""), std::nullopt);
  EXPECT_EQ(SniffFormat("\x89PNG"), std::nullopt);
  EXPECT_EQ(SniffFormat("GIF89a"), std::nullopt);
  EXPECT_EQ(SniffFormat("RIFF\1\0\0\0WAVE"s), std::nullopt);
  EXPECT_EQ(SniffFormat("RIFF"), std::nullopt);
  EXPECT_EQ(SniffFormat("<svg xmlns=\"http://www.w3.org/2000/svg\"/>"), std::nullopt);
}

TEST(LayoutTest, BytesPerPixel) {
  EXPECT_EQ(BytesPerPixel(PixelFormat::kGray8), 1);
  EXPECT_EQ(BytesPerPixel(PixelFormat::kGrayAlpha8), 2);
  EXPECT_EQ(BytesPerPixel(PixelFormat::kRgb8), 3);
  EXPECT_EQ(BytesPerPixel(PixelFormat::kRgba8), 4);
  EXPECT_EQ(BytesPerPixel(PixelFormat::kBgr8), 3);
  EXPECT_EQ(BytesPerPixel(PixelFormat::kBgra8), 4);
  EXPECT_EQ(BytesPerPixel(PixelFormat::kGray16), 2);
  EXPECT_EQ(BytesPerPixel(PixelFormat::kGrayAlpha16), 4);
  EXPECT_EQ(BytesPerPixel(PixelFormat::kRgb16), 6);
  EXPECT_EQ(BytesPerPixel(PixelFormat::kRgba16), 8);
  EXPECT_EQ(BytesPerPixel(PixelFormat::kBgra16), 8);
  EXPECT_EQ(BytesPerPixel(PixelFormat::kRgbFloat), 12);
  EXPECT_EQ(BytesPerPixel(PixelFormat::kRgbaFloat), 16);
}

TEST(CheckSizeTest, NamesTheLimitAndTheValue) {
  const Limits limits;
  EXPECT_TRUE(CheckSize(2, 2, limits).ok());
  EXPECT_TRUE(CheckSize(10'000, 10'000, limits).ok());
  EXPECT_TRUE(CheckSize(30'000, 3'333, limits).ok());
  EXPECT_EQ(CheckSize(40'000, 20'000, limits),
            absl::InvalidArgumentError("the picture is 40000 x 20000 pixels; at most 30000 on a side"));
  EXPECT_EQ(CheckSize(2, 30'001, limits),
            absl::InvalidArgumentError("the picture is 2 x 30001 pixels; at most 30000 on a side"));
  EXPECT_EQ(
      CheckSize(10'001, 10'000, limits),
      absl::InvalidArgumentError("the picture is 10001 x 10000 pixels; at most 100000000 pixels in all"));
  EXPECT_EQ(CheckSize(1, 40, limits),
            absl::InvalidArgumentError("the picture is 1 x 40 pixels; at least 2 on a side"));
  EXPECT_EQ(CheckSize(0, 0, limits),
            absl::InvalidArgumentError("the picture is 0 x 0 pixels; at least 2 on a side"));
  EXPECT_EQ(CheckSize(-5, 9, limits),
            absl::InvalidArgumentError("the picture is -5 x 9 pixels; at least 2 on a side"));
}

TEST(JpegScansTest, CountsScansOnly) {
  const std::string start = "\xff\xd8"s;
  const std::string scan = "\xff\xda\0\4\1\2data\xff\0\xff\xd0more"s;
  // A segment whose content looks like scans.
  const std::string segment = "\xff\xe1\0\x0a\xff\xda\0\4\xff\xda\0\4"s;
  EXPECT_FALSE(JpegHasMoreScansThan(start + segment + scan + scan + "\xff\xd9"s, 2));
  EXPECT_TRUE(JpegHasMoreScansThan(start + segment + scan + scan + scan + "\xff\xd9"s, 2));
  EXPECT_FALSE(JpegHasMoreScansThan(start + "\xff\xd9"s + scan + scan + scan, 2));
  EXPECT_FALSE(JpegHasMoreScansThan("\xff\xd8\xff"s, 0));
  EXPECT_FALSE(JpegHasMoreScansThan("\xff\xd8\xff\xff\xff\xff"s, 0));
}

TEST(TiffValuesTest, MustLieInTheFile) {
  // One entry: the colour profile (34675), `count` bytes (type 7) at `offset`, in a file of 40 bytes.
  const auto classic = [](char count, char offset) {
    return "II*\0\x08\0\0\0\1\0\x73\x87\7\0"s + count + "\0\0\0"s + offset + std::string(21, '\0');
  };
  ASSERT_EQ(classic(8, 26).size(), 40u);
  EXPECT_FALSE(TiffHasValuesOutside(classic(8, 26)));
  EXPECT_FALSE(TiffHasValuesOutside(classic(8, 32)));
  EXPECT_TRUE(TiffHasValuesOutside(classic(8, 33)));
  EXPECT_TRUE(TiffHasValuesOutside(classic(41, 0)));
  EXPECT_FALSE(TiffHasValuesOutside(classic(4, 99)));  // four bytes lie in the entry itself

  const auto big_endian = [](char count, char offset) {
    return "MM\0*\0\0\0\x08\0\1\x87\x73\0\7\0\0\0"s + count + "\0\0\0"s + offset + std::string(18, '\0');
  };
  ASSERT_EQ(big_endian(8, 26).size(), 40u);
  EXPECT_FALSE(TiffHasValuesOutside(big_endian(8, 32)));
  EXPECT_TRUE(TiffHasValuesOutside(big_endian(8, 33)));

  const auto big_tiff = [](char count, char offset) {
    return "II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0"s + "\1\0\0\0\0\0\0\0\x73\x87\7\0"s + count +
           std::string(7, '\0') + offset + std::string(7, '\0') + std::string(16, 'p');
  };
  ASSERT_EQ(big_tiff(16, 44).size(), 60u);
  EXPECT_FALSE(TiffHasValuesOutside(big_tiff(16, 44)));
  EXPECT_TRUE(TiffHasValuesOutside(big_tiff(16, 45)));
  EXPECT_FALSE(TiffHasValuesOutside(big_tiff(8, 99)));

  EXPECT_FALSE(TiffHasValuesOutside("II*\0"s));
  EXPECT_TRUE(TiffHasValuesOutside("II*\0\xff\xff\xff\x7f"s + std::string(20, '\0')));
}

}  // namespace
}  // namespace impasto::imaging
