// Picture::FromRaw().
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "imaging/picture.h"
#include "tests/server/imaging/test_pictures.h"

namespace impasto::imaging {
namespace {

class RawTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(Init(2).ok()); }

  static absl::Status Error(const RawPixels& raw, const Limits& limits = {}) {
    return Picture::FromRaw(raw, limits).status();
  }

  template <typename T>
  static std::string Data(const std::vector<T>& samples) {
    return std::string(reinterpret_cast<const char*>(samples.data()), samples.size() * sizeof(T));
  }

  static Picture Read(PixelFormat format, const std::string& data, int width = 2, int height = 2) {
    absl::StatusOr<Picture> picture = Picture::FromRaw({format, width, height, 0, data, ""}, {});
    EXPECT_TRUE(picture.ok()) << picture.status();
    return *picture;
  }

  static std::vector<float> Values(const Picture& picture) { return picture.Working(30'000)->rgb; }

  // The picture written back as it was, which shows the alpha too.
  static std::string RoundTrip(const Picture& picture, PixelFormat format) {
    EncodeOptions options;
    options.format = Format::kRaw;
    options.raw_format = format;
    options.original = &picture;
    const absl::StatusOr<Encoded> encoded = Encode(*picture.Working(30'000), options);
    EXPECT_TRUE(encoded.ok()) << encoded.status();
    EXPECT_EQ(encoded->pixel_format, format);
    EXPECT_EQ(encoded->stride, int64_t{picture.width()} * BytesPerPixel(format));
    return encoded->data;
  }
};

TEST_F(RawTest, ColorOrders) {
  // Red 1 4 7 10, green 2 5 8 11, blue 3 6 9 12.
  const std::vector<float> expected = {1, 4, 7, 10, 2, 5, 8, 11, 3, 6, 9, 12};
  EXPECT_EQ(Values(Read(PixelFormat::kRgb8, Data<uint8_t>({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}))),
            expected);
  EXPECT_EQ(Values(Read(PixelFormat::kBgr8, Data<uint8_t>({3, 2, 1, 6, 5, 4, 9, 8, 7, 12, 11, 10}))),
            expected);
  EXPECT_EQ(
      Values(Read(PixelFormat::kRgba8, Data<uint8_t>({1, 2, 3, 0, 4, 5, 6, 0, 7, 8, 9, 0, 10, 11, 12, 0}))),
      expected);
  EXPECT_EQ(
      Values(Read(PixelFormat::kBgra8, Data<uint8_t>({3, 2, 1, 9, 6, 5, 4, 9, 9, 8, 7, 9, 12, 11, 10, 9}))),
      expected);
  EXPECT_EQ(Values(Read(PixelFormat::kRgb16, Data<uint16_t>({257, 514, 771, 1028, 1285, 1542, 1799, 2056,
                                                             2313, 2570, 2827, 3084}))),
            expected);
  EXPECT_EQ(Values(Read(PixelFormat::kBgra16, Data<uint16_t>({771, 514, 257, 5, 1542, 1285, 1028, 5, 2313,
                                                              2056, 1799, 5, 3084, 2827, 2570, 5}))),
            expected);
}

TEST_F(RawTest, GrayFillsAllThree) {
  const Picture picture = Read(PixelFormat::kGrayAlpha8, Data<uint8_t>({7, 0, 8, 1, 9, 2, 10, 3}));
  EXPECT_TRUE(picture.is_gray());
  EXPECT_TRUE(picture.has_alpha());
  EXPECT_EQ(picture.format(), Format::kRaw);
  EXPECT_EQ(Values(picture), std::vector<float>({7, 8, 9, 10, 7, 8, 9, 10, 7, 8, 9, 10}));
}

TEST_F(RawTest, FloatIs0To1AndKeptWithin) {
  const Picture picture = Read(PixelFormat::kRgbFloat,
                               Data<float>({0, 0.5f, 1, -1, 2, NAN, INFINITY, -INFINITY, 0.25f, 0, 0, 0}));
  EXPECT_EQ(picture.bits(), 32);
  EXPECT_EQ(Values(picture), std::vector<float>({0, 0, 255, 0, 127.5f, 255, 0, 0, 255, 0, 63.75f, 0}));
}

TEST_F(RawTest, EveryFormatComesBackAsItWas) {
  for (PixelFormat format :
       {PixelFormat::kGray8, PixelFormat::kGrayAlpha8, PixelFormat::kRgb8, PixelFormat::kRgba8,
        PixelFormat::kBgr8, PixelFormat::kBgra8, PixelFormat::kGray16, PixelFormat::kGrayAlpha16,
        PixelFormat::kRgb16, PixelFormat::kRgba16, PixelFormat::kBgra16}) {
    const std::string data = Data(Noise8(size_t{7} * 5 * BytesPerPixel(format)));
    EXPECT_EQ(RoundTrip(Read(format, data, 7, 5), format), data) << static_cast<int>(format);
  }
  // 0..1 to 0..255 and back costs the last bit.
  const std::vector<float> rgba = {0, 0.5f, 1, 0.25f, 0, 0, 0, 0, 1, 1, 1, 1, 0.25f, 0.75f, 0.125f, 0.5f};
  const std::string back = RoundTrip(Read(PixelFormat::kRgbaFloat, Data(rgba)), PixelFormat::kRgbaFloat);
  ASSERT_EQ(back.size(), rgba.size() * sizeof(float));
  for (size_t i = 0; i < rgba.size(); ++i) {
    float value;
    std::memcpy(&value, back.data() + i * sizeof(float), sizeof(float));
    EXPECT_FLOAT_EQ(value, rgba[i]);
  }
}

TEST_F(RawTest, StrideSkipsWhatIsBetween) {
  const std::string data = Data<uint8_t>({1, 2, 99, 99, 3, 4});  // the last row needs no padding
  const absl::StatusOr<Picture> picture = Picture::FromRaw({PixelFormat::kGray8, 2, 2, 4, data, ""}, {});
  ASSERT_TRUE(picture.ok()) << picture.status();
  EXPECT_EQ(Values(*picture), std::vector<float>({1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4}));
}

TEST_F(RawTest, DataMayLieAtAnyAddress) {
  const std::string data = std::string("x").append(Data<uint16_t>({257, 514, 771, 1028}));
  const absl::StatusOr<Picture> picture =
      Picture::FromRaw({PixelFormat::kGray16, 2, 2, 0, std::string_view(data).substr(1), ""}, {});
  ASSERT_TRUE(picture.ok()) << picture.status();
  EXPECT_EQ(Values(*picture), std::vector<float>({1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4}));
}

TEST_F(RawTest, SizesThatDoNotFit) {
  const std::string data(24, 'x');
  EXPECT_EQ(Error({PixelFormat::kRgb8, 2, 2, 0, "", ""}),
            absl::InvalidArgumentError("the picture is empty (0 bytes)"));
  EXPECT_EQ(Error({PixelFormat::kRgb8, 2, 2, 5, data, ""}),
            absl::InvalidArgumentError("the stride is 5 bytes; a row of 2 pixels takes 6"));
  EXPECT_EQ(Error({PixelFormat::kRgb8, 2, 2, -6, data, ""}).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Error({PixelFormat::kRgb8, 3, 3, 0, data, ""}),
            absl::InvalidArgumentError(
                "the picture has 24 bytes of pixels; 3 rows with a stride of 9 bytes take 27"));
  EXPECT_EQ(Error({PixelFormat::kRgb8, 2, 3, 10, data, ""}),
            absl::InvalidArgumentError(
                "the picture has 24 bytes of pixels; 3 rows with a stride of 10 bytes take 26"));
  EXPECT_EQ(Error({PixelFormat::kRgb8, 2, 3, std::numeric_limits<int64_t>::max(), data, ""}).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Error({PixelFormat::kRgb8, 2, 3, std::numeric_limits<int64_t>::max() / 2, data, ""}).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Error({PixelFormat::kRgb8, 1, 8, 0, data, ""}),
            absl::InvalidArgumentError("the picture is 1 x 8 pixels; at least 2 on a side"));
  EXPECT_EQ(Error({PixelFormat::kRgb8, -2, -2, 0, data, ""}).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Error({PixelFormat::kRgbaFloat, std::numeric_limits<int>::max(), std::numeric_limits<int>::max(),
                   0, data, ""})
                .code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(RawTest, ProfileIsUsedAndPutBack) {
  const std::string p3 = BuiltinProfile("p3");
  const std::string data = Data<uint8_t>({128, 64, 32, 200, 180, 160, 250, 250, 250, 5, 5, 5});
  const absl::StatusOr<Picture> picture = Picture::FromRaw({PixelFormat::kRgb8, 2, 2, 0, data, p3}, {});
  ASSERT_TRUE(picture.ok()) << picture.status();
  const std::vector<float> values = Values(*picture);
  EXPECT_NEAR(values[0], 138, 1);
  EXPECT_NEAR(values[4], 59, 1);
  EXPECT_NEAR(values[8], 22, 1);
  EncodeOptions options;
  options.format = Format::kRaw;
  options.raw_format = PixelFormat::kRgba8;
  options.original = &*picture;
  const absl::StatusOr<Encoded> encoded = Encode(*picture->Working(2), options);
  ASSERT_TRUE(encoded.ok()) << encoded.status();
  EXPECT_TRUE(encoded->icc_profile == p3);
  for (int i = 0; i < 4; ++i) {
    for (int c = 0; c < 3; ++c) {
      EXPECT_NEAR(static_cast<uint8_t>(encoded->data[4 * i + c]), static_cast<uint8_t>(data[3 * i + c]), 1);
    }
    EXPECT_EQ(static_cast<uint8_t>(encoded->data[4 * i + 3]), 255);  // opaque: the original has no alpha
  }
  // A profile of RGB says nothing about grey pixels.
  options.raw_format = PixelFormat::kGray8;
  EXPECT_EQ(Encode(*picture->Working(2), options)->icc_profile, "");
}

}  // namespace
}  // namespace impasto::imaging
