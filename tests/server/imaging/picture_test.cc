#include "imaging/picture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vips/vips8>

namespace impasto::imaging {
namespace {

Image Noise(int width, int height) {
  Image image{width, height, {}};
  uint32_t state = 1;
  for (size_t i = 0; i < 3 * image.pixels(); ++i) {
    state = state * 1664525u + 1013904223u;
    image.rgb.push_back(static_cast<float>(state >> 24));
  }
  return image;
}

TEST(PictureTest, PngWithinMaxSizeComesThroughExactly) {
  ASSERT_TRUE(Init(2).ok());
  const Image image = Noise(37, 21);
  const absl::StatusOr<Encoded> encoded = Encode(image, {});
  ASSERT_TRUE(encoded.ok()) << encoded.status();
  const absl::StatusOr<Picture> picture = Picture::Decode(encoded->data, {});
  ASSERT_TRUE(picture.ok()) << picture.status();
  EXPECT_EQ(picture->width(), 37);
  EXPECT_EQ(picture->height(), 21);
  const absl::StatusOr<Image> working = picture->Working(37);
  ASSERT_TRUE(working.ok());
  EXPECT_EQ(working->rgb, image.rgb);
}

}  // namespace
}  // namespace impasto::imaging
