// Picture::Decode().
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "imaging/picture.h"
#include "tests/server/imaging/test_pictures.h"

namespace impasto::imaging {
namespace {

using vips::VImage;

constexpr int kWidth = 16;
constexpr int kHeight = 12;
constexpr size_t kPixels = kWidth * kHeight;

class DecodeTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(Init(2).ok()); }

  static Picture Decode(const std::string& file) {
    absl::StatusOr<Picture> picture = Picture::Decode(file, {});
    EXPECT_TRUE(picture.ok()) << picture.status();
    const absl::StatusOr<Size> size = Picture::DecodedSize(file, {});
    EXPECT_TRUE(size.ok()) << size.status();
    EXPECT_EQ(*size, (Size{picture->width(), picture->height()}));
    return *picture;
  }

  static absl::Status Error(const std::string& file, const Limits& limits = {}) {
    return Picture::Decode(file, limits).status();
  }

  // Planar values of the picture as it is.
  static std::vector<float> Values(const Picture& picture) { return picture.Working(30'000)->rgb; }

  // The planar floats of interleaved samples; grey is repeated, channels behind the third are left out.
  template <typename T>
  static std::vector<float> Planar(const std::vector<T>& samples, int bands, float divisor) {
    std::vector<float> planar;
    for (int c = 0; c < 3; ++c) {
      for (size_t i = 0; i < samples.size() / bands; ++i) {
        planar.push_back(static_cast<float>(samples[i * bands + (bands < 3 ? 0 : c)]) / divisor);
      }
    }
    return planar;
  }

  static void ExpectNear(const std::vector<float>& values, const std::vector<float>& expected,
                         float tolerance) {
    ASSERT_EQ(values.size(), expected.size());
    float worst = 0;
    for (size_t i = 0; i < values.size(); ++i) {
      worst = std::max(worst, std::abs(values[i] - expected[i]));
    }
    EXPECT_LE(worst, tolerance);
  }
};

TEST_F(DecodeTest, Rgb8OfEveryLosslessFormatIsExact) {
  const std::vector<uint8_t> samples = Noise8(kPixels * 3);
  const VImage image = Samples8(kWidth, kHeight, 3, samples, VIPS_INTERPRETATION_sRGB);
  for (Format format : {Format::kPng, Format::kWebp, Format::kTiff}) {
    const Picture picture = Decode(Save(image, format));
    EXPECT_EQ(picture.format(), format);
    EXPECT_EQ(picture.width(), kWidth);
    EXPECT_EQ(picture.height(), kHeight);
    EXPECT_EQ(picture.bits(), 8);
    EXPECT_FALSE(picture.has_alpha());
    EXPECT_FALSE(picture.is_gray());
    EXPECT_EQ(Values(picture), Planar(samples, 3, 1));
  }
}

TEST_F(DecodeTest, JpegIsWhatItsDecoderSays) {
  const std::string file =
      Save(Samples8(kWidth, kHeight, 3, Noise8(kPixels * 3), VIPS_INTERPRETATION_sRGB), Format::kJpeg);
  const Picture picture = Decode(file);
  EXPECT_EQ(picture.format(), Format::kJpeg);
  EXPECT_EQ(Values(picture), Planar(Bytes(Load(file, Format::kJpeg)), 3, 1));
}

TEST_F(DecodeTest, Rgb16KeepsItsPrecision) {
  const std::vector<uint16_t> samples = Noise16(kPixels * 3);
  const VImage image = Samples16(kWidth, kHeight, 3, samples, VIPS_INTERPRETATION_RGB16);
  for (Format format : {Format::kPng, Format::kTiff}) {
    const Picture picture = Decode(Save(image, format));
    EXPECT_EQ(picture.bits(), 16);
    EXPECT_EQ(Values(picture), Planar(samples, 3, 257));
  }
}

TEST_F(DecodeTest, Gray) {
  const std::vector<uint8_t> samples = Noise8(kPixels);
  const VImage image = Samples8(kWidth, kHeight, 1, samples, VIPS_INTERPRETATION_B_W);
  for (Format format : {Format::kPng, Format::kTiff}) {
    const Picture picture = Decode(Save(image, format));
    EXPECT_TRUE(picture.is_gray());
    EXPECT_EQ(picture.bits(), 8);
    EXPECT_EQ(Values(picture), Planar(samples, 1, 1));
  }
  EXPECT_TRUE(Decode(Save(image, Format::kJpeg)).is_gray());

  const std::vector<uint16_t> deep = Noise16(kPixels);
  for (Format format : {Format::kPng, Format::kTiff}) {
    const Picture picture =
        Decode(Save(Samples16(kWidth, kHeight, 1, deep, VIPS_INTERPRETATION_GREY16), format));
    EXPECT_TRUE(picture.is_gray());
    EXPECT_EQ(picture.bits(), 16);
    EXPECT_EQ(Values(picture), Planar(deep, 1, 257));
  }
}

TEST_F(DecodeTest, ColorUnderTransparencyIsKept) {
  const std::vector<uint8_t> samples = Noise8(kPixels * 4);
  for (Format format : {Format::kPng, Format::kTiff, Format::kWebp}) {
    const Picture picture =
        Decode(Save(Samples8(kWidth, kHeight, 4, samples, VIPS_INTERPRETATION_sRGB), format));
    EXPECT_TRUE(picture.has_alpha());
    EXPECT_FALSE(picture.is_gray());
    EXPECT_EQ(Values(picture), Planar(samples, 4, 1)) << static_cast<int>(format);
  }
  const std::vector<uint8_t> gray = Noise8(kPixels * 2);
  const Picture picture =
      Decode(Save(Samples8(kWidth, kHeight, 2, gray, VIPS_INTERPRETATION_B_W), Format::kPng));
  EXPECT_TRUE(picture.has_alpha());
  EXPECT_TRUE(picture.is_gray());
  EXPECT_EQ(Values(picture), Planar(gray, 2, 1));
}

TEST_F(DecodeTest, OneBit) {
  std::vector<uint8_t> samples = Noise8(kPixels);
  for (uint8_t& v : samples) {
    v = v < 128 ? 0 : 255;
  }
  const VImage image = Samples8(kWidth, kHeight, 1, samples, VIPS_INTERPRETATION_B_W);
  for (const std::string& file : {SavePng(image, VImage::option()->set("bitdepth", 1)),
                                  SaveTiff(image, VImage::option()->set("bitdepth", 1))}) {
    const Picture picture = Decode(file);
    EXPECT_TRUE(picture.is_gray());
    EXPECT_EQ(picture.bits(), 8);
    EXPECT_EQ(Values(picture), Planar(samples, 1, 1));
  }
}

TEST_F(DecodeTest, Palette) {
  // Four colours, so that the palette holds them exactly.
  const uint8_t colors[4][3] = {{0, 0, 0}, {255, 0, 0}, {0, 255, 0}, {255, 255, 255}};
  std::vector<uint8_t> samples;
  for (uint8_t v : Noise8(kPixels)) {
    samples.insert(samples.end(), colors[v & 3], colors[v & 3] + 3);
  }
  const std::string file = SavePng(Samples8(kWidth, kHeight, 3, samples, VIPS_INTERPRETATION_sRGB),
                                   VImage::option()->set("palette", true)->set("dither", 0.0));
  ASSERT_NE(file.find("PLTE"), std::string::npos);
  const Picture picture = Decode(file);
  EXPECT_FALSE(picture.is_gray());
  ExpectNear(Values(picture), Planar(samples, 3, 1), 2);
}

TEST_F(DecodeTest, Cmyk) {
  std::vector<uint8_t> samples;
  for (size_t i = 0; i < kPixels; ++i) {
    samples.insert(samples.end(), {60, 40, 20, 10});
  }
  VImage image = Samples8(kWidth, kHeight, 4, samples, VIPS_INTERPRETATION_CMYK);
  std::vector<float> expected;
  for (float v : {177, 182, 200}) {
    expected.insert(expected.end(), kPixels, v);
  }
  for (const std::string& profile :
       {std::string(), BuiltinProfile("cmyk"), BuiltinProfile("p3"), std::string("hello")}) {
    if (!profile.empty()) {
      SetProfile(image, profile);
    }
    for (Format format : {Format::kJpeg, Format::kTiff}) {
      const Picture picture = Decode(Save(image, format));
      EXPECT_FALSE(picture.has_alpha());
      EXPECT_FALSE(picture.is_gray());
      EXPECT_EQ(picture.bits(), 8);
      ExpectNear(Values(picture), expected, 2);
    }
  }
}

TEST_F(DecodeTest, ProfilesBecomeSrgb) {
  std::vector<uint8_t> samples;
  for (size_t i = 0; i < kPixels; ++i) {
    samples.insert(samples.end(), {128, 64, 32});
  }
  VImage image = Samples8(kWidth, kHeight, 3, samples, VIPS_INTERPRETATION_sRGB);
  SetProfile(image, BuiltinProfile("p3"));
  std::vector<float> expected;  // littleCMS' own figures
  for (float v : {138, 59, 22}) {
    expected.insert(expected.end(), kPixels, v);
  }
  for (Format format : {Format::kPng, Format::kJpeg, Format::kWebp, Format::kTiff}) {
    const Picture picture = Decode(Save(image, format));
    EXPECT_EQ(picture.bits(), 8);
    ExpectNear(Values(picture), expected, format == Format::kJpeg ? 3 : 1);
  }
}

TEST_F(DecodeTest, SrgbProfilesChangeNothing) {
  const std::vector<uint8_t> samples = Noise8(kPixels * 3);
  VImage image = Samples8(kWidth, kHeight, 3, samples, VIPS_INTERPRETATION_sRGB);
  SetProfile(image, BuiltinProfile("srgb"));
  EXPECT_EQ(Values(Decode(Save(image, Format::kPng))), Planar(samples, 3, 1));
}

TEST_F(DecodeTest, BrokenOrWrongProfilesAreIgnored) {
  const std::vector<uint8_t> samples = Noise8(kPixels * 3);
  VImage image = Samples8(kWidth, kHeight, 3, samples, VIPS_INTERPRETATION_sRGB);
  std::string broken = BuiltinProfile("p3");
  std::fill(broken.begin() + 128, broken.end(), '\xff');
  for (const std::string& profile : {broken, std::string("hello"), BuiltinProfile("p3").substr(0, 300),
                                     BuiltinProfile("cmyk"), GrayProfile(1.8)}) {
    SetProfile(image, profile);
    EXPECT_EQ(Values(Decode(Save(image, Format::kTiff))), Planar(samples, 3, 1));
  }
}

TEST_F(DecodeTest, GrayProfile) {
  VImage image = Samples8(kWidth, kHeight, 1, std::vector<uint8_t>(kPixels, 55), VIPS_INTERPRETATION_B_W);
  SetProfile(image, imaging::GrayProfile(1.0));
  const Picture picture = Decode(Save(image, Format::kTiff));
  EXPECT_TRUE(picture.is_gray());
  ExpectNear(Values(picture), std::vector<float>(3 * kPixels, 128), 1);
}

TEST_F(DecodeTest, TheSizeIsReadFromTheHeaderAlone) {
  const std::string png =
      Save(Samples8(kWidth, kHeight, 3, Noise8(3 * kPixels), VIPS_INTERPRETATION_sRGB), Format::kPng);
  const std::string start = png.substr(0, 100);
  EXPECT_EQ(*Picture::DecodedSize(start, {}), (Size{kWidth, kHeight}));
  EXPECT_EQ(Error(start).code(), absl::StatusCode::kInvalidArgument);
  for (const std::string& bad : {std::string(), std::string("no picture"), png.substr(0, 20)}) {
    EXPECT_EQ(Picture::DecodedSize(bad, {}).status(), Error(bad));
    EXPECT_EQ(Error(bad).code(), absl::StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(Picture::DecodedSize(png, {.max_side = kWidth - 1}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(DecodeTest, ExifOrientationIsApplied) {
  // 3 x 2 pixels, red channel 10 * (1 + index):
  //   10 20 30
  //   40 50 60
  std::vector<uint8_t> samples;
  for (uint8_t i = 1; i <= 6; ++i) {
    samples.insert(samples.end(), {static_cast<uint8_t>(10 * i), 0, 0});
  }
  const std::vector<std::vector<float>> upright = {
      {10, 20, 30, 40, 50, 60}, {30, 20, 10, 60, 50, 40}, {60, 50, 40, 30, 20, 10}, {40, 50, 60, 10, 20, 30},
      {10, 40, 20, 50, 30, 60}, {40, 10, 50, 20, 60, 30}, {60, 30, 50, 20, 40, 10}, {30, 60, 20, 50, 10, 40}};
  for (int orientation = 1; orientation <= 8; ++orientation) {
    VImage image = Samples8(3, 2, 3, samples, VIPS_INTERPRETATION_sRGB);
    SetOrientation(image, orientation);
    for (Format format : {Format::kTiff, Format::kWebp}) {
      const std::string file = Save(image, format);
      const Picture picture = Decode(file);
      EXPECT_EQ(picture.width(), orientation < 5 ? 3 : 2) << orientation;
      EXPECT_EQ(picture.height(), orientation < 5 ? 2 : 3) << orientation;
      std::vector<float> red = Values(picture);
      red.resize(6);
      EXPECT_EQ(red, upright[orientation - 1]) << orientation << " format " << static_cast<int>(format);
    }
  }
}

TEST_F(DecodeTest, JpegOnItsSideIsTurned) {
  VImage image = Samples8(kWidth, kHeight, 3, Noise8(kPixels * 3), VIPS_INTERPRETATION_sRGB);
  SetOrientation(image, 6);
  const Picture picture = Decode(Save(image, Format::kJpeg));
  EXPECT_EQ(picture.width(), kHeight);
  EXPECT_EQ(picture.height(), kWidth);
}

TEST_F(DecodeTest, FloatTiffIsLinearLight) {
  const std::vector<float> linear = {0.0f, 1.0f, 0.2140411f, -3.0f, 7.0f, NAN};
  const VImage image = SamplesFloat(2, 1, 3, linear, VIPS_INTERPRETATION_scRGB);
  Limits limits;
  limits.min_side = 1;
  const absl::StatusOr<Picture> picture = Picture::Decode(Save(image, Format::kTiff), limits);
  ASSERT_TRUE(picture.ok()) << picture.status();
  EXPECT_EQ(picture->bits(), 32);
  ExpectNear(Values(*picture), {0, 0, 255, 255, 127.5f, 0}, 0.01f);
}

TEST_F(DecodeTest, OtherSamplesAreRefused) {
  const VImage image =
      Samples8(kWidth, kHeight, 1, Noise8(kPixels), VIPS_INTERPRETATION_B_W).cast(VIPS_FORMAT_INT);
  EXPECT_EQ(
      Error(Save(image, Format::kTiff)),
      absl::InvalidArgumentError("the TIFF file has samples of another kind than 8 or 16 bits without sign, "
                                 "or 32-bit float"));
  const VImage lab = Samples8(kWidth, kHeight, 3, Noise8(kPixels * 3), VIPS_INTERPRETATION_sRGB)
                         .colourspace(VIPS_INTERPRETATION_LABQ);
  EXPECT_EQ(Error(Save(lab, Format::kTiff)).code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(DecodeTest, FirstPageOfMany) {
  const std::vector<uint8_t> samples = Noise8(kPixels * 3);
  const VImage image = Samples8(kWidth, kHeight, 3, samples, VIPS_INTERPRETATION_sRGB);
  // libvips writes a tall image as pages of this height.
  VImage pages = image.join(image.invert(), VIPS_DIRECTION_VERTICAL).copy();
  pages.set(VIPS_META_PAGE_HEIGHT, kHeight);
  for (Format format : {Format::kTiff, Format::kWebp}) {
    const Picture picture = Decode(Save(pages, format));
    EXPECT_EQ(picture.height(), kHeight);
    EXPECT_EQ(Values(picture), Planar(samples, 3, 1));
  }
}

TEST_F(DecodeTest, WhatIsNoPicture) {
  EXPECT_EQ(Error(""), absl::InvalidArgumentError("the picture is empty (0 bytes)"));
  for (const std::string& file :
       {std::string("x"), std::string("GIF89a and more"), std::string(1000, '\0'), std::string("\x89PNG"),
        std::string("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9\" height=\"9\"/>"),
        std::string("P6 2 2 255 ")}) {
    EXPECT_EQ(Error(file), absl::InvalidArgumentError("not a PNG, JPEG, WebP or TIFF file"));
  }
  EXPECT_EQ(Error("\x89PNG\r\n\x1a\n"),
            absl::InvalidArgumentError("the PNG file is damaged or cut off: its header can't be read"));
}

TEST_F(DecodeTest, CutOffFilesAreErrorsNotHalfGrayPictures) {
  const VImage image = Samples8(64, 64, 3, Noise8(64 * 64 * 3), VIPS_INTERPRETATION_sRGB);
  for (const auto& [format, name] :
       {std::pair(Format::kPng, "PNG"), std::pair(Format::kJpeg, "JPEG"), std::pair(Format::kWebp, "WebP")}) {
    std::string file = Save(image, format);
    file.resize(file.size() / 2);
    const absl::Status status = Error(file);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << name;
    EXPECT_THAT(std::string(status.message()),
                testing::StartsWith(std::string("the ") + name + " file is damaged or cut off"));
  }
}

TEST_F(DecodeTest, LimitsHoldBeforeAPixelIsDecoded) {
  const VImage image = Samples8(40, 20, 3, Noise8(40 * 20 * 3), VIPS_INTERPRETATION_sRGB);
  Limits limits;
  limits.max_side = 39;
  for (Format format : {Format::kPng, Format::kJpeg, Format::kWebp, Format::kTiff}) {
    EXPECT_EQ(Error(Save(image, format), limits),
              absl::InvalidArgumentError("the picture is 40 x 20 pixels; at most 39 on a side"));
  }
  limits = {};
  limits.max_pixels = 799;
  EXPECT_EQ(Error(Save(image, Format::kPng), limits),
            absl::InvalidArgumentError("the picture is 40 x 20 pixels; at most 799 pixels in all"));
  limits.max_pixels = 800;
  EXPECT_TRUE(Error(Save(image, Format::kPng), limits).ok());

  // A header that promises 2 thousand million pixels, with no pixel behind it: the size is what is refused.
  std::string png = Save(image, Format::kPng);
  const std::string huge(
      "\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x9c\x40\0\0\xc3\x50\x08\2\0\0\0\x08\x25\x02\x97", 33);
  EXPECT_EQ(Error(huge + png.substr(33)),
            absl::InvalidArgumentError("the picture is 40000 x 50000 pixels; at most 30000 on a side"));
}

TEST_F(DecodeTest, OnePixelIsTooFew) {
  EXPECT_EQ(Error(Save(Samples8(1, 1, 3, {1, 2, 3}, VIPS_INTERPRETATION_sRGB), Format::kPng)),
            absl::InvalidArgumentError("the picture is 1 x 1 pixels; at least 2 on a side"));
}

TEST_F(DecodeTest, JpegWithTooManyScansIsRefused) {
  std::string file = Save(Samples8(8, 8, 3, Noise8(8 * 8 * 3), VIPS_INTERPRETATION_sRGB), Format::kJpeg);
  file.resize(file.size() - 2);
  for (int i = 0; i < 101; ++i) {
    file += std::string("\xff\xda\0\2", 4);
  }
  EXPECT_EQ(Error(file), absl::InvalidArgumentError("the JPEG file has more than 100 scans"));
}

}  // namespace
}  // namespace impasto::imaging
