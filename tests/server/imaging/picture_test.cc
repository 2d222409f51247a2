#include "imaging/picture.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/server/imaging/test_pictures.h"

namespace impasto::imaging {
namespace {

class PictureTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(Init(2).ok()); }

  static Picture FromImage(const Image& image) {
    absl::StatusOr<Encoded> encoded = Encode(image, {});
    EXPECT_TRUE(encoded.ok()) << encoded.status();
    absl::StatusOr<Picture> picture = Picture::Decode(encoded->data, {});
    EXPECT_TRUE(picture.ok()) << picture.status();
    return *picture;
  }
};

TEST(InitTest, WantsAThread) { EXPECT_EQ(Init(0).code(), absl::StatusCode::kInvalidArgument); }

TEST_F(PictureTest, WithinMaxSizeNothingChanges) {
  const Image image = NoiseImage(37, 21);
  const Picture picture = FromImage(image);
  for (int max_size : {37, 38, 5000}) {
    const absl::StatusOr<Image> working = picture.Working(max_size);
    ASSERT_TRUE(working.ok()) << working.status();
    EXPECT_EQ(working->width, 37);
    EXPECT_EQ(working->height, 21);
    EXPECT_EQ(working->rgb, image.rgb);
  }
}

TEST_F(PictureTest, ShrinksToMaxSizeWithin0To255) {
  const Picture picture = FromImage(NoiseImage(60, 40));
  const absl::StatusOr<Image> working = picture.Working(30);
  ASSERT_TRUE(working.ok()) << working.status();
  EXPECT_EQ(working->width, 30);
  EXPECT_EQ(working->height, 20);
  ASSERT_EQ(working->rgb.size(), 3u * 30 * 20);
  EXPECT_GE(*std::min_element(working->rgb.begin(), working->rgb.end()), 0.0f);
  EXPECT_LE(*std::max_element(working->rgb.begin(), working->rgb.end()), 255.0f);
}

TEST_F(PictureTest, ShrinksAStripToOnePixel) {
  const Picture picture = FromImage(NoiseImage(300, 2));
  const absl::StatusOr<Image> working = picture.Working(20);
  ASSERT_TRUE(working.ok()) << working.status();
  EXPECT_EQ(working->width, 20);
  EXPECT_EQ(working->height, 1);
}

TEST_F(PictureTest, ResizedIsExactlyThatSize) {
  const Picture picture = FromImage(NoiseImage(20, 10));
  for (const auto& [width, height] :
       {std::pair(7, 13), std::pair(20, 10), std::pair(41, 33), std::pair(1, 1)}) {
    const absl::StatusOr<Image> resized = picture.Resized(width, height);
    ASSERT_TRUE(resized.ok()) << resized.status();
    EXPECT_EQ(resized->width, width);
    EXPECT_EQ(resized->height, height);
    EXPECT_EQ(resized->rgb.size(), 3u * width * height);
  }
}

TEST_F(PictureTest, RefusesSizesThatMakeNoSense) {
  const Picture picture = FromImage(NoiseImage(20, 10));
  EXPECT_EQ(picture.Working(0).status(), absl::InvalidArgumentError("max_size: 0 pixels; at least 1"));
  EXPECT_EQ(picture.Working(-1).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(picture.Resized(0, 5).status(),
            absl::InvalidArgumentError("the picture is 0 x 5 pixels; at least 1 on a side"));
  EXPECT_EQ(picture.Resized(30'000, 30'000).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace impasto::imaging
