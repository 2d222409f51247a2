#include "base/resample.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace impasto {
namespace {

using testing::FloatNear;
using testing::Pointwise;

std::vector<float> Scale(const std::vector<float>& in, int in_width, int in_height, int channels,
                         int out_width, int out_height, Filter filter = Filter::kLanczos) {
  std::vector<float> out;
  int expected_row = 0;
  int next_read = 0;
  const size_t in_row = static_cast<size_t>(in_width) * channels;
  Resample(
      in_width, in_height, channels, out_width, out_height, filter,
      [&](int y, float* row) {
        EXPECT_EQ(y, next_read++);
        std::copy_n(in.begin() + y * in_row, in_row, row);
      },
      [&](int y, const float* row) {
        EXPECT_EQ(y, expected_row++);
        out.insert(out.end(), row, row + out_width * channels);
      });
  EXPECT_EQ(expected_row, out_height);
  return out;
}

std::vector<float> Squares(int count) {
  std::vector<float> values;
  for (int i = 0; i < count; ++i) {
    values.push_back(static_cast<float>(7 * i * i % 256));
  }
  return values;
}

// The expected values are Pillow's: Image.fromarray(a, "F").resize((W, H), Image.LANCZOS).
TEST(ResampleTest, ShrinksARowLikePillow) {
  EXPECT_THAT(Scale(Squares(13), 13, 1, 1, 5, 1),
              Pointwise(FloatNear(1e-3), {2.28471, 90.1576, 190.861, 118.038, 157.189}));
}

TEST(ResampleTest, GrowsARowLikePillow) {
  EXPECT_THAT(
      Scale(Squares(5), 5, 1, 1, 8, 1),
      Pointwise(FloatNear(1e-3), {-0.0598258, 1.36644, 7.77081, 20.4998, 35.2887, 59.451, 96.2218, 115.914}));
}

TEST(ResampleTest, ShrinksBothAxesLikePillow) {
  EXPECT_THAT(Scale(Squares(42), 7, 6, 1, 3, 4),
              Pointwise(FloatNear(1e-3), {53.5114, 82.618, 189.693, 65.6973, 152.957, 220.511, 100.197,
                                          106.695, 145.949, 154.536, 107.491, 181.789}));
}

TEST(ResampleTest, GrowsBothAxesLikePillow) {
  EXPECT_THAT(Scale(Squares(12), 4, 3, 1, 5, 5),
              Pointwise(FloatNear(1e-3),
                        {-8.84922, -13.3693, -15.8409, 21.969,  63.2136, 26.5654, 55.5292, 103.118, 98.8851,
                         68.9733,  109.786,  142.395,  246.071, 206.343, 76.0267, 183.227, 115.431, 183.613,
                         199.972,  73.3011,  208.807,  69.8551, 95.9935, 162.414, 69.2264}));
}

TEST(ResampleTest, SameSizeIsUntouched) { EXPECT_EQ(Scale(Squares(42), 7, 6, 1, 7, 6), Squares(42)); }

TEST(ResampleTest, AnAxisOfTheSameSizeIsUntouched) {
  // Three equal rows stay three equal rows' worth of the same values, whatever their number becomes.
  std::vector<float> in;
  for (int y = 0; y < 3; ++y) {
    in.insert(in.end(), {10, 200, 30});
  }
  const std::vector<float> out = Scale(in, 3, 3, 1, 3, 7);
  for (int y = 0; y < 7; ++y) {
    EXPECT_NEAR(out[3 * y], 10, 1e-4);
    EXPECT_NEAR(out[3 * y + 1], 200, 1e-3);
    EXPECT_NEAR(out[3 * y + 2], 30, 1e-4);
  }
}

TEST(ResampleTest, ChannelsDoNotMix) {
  // Planar rows: 4 of the first channel, 4 of the second.
  const std::vector<float> in = {0, 0, 0, 0, 9, 9, 9, 9, 0, 0, 0, 0, 9, 9, 9, 9};
  const std::vector<float> out = Scale(in, 4, 2, 2, 3, 1);
  EXPECT_THAT(out, Pointwise(FloatNear(1e-5), {0, 0, 0, 9, 9, 9}));
}

TEST(ResampleTest, ToOnePixelAndFromOnePixel) {
  EXPECT_THAT(Scale(std::vector<float>(100 * 40, 77.0f), 100, 40, 1, 1, 1), Pointwise(FloatNear(1e-3), {77}));
  EXPECT_THAT(Scale({5}, 1, 1, 1, 2, 2), Pointwise(FloatNear(1e-5), {5, 5, 5, 5}));
}

// Pillow's Image.BILINEAR.
TEST(ResampleTest, LinearLikePillow) {
  EXPECT_THAT(Scale(Squares(13), 13, 1, 1, 5, 1, Filter::kLinear),
              Pointwise(FloatNear(1e-3), {13.5333, 86.7576, 179.543, 126.273, 151.133}));
  EXPECT_THAT(Scale(Squares(5), 5, 1, 1, 8, 1, Filter::kLinear),
              Pointwise(FloatNear(1e-3), {0.0, 3.0625, 8.3125, 21.4375, 38.9375, 60.8125, 90.5625, 112.0}));
}

TEST(ResampleTest, LinearStaysWithinTheInputsRange) {
  std::vector<float> spikes(9 * 7, 0.0f);
  for (size_t i = 0; i < spikes.size(); i += 5) spikes[i] = 1000;
  for (const auto& [width, height] : {std::pair(18, 14), {17, 13}, {5, 4}}) {
    for (const float value : Scale(spikes, 9, 7, 1, width, height, Filter::kLinear)) {
      ASSERT_TRUE(value >= 0 && value <= 1000) << width << " " << value;
    }
  }
}

TEST(ResampleTest, APictureStaysWithinItsRange) {
  const Image image{4, 3, Squares(36)};
  const Image larger = Resampled(image, 9, 8);
  EXPECT_EQ(larger.width, 9);
  EXPECT_EQ(larger.height, 8);
  ASSERT_EQ(larger.rgb.size(), 3u * 72);
  std::vector<float> expected = Resampled(image.rgb, 4, 3, 9, 8, Filter::kLanczos);
  EXPECT_LT(*std::min_element(expected.begin(), expected.end()), 0);
  for (float& value : expected) value = std::clamp(value, 0.0f, 255.0f);
  EXPECT_EQ(larger.rgb, expected);
  // Plane by plane, each as if it were alone.
  const std::vector<float> green(image.rgb.begin() + 12, image.rgb.begin() + 24);
  const std::vector<float> alone = Scale(green, 4, 3, 1, 9, 8);
  for (size_t i = 0; i < 72; ++i) ASSERT_EQ(larger.rgb[72 + i], std::clamp(alone[i], 0.0f, 255.0f));
  EXPECT_EQ(Resampled(image, 4, 3).rgb, image.rgb);
}

}  // namespace
}  // namespace impasto
