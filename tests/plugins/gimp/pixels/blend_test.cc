#include "pixels/blend.h"

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "absl/status/statusor.h"
#include "pixels/pixels.h"
#include "tests/plugins/gimp/pixels/gegl_buffers.h"

namespace impasto::gimp {
namespace {

constexpr int kWidth = 4;
constexpr int kHeight = 2;
constexpr GeglRectangle kArea = {3, 1, kWidth, kHeight};

// Larger than the area, so that offsets count.
template <typename Value>
Buffer Original(const Babl* format, const std::vector<Value>& values) {
  Buffer buffer = NewBuffer(9, 5, format);
  gegl_buffer_set(buffer.get(), &kArea, 0, format, values.data(), GEGL_AUTO_ROWSTRIDE);
  return buffer;
}

template <typename Value>
ReceivedPicture Painted(v1::PixelFormat format, const std::vector<Value>& values) {
  ReceivedPicture picture;
  picture.header.set_format(v1::PICTURE_FORMAT_RAW);
  picture.header.set_pixel_format(format);
  picture.header.set_width(kWidth);
  picture.header.set_height(kHeight);
  picture.bytes.assign(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(Value));
  return picture;
}

template <typename Value>
std::vector<Value> Blended(const Buffer& original, const ReceivedPicture& picture,
                           const std::vector<uint8_t>& mask) {
  const absl::StatusOr<GeglBuffer*> blended = Blend(original.get(), kArea, picture, mask);
  EXPECT_TRUE(blended.ok()) << blended.status();
  const Buffer result(*blended);
  EXPECT_EQ(gegl_buffer_get_format(result.get()), gegl_buffer_get_format(original.get()));
  EXPECT_EQ(gegl_buffer_get_width(result.get()), kWidth);
  EXPECT_EQ(gegl_buffer_get_height(result.get()), kHeight);
  const size_t pixel = babl_format_get_bytes_per_pixel(gegl_buffer_get_format(result.get()));
  std::vector<Value> values(kWidth * kHeight * pixel / sizeof(Value));
  gegl_buffer_get(result.get(), nullptr, 1, nullptr, values.data(), GEGL_AUTO_ROWSTRIDE, GEGL_ABYSS_NONE);
  return values;
}

TEST(BlendTest, BytesAreMixedByTheMaskAndAlphaStays) {
  std::vector<uint8_t> before;
  std::vector<uint8_t> painted;
  const std::vector<uint8_t> mask = {0, 255, 128, 1, 254, 64, 0, 200};
  std::vector<uint8_t> expected;
  for (int i = 0; i < kWidth * kHeight; ++i) {
    const uint8_t alphas[] = {255, 0, 77, 128};
    for (int c = 0; c < 3; ++c) {
      before.push_back(static_cast<uint8_t>(11 * i + 50 * c));
      painted.push_back(static_cast<uint8_t>(250 - 13 * i - 40 * c));
      expected.push_back(static_cast<uint8_t>(
          std::lround((mask[i] * painted.back() + (255 - mask[i]) * before.back()) / 255.0)));
    }
    before.push_back(alphas[i % 4]);
    painted.push_back(9);  // what a server says of alpha doesn't count
    expected.push_back(alphas[i % 4]);
  }
  const Babl* format = babl_format("R'G'B'A u8");
  EXPECT_EQ(Blended<uint8_t>(Original(format, before), Painted(v1::PIXEL_FORMAT_RGBA8, painted), mask),
            expected);
}

TEST(BlendTest, WithoutAMaskAllIsPaintedButAlpha) {
  std::vector<uint16_t> before;
  std::vector<uint16_t> painted;
  std::vector<uint16_t> expected;
  for (int i = 0; i < kWidth * kHeight; ++i) {
    before.insert(before.end(), {static_cast<uint16_t>(100 * i), static_cast<uint16_t>(i)});
    painted.insert(painted.end(), {static_cast<uint16_t>(60000 - i), 65535});
    expected.insert(expected.end(), {static_cast<uint16_t>(60000 - i), static_cast<uint16_t>(i)});
  }
  const Babl* format = babl_format("YA u16");
  EXPECT_EQ(Blended<uint16_t>(Original(format, before), Painted(v1::PIXEL_FORMAT_GRAY_ALPHA16, painted), {}),
            expected);
}

// Floats have 24 bits: what isn't painted must not go through them.
TEST(BlendTest, UnpaintedIntegersOf32BitsKeepEveryBit) {
  std::vector<uint32_t> before;
  const std::vector<float> painted(kWidth * kHeight * 4, 0.25f);
  const std::vector<uint8_t> mask = {0, 255, 0, 0, 0, 0, 255, 0};
  std::vector<uint32_t> expected;
  for (uint32_t i = 0; i < kWidth * kHeight; ++i) {
    for (uint32_t c = 0; c < 4; ++c) {
      before.push_back(0x81234567u + 0x01010101u * i + c);
      expected.push_back(mask[i] == 0 || c == 3 ? before.back() : 0x40000000u);
    }
  }
  const std::vector<uint32_t> blended = Blended<uint32_t>(
      Original(babl_format("R'G'B'A u32"), before), Painted(v1::PIXEL_FORMAT_RGBA_FLOAT, painted), mask);
  for (size_t i = 0; i < expected.size(); ++i) {
    if (mask[i / 4] == 0 || i % 4 == 3) {
      EXPECT_EQ(blended[i], expected[i]) << i;
    } else {
      EXPECT_NEAR(blended[i], expected[i], 1) << i;
    }
  }
}

TEST(BlendTest, LinearLightIsMixedAsLight) {
  const std::vector<float> before(kWidth * kHeight * 3, 0.2f);
  const std::vector<float> painted(kWidth * kHeight * 3, 0.8f);
  const std::vector<uint8_t> mask(kWidth * kHeight, 51);  // a fifth
  for (const float value : Blended<float>(Original(babl_format("RGB float"), before),
                                          Painted(v1::PIXEL_FORMAT_RGB_FLOAT, painted), mask)) {
    EXPECT_NEAR(value, 0.32f, 1e-6);
  }
}

TEST(BlendTest, ValuesBeyondWhiteStayWhereNothingIsPainted) {
  std::vector<float> before(kWidth * kHeight * 3, 7.5f);
  before[0] = -0.25f;
  const std::vector<uint8_t> mask(kWidth * kHeight, 0);
  EXPECT_EQ(
      Blended<float>(Original(babl_format("RGB float"), before),
                     Painted(v1::PIXEL_FORMAT_RGB_FLOAT, std::vector<float>(before.size(), 0.5f)), mask),
      before);
}

TEST(BlendTest, RefusesAPictureOfAnotherSize) {
  const Buffer original = Original(babl_format("R'G'B' u8"), std::vector<uint8_t>(kWidth * kHeight * 3));
  ReceivedPicture picture = Painted(v1::PIXEL_FORMAT_RGB8, std::vector<uint8_t>(kWidth * kHeight * 3));
  picture.header.set_width(kWidth + 1);
  EXPECT_EQ(Blend(original.get(), kArea, picture, {}).status().code(), absl::StatusCode::kInternal);
}

TEST(CopyPixelsTest, EveryBitGoesToItsPlace) {
  const Babl* format = babl_format("Y u32");
  const Buffer from = NewBuffer(kWidth, kHeight, format);
  const Buffer to = NewBuffer(9, 5, format);
  std::vector<uint32_t> values = {0xfedcba98u, 1, 2, 3, 4, 5, 6, 0x80000001u};
  gegl_buffer_set(from.get(), nullptr, 0, format, values.data(), GEGL_AUTO_ROWSTRIDE);
  CopyPixels(from.get(), to.get(), kArea);
  std::vector<uint32_t> all(9 * 5);
  gegl_buffer_get(to.get(), nullptr, 1, format, all.data(), GEGL_AUTO_ROWSTRIDE, GEGL_ABYSS_NONE);
  std::vector<uint32_t> expected(9 * 5, 0);
  for (int i = 0; i < kWidth * kHeight; ++i) {
    expected[(kArea.y + i / kWidth) * 9 + kArea.x + i % kWidth] = values[i];
  }
  EXPECT_EQ(all, expected);
}

}  // namespace
}  // namespace impasto::gimp
