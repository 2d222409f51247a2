#include "imaging/profile.h"

#include <gtest/gtest.h>

#include <cstring>

#include "tests/server/imaging/test_pictures.h"

namespace impasto::imaging {
namespace {

class ProfileTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(Init(2).ok()); }

  static Raster Pixels8(int channels, const std::vector<uint8_t>& samples) {
    Raster raster = *Raster::Allocate(static_cast<int>(samples.size()) / channels, 1, channels, Depth::k8);
    std::memcpy(raster.row(0), samples.data(), samples.size());
    return raster;
  }

  // To the nearest 8-bit value.
  static std::vector<int> Values(const Raster& raster) {
    std::vector<int> values;
    for (int i = 0; i < raster.width * raster.channels; ++i) {
      values.push_back(raster.depth == Depth::k8
                           ? raster.row(0)[i]
                           : (reinterpret_cast<const uint16_t*>(raster.row(0))[i] + 128) / 257);
    }
    return values;
  }

  static void ExpectWithinOne(const std::vector<int>& values, const std::vector<int>& expected) {
    ASSERT_EQ(values.size(), expected.size());
    for (size_t i = 0; i < values.size(); ++i) {
      EXPECT_NEAR(values[i], expected[i], 1) << "value " << i;
    }
  }
};

TEST_F(ProfileTest, KnowsASpaceByTheHeader) {
  EXPECT_EQ(ProfileSpace(BuiltinProfile("srgb")), ColorSpace::kRgb);
  EXPECT_EQ(ProfileSpace(BuiltinProfile("p3")), ColorSpace::kRgb);
  EXPECT_EQ(ProfileSpace(BuiltinProfile("cmyk")), ColorSpace::kCmyk);
  EXPECT_EQ(ProfileSpace(GrayProfile(1.8)), ColorSpace::kGray);
  EXPECT_EQ(ProfileSpace(""), ColorSpace::kUnknown);
  EXPECT_EQ(ProfileSpace("hello"), ColorSpace::kUnknown);
  EXPECT_EQ(ProfileSpace(std::string(500, 'x')), ColorSpace::kUnknown);
  EXPECT_EQ(ProfileSpace(BuiltinProfile("srgb").substr(0, 200)), ColorSpace::kUnknown);
}

// The expected values are littleCMS' own through Pillow's ImageCms, relative colorimetric with black point
// compensation.
TEST_F(ProfileTest, P3ToSrgbAndBack) {
  const std::string p3 = BuiltinProfile("p3");
  const std::vector<uint8_t> pixels = {128, 64, 32, 200, 180, 160, 40, 90, 200, 250, 250, 250, 5, 5, 5};
  const absl::StatusOr<Raster> srgb = ToSrgb(Pixels8(3, pixels), ColorSpace::kRgb, p3);
  ASSERT_TRUE(srgb.ok()) << srgb.status();
  EXPECT_EQ(srgb->channels, 3);
  EXPECT_EQ(srgb->depth, Depth::k16);
  ExpectWithinOne(Values(*srgb), {138, 59, 22, 204, 179, 157, 11, 91, 207, 250, 250, 250, 5, 5, 5});

  const absl::StatusOr<Raster> back = FromSrgb(*srgb, p3, Depth::k8);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->depth, Depth::k8);
  ExpectWithinOne(Values(*back), std::vector<int>(pixels.begin(), pixels.end()));
  const absl::StatusOr<Raster> back16 = FromSrgb(*srgb, p3, Depth::k16);
  ASSERT_TRUE(back16.ok()) << back16.status();
  EXPECT_EQ(back16->depth, Depth::k16);
  ExpectWithinOne(Values(*back16), std::vector<int>(pixels.begin(), pixels.end()));
}

TEST_F(ProfileTest, CmykToSrgb) {
  const Raster pixels = Pixels8(4, {0, 0, 0, 0, 0, 255, 255, 0, 255, 0, 0, 0, 0, 0, 0, 255, 60, 40, 20, 10});
  const std::vector<int> expected = {255, 255, 255, 231, 0, 17, 0, 153, 228, 12, 0, 19, 177, 182, 200};
  for (const std::string& profile : {BuiltinProfile("cmyk"), std::string()}) {
    const absl::StatusOr<Raster> srgb = ToSrgb(pixels, ColorSpace::kCmyk, profile);
    ASSERT_TRUE(srgb.ok()) << srgb.status();
    ExpectWithinOne(Values(*srgb), expected);
  }
}

TEST_F(ProfileTest, GrayToSrgbAndBack) {
  const std::string profile = GrayProfile(1.0);
  const absl::StatusOr<Raster> srgb = ToSrgb(Pixels8(1, {0, 55, 128, 255}), ColorSpace::kGray, profile);
  ASSERT_TRUE(srgb.ok()) << srgb.status();
  // Linear light through sRGB's curve: 55/255 is 0.5020, 128/255 is 0.7366.
  ExpectWithinOne(Values(*srgb), {0, 0, 0, 128, 128, 128, 188, 188, 188, 255, 255, 255});
  const absl::StatusOr<Raster> back = FromSrgb(*srgb, profile, Depth::k8);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->channels, 1);
  ExpectWithinOne(Values(*back), {0, 55, 128, 255});
}

TEST_F(ProfileTest, RefusesAProfileOfAnotherSpaceOrBroken) {
  const Raster rgb = Pixels8(3, {1, 2, 3});
  EXPECT_EQ(ToSrgb(rgb, ColorSpace::kRgb, BuiltinProfile("cmyk")).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ToSrgb(rgb, ColorSpace::kRgb, GrayProfile(2)).status().code(),
            absl::StatusCode::kInvalidArgument);
  std::string broken = BuiltinProfile("p3");
  std::fill(broken.begin() + 128, broken.end(), '\xff');
  EXPECT_EQ(ToSrgb(rgb, ColorSpace::kRgb, broken).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(CanConvertFromSrgb(broken));
  EXPECT_FALSE(CanConvertFromSrgb("hello"));
  EXPECT_TRUE(CanConvertFromSrgb(BuiltinProfile("p3")));
}

TEST_F(ProfileTest, TellsSrgbFromOthers) {
  EXPECT_TRUE(IsSrgb(BuiltinProfile("srgb"), ColorSpace::kRgb));
  EXPECT_TRUE(IsSrgb(SrgbProfile(), ColorSpace::kRgb));
  EXPECT_FALSE(IsSrgb(BuiltinProfile("p3"), ColorSpace::kRgb));
  EXPECT_FALSE(IsSrgb(GrayProfile(2.2), ColorSpace::kGray));
  EXPECT_FALSE(IsSrgb(GrayProfile(1.8), ColorSpace::kGray));
  EXPECT_FALSE(IsSrgb("hello", ColorSpace::kRgb));
}

}  // namespace
}  // namespace impasto::imaging
