// Encode().
#include <gtest/gtest.h>

#include <cmath>

#include "imaging/picture.h"
#include "tests/server/imaging/test_pictures.h"

namespace impasto::imaging {
namespace {

using vips::VImage;

constexpr int kWidth = 16;
constexpr int kHeight = 12;
constexpr size_t kPixels = kWidth * kHeight;
constexpr Format kFiles[] = {Format::kPng, Format::kJpeg, Format::kWebp, Format::kTiff};

class EncodeTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(Init(2).ok()); }

  static Picture Decode(const std::string& file) {
    absl::StatusOr<Picture> picture = Picture::Decode(file, {});
    EXPECT_TRUE(picture.ok()) << picture.status();
    return *picture;
  }

  static Encoded MustEncode(const Image& image, const EncodeOptions& options) {
    absl::StatusOr<Encoded> encoded = Encode(image, options);
    EXPECT_TRUE(encoded.ok()) << encoded.status();
    return *encoded;
  }

  static EncodeOptions For(Format format, const Picture* original = nullptr, bool original_size = false) {
    EncodeOptions options;
    options.format = format;
    options.original = original;
    options.original_size = original_size;
    return options;
  }

  static Image Uniform(int width, int height, float r, float g, float b) {
    Image image{width, height, {}};
    for (float v : {r, g, b}) {
      image.rgb.insert(image.rgb.end(), image.pixels(), v);
    }
    return image;
  }
};

TEST_F(EncodeTest, RoundsToNearestAndClamps) {
  Image image{3, 2, {}};
  for (float v : {0.49f, 0.51f, -5.0f, 254.51f, 300.0f, NAN}) {
    image.rgb.push_back(v);
  }
  image.rgb.insert(image.rgb.end(), 12, 100.4f);
  const Encoded encoded = MustEncode(image, For(Format::kPng));
  EXPECT_EQ(encoded.format, Format::kPng);
  EXPECT_EQ(encoded.width, 3);
  EXPECT_EQ(encoded.height, 2);
  EXPECT_EQ(Bytes(Load(encoded.data, Format::kPng)),
            std::vector<uint8_t>(
                {0, 100, 100, 1, 100, 100, 0, 100, 100, 255, 100, 100, 255, 100, 100, 0, 100, 100}));
}

TEST_F(EncodeTest, WithoutAnOriginalIsPlainSrgb) {
  const Image image = NoiseImage(kWidth, kHeight);
  for (Format format : kFiles) {
    const Encoded encoded = MustEncode(image, For(format));
    EXPECT_EQ(encoded.format, format);
    const VImage file = Load(encoded.data, format);
    EXPECT_EQ(file.bands(), 3);
    EXPECT_EQ(file.format(), VIPS_FORMAT_UCHAR);
    EXPECT_EQ(file.width(), kWidth);
    EXPECT_EQ(file.height(), kHeight);
    EXPECT_EQ(ProfileOf(file), "");
  }
}

TEST_F(EncodeTest, QualityMakesFilesLarger) {
  const Image image = NoiseImage(64, 64);
  for (Format format : {Format::kJpeg, Format::kWebp}) {
    EncodeOptions low = For(format);
    low.quality = 20;
    EncodeOptions high = For(format);
    high.quality = 95;
    EXPECT_LT(MustEncode(image, low).data.size(), MustEncode(image, high).data.size());
  }
}

TEST_F(EncodeTest, SixteenBitsWhereTheOriginalAndTheFormatHaveThem) {
  const std::vector<uint16_t> samples = Noise16(kPixels * 3);
  const Picture original =
      Decode(Save(Samples16(kWidth, kHeight, 3, samples, VIPS_INTERPRETATION_RGB16), Format::kPng));
  const Image image = *original.Working(100);
  for (Format format : {Format::kPng, Format::kTiff}) {
    const VImage file = Load(MustEncode(image, For(format, &original)).data, format);
    ASSERT_EQ(file.format(), VIPS_FORMAT_USHORT);
    const std::vector<uint8_t> bytes = Bytes(file);
    EXPECT_EQ(std::string(bytes.begin(), bytes.end()),
              std::string(reinterpret_cast<const char*>(samples.data()), samples.size() * 2));
  }
  for (Format format : {Format::kJpeg, Format::kWebp}) {
    EXPECT_EQ(Load(MustEncode(image, For(format, &original)).data, format).format(), VIPS_FORMAT_UCHAR);
  }
  EXPECT_EQ(Load(MustEncode(image, For(Format::kPng)).data, Format::kPng).format(), VIPS_FORMAT_UCHAR);
}

TEST_F(EncodeTest, AlphaComesBackExactly) {
  const std::vector<uint8_t> samples = Noise8(kPixels * 4);
  const Picture original =
      Decode(Save(Samples8(kWidth, kHeight, 4, samples, VIPS_INTERPRETATION_sRGB), Format::kPng));
  const Image image = *original.Working(100);
  for (Format format : {Format::kPng, Format::kTiff}) {
    EXPECT_EQ(Bytes(Load(MustEncode(image, For(format, &original)).data, format)), samples);
  }
  const VImage webp = Load(MustEncode(image, For(Format::kWebp, &original)).data, Format::kWebp);
  ASSERT_EQ(webp.bands(), 4);
  const std::vector<uint8_t> alpha = Bytes(webp.extract_band(3));
  for (size_t i = 0; i < kPixels; ++i) {
    ASSERT_EQ(alpha[i], samples[4 * i + 3]);
  }
  EXPECT_EQ(Load(MustEncode(image, For(Format::kJpeg, &original)).data, Format::kJpeg).bands(), 3);
}

TEST_F(EncodeTest, AlphaComesBackExactlyWhenAWorkingSizeIsBroughtToTheOriginals) {
  const std::vector<uint8_t> samples = Noise8(kPixels * 4);
  const Picture original =
      Decode(Save(Samples8(kWidth, kHeight, 4, samples, VIPS_INTERPRETATION_sRGB), Format::kPng));
  const Encoded encoded = MustEncode(*original.Working(8), For(Format::kPng, &original, true));
  EXPECT_EQ(encoded.width, kWidth);
  EXPECT_EQ(encoded.height, kHeight);
  const std::vector<uint8_t> bytes = Bytes(Load(encoded.data, Format::kPng));
  for (size_t i = 0; i < kPixels; ++i) {
    ASSERT_EQ(bytes[4 * i + 3], samples[4 * i + 3]);
  }
}

TEST_F(EncodeTest, AlphaIsScaledToTheResult) {
  std::vector<uint8_t> samples;
  for (size_t i = 0; i < kPixels; ++i) {
    samples.insert(samples.end(), {1, 2, 3, static_cast<uint8_t>(i % kWidth < kWidth / 2 ? 0 : 200)});
  }
  const Picture original =
      Decode(Save(Samples8(kWidth, kHeight, 4, samples, VIPS_INTERPRETATION_sRGB), Format::kPng));
  const Encoded encoded = MustEncode(*original.Working(8), For(Format::kPng, &original));
  EXPECT_EQ(encoded.width, 8);
  EXPECT_EQ(encoded.height, 6);
  const std::vector<uint8_t> bytes = Bytes(Load(encoded.data, Format::kPng));
  EXPECT_EQ(bytes[3], 0);
  EXPECT_EQ(bytes[7 * 4 + 3], 200);
}

TEST_F(EncodeTest, TheOriginalsSizeWithLanczos) {
  const Picture original =
      Decode(Save(Samples8(64, 48, 3, Noise8(64 * 48 * 3), VIPS_INTERPRETATION_sRGB), Format::kJpeg));
  const Encoded encoded = MustEncode(Uniform(32, 24, 10, 20, 30), For(Format::kTiff, &original, true));
  EXPECT_EQ(encoded.width, 64);
  EXPECT_EQ(encoded.height, 48);
  const std::vector<uint8_t> bytes = Bytes(Load(encoded.data, Format::kTiff));
  ASSERT_EQ(bytes.size(), 64u * 48 * 3);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    ASSERT_EQ(bytes[i], 10);
    ASSERT_EQ(bytes[i + 1], 20);
    ASSERT_EQ(bytes[i + 2], 30);
  }
}

TEST_F(EncodeTest, PreviewsAreNoLargerThanAsked) {
  EncodeOptions options = For(Format::kJpeg);
  options.max_size = 16;
  Encoded encoded = MustEncode(NoiseImage(64, 48), options);
  EXPECT_EQ(encoded.width, 16);
  EXPECT_EQ(encoded.height, 12);
  options.max_size = 100;
  encoded = MustEncode(NoiseImage(64, 48), options);
  EXPECT_EQ(encoded.width, 64);
  // Together with the original's size: the smaller of the two.
  const Picture original =
      Decode(Save(Samples8(128, 96, 3, Noise8(128 * 96 * 3), VIPS_INTERPRETATION_sRGB), Format::kPng));
  options.original = &original;
  options.original_size = true;
  encoded = MustEncode(NoiseImage(64, 48), options);
  EXPECT_EQ(encoded.width, 100);
  EXPECT_EQ(encoded.height, 75);
}

TEST_F(EncodeTest, TheOriginalsProfileIsPutBack) {
  std::vector<uint8_t> samples;
  for (size_t i = 0; i < kPixels; ++i) {
    samples.insert(samples.end(), {128, 64, 32});
  }
  VImage source = Samples8(kWidth, kHeight, 3, samples, VIPS_INTERPRETATION_sRGB);
  const std::string p3 = BuiltinProfile("p3");
  SetProfile(source, p3);
  const Picture original = Decode(Save(source, Format::kPng));
  for (Format format : kFiles) {
    const VImage file = Load(MustEncode(*original.Working(100), For(format, &original)).data, format);
    EXPECT_TRUE(ProfileOf(file) == p3);
    EXPECT_EQ(file.format(), VIPS_FORMAT_UCHAR);
    const std::vector<uint8_t> bytes = Bytes(file);
    const int tolerance = format == Format::kJpeg || format == Format::kWebp ? 4 : 1;
    EXPECT_NEAR(bytes[0], 128, tolerance);
    EXPECT_NEAR(bytes[1], 64, tolerance);
    EXPECT_NEAR(bytes[2], 32, tolerance);
  }
}

TEST_F(EncodeTest, SrgbProfilesAreEmbeddedAndPixelsKept) {
  const std::vector<uint8_t> samples = Noise8(kPixels * 3);
  VImage source = Samples8(kWidth, kHeight, 3, samples, VIPS_INTERPRETATION_sRGB);
  SetProfile(source, BuiltinProfile("srgb"));
  const Picture original = Decode(Save(source, Format::kPng));
  const VImage file =
      Load(MustEncode(*original.Working(100), For(Format::kPng, &original)).data, Format::kPng);
  EXPECT_TRUE(ProfileOf(file) == BuiltinProfile("srgb"));
  EXPECT_EQ(Bytes(file), samples);
}

TEST_F(EncodeTest, CmykOriginalsGiveSrgb) {
  VImage source = Samples8(kWidth, kHeight, 4, Noise8(kPixels * 4), VIPS_INTERPRETATION_CMYK);
  SetProfile(source, BuiltinProfile("cmyk"));
  const Picture original = Decode(Save(source, Format::kTiff));
  for (Format format : kFiles) {
    const VImage file = Load(MustEncode(*original.Working(100), For(format, &original)).data, format);
    EXPECT_EQ(file.bands(), 3);
    EXPECT_TRUE(ProfileOf(file) == BuiltinProfile("srgb"));
  }
}

TEST_F(EncodeTest, GrayOriginalsGiveGrayUnlessTheResultHasColor) {
  const std::vector<uint8_t> samples = Noise8(kPixels);
  const Picture original =
      Decode(Save(Samples8(kWidth, kHeight, 1, samples, VIPS_INTERPRETATION_B_W), Format::kPng));
  for (Format format : {Format::kPng, Format::kTiff}) {
    const VImage file = Load(MustEncode(*original.Working(100), For(format, &original)).data, format);
    EXPECT_EQ(file.bands(), 1);
    EXPECT_EQ(Bytes(file), samples);
  }
  EXPECT_EQ(
      Load(MustEncode(*original.Working(100), For(Format::kJpeg, &original)).data, Format::kJpeg).bands(), 1);
  const Image color = NoiseImage(kWidth, kHeight);
  EXPECT_EQ(Load(MustEncode(color, For(Format::kPng, &original)).data, Format::kPng).bands(), 3);
}

TEST_F(EncodeTest, GrayProfiles) {
  VImage source = Samples8(kWidth, kHeight, 1, std::vector<uint8_t>(kPixels, 55), VIPS_INTERPRETATION_B_W);
  const std::string profile = GrayProfile(1.0);
  SetProfile(source, profile);
  const Picture original = Decode(Save(source, Format::kTiff));
  VImage file = Load(MustEncode(*original.Working(100), For(Format::kTiff, &original)).data, Format::kTiff);
  EXPECT_EQ(file.bands(), 1);
  EXPECT_TRUE(ProfileOf(file) == profile);
  EXPECT_NEAR(Bytes(file)[0], 55, 1);
  // A grey profile can't describe colours: the result says that it is sRGB.
  file = Load(MustEncode(NoiseImage(kWidth, kHeight), For(Format::kTiff, &original)).data, Format::kTiff);
  EXPECT_EQ(file.bands(), 3);
  EXPECT_TRUE(ProfileOf(file) == BuiltinProfile("srgb"));
}

TEST_F(EncodeTest, GrayRawIsLuma) {
  EncodeOptions options = For(Format::kRaw);
  options.raw_format = PixelFormat::kGrayAlpha8;
  const Encoded encoded = MustEncode(Uniform(2, 2, 255, 100, 0), options);
  EXPECT_EQ(encoded.stride, 4);
  // 0.2126 * 255 + 0.7152 * 100 = 125.7
  EXPECT_EQ(encoded.data, std::string("\x7e\xff\x7e\xff\x7e\xff\x7e\xff"));
}

TEST_F(EncodeTest, OrientationIsNotCarriedOverAndResolutionIs) {
  VImage source = Samples8(kWidth, kHeight, 3, Noise8(kPixels * 3), VIPS_INTERPRETATION_sRGB)
                      .copy(VImage::option()->set("xres", 300 / 25.4)->set("yres", 150 / 25.4));
  SetOrientation(source, 6);
  const Picture original = Decode(Save(source, Format::kTiff));
  EXPECT_EQ(original.width(), kHeight);
  for (Format format : kFiles) {
    const VImage file = Load(MustEncode(*original.Working(100), For(format, &original)).data, format);
    EXPECT_EQ(file.width(), kHeight);
    EXPECT_EQ(file.height(), kWidth);
    if (file.get_typeof(VIPS_META_ORIENTATION) != 0) {
      EXPECT_EQ(file.get_int(VIPS_META_ORIENTATION), 1);
    }
    if (format != Format::kWebp) {
      EXPECT_NEAR(file.xres() * 25.4, 150, 1);
      EXPECT_NEAR(file.yres() * 25.4, 300, 1);
    }
  }
}

TEST_F(EncodeTest, WhatCannotBeEncoded) {
  const Image image = NoiseImage(4, 4);
  EncodeOptions options;
  options.quality = 0;
  EXPECT_EQ(Encode(image, options).status(), absl::InvalidArgumentError("quality: 0; 1 to 100"));
  options.quality = 101;
  EXPECT_EQ(Encode(image, options).status().code(), absl::StatusCode::kInvalidArgument);
  options = {};
  options.max_size = -1;
  EXPECT_EQ(Encode(image, options).status(), absl::InvalidArgumentError("max_size: -1 pixels; 0 or more"));
  options = {};
  options.original_size = true;
  EXPECT_EQ(Encode(image, options).status(),
            absl::InvalidArgumentError("original_size: there is no original picture"));
  EXPECT_EQ(Encode(Image{}, {}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Encode(Image{4, 4, {1, 2, 3}}, {}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Encode(Uniform(16'384, 1, 0, 0, 0), For(Format::kWebp)).status(),
            absl::InvalidArgumentError("the result is 16384 x 1 pixels; WebP holds at most 16383 on a side"));
  EXPECT_EQ(Encode(Uniform(65'536, 1, 0, 0, 0), For(Format::kJpeg)).status(),
            absl::InvalidArgumentError("the result is 65536 x 1 pixels; JPEG holds at most 65535 on a side"));
}

}  // namespace
}  // namespace impasto::imaging
