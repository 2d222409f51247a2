#include "app/style_pictures.h"

#include <gtest/gtest.h>

#include <string>

#include "app/request_picture.h"
#include "tests/testing/reference_net.h"
#include "tests/testing/small_nets.h"

namespace impasto::app {
namespace {

std::shared_ptr<const v1::Picture> Encoded(const std::string& data) {
  auto picture = std::make_shared<v1::Picture>();
  picture->set_encoded(data);
  return picture;
}

std::string Png(int width, int height) {
  Image image{width, height, {}};
  for (size_t i = 0; i < 3 * image.pixels(); ++i) image.rgb.push_back(static_cast<float>(i * 37 % 256));
  return imaging::Encode(image, {.format = imaging::Format::kPng})->data;
}

class StylePicturesTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(imaging::Init(1).ok()); }

  // Puts something about the picture into the cache.
  void MakeKnown(const v1::Picture& picture) {
    const engine::Graph graph = testing::SmallNet(engine::Vgg19(), 32);
    const auto model =
        *engine::Model::Load(graph, testing::SeededWeights(graph, 5), {.device = "cpu", .threads = 1});
    const std::vector<std::string> layers = {"block1_conv1"};
    ASSERT_TRUE(cache_
                    .ForPictures({{PictureSha256(picture), {8, 8}}})({
                        .model = *model,
                        .size = {8, 8},
                        .layers = layers,
                        .compute = [&] { return engine::StyleStatistics{.layers = layers, .grams = {{1}}}; },
                    })
                    .ok());
  }

  StyleStatisticsCache cache_{{}};
};

TEST_F(StylePicturesTest, SizeAndPixelsAreThoseOfTheWorkingPicture) {
  const auto picture = Encoded(Png(41, 23));
  for (const bool known : {false, true}) {
    if (known) MakeKnown(*picture);
    for (const int side : {16, 17, 40, 41, 100}) {
      const auto style = PrepareStyle(picture, side, {}, cache_);
      ASSERT_TRUE(style.ok()) << style.status();
      const Image working = *DecodePicture(*picture, {})->Working(side);
      EXPECT_EQ(style->picture.size, (Size{working.width, working.height}));
      EXPECT_EQ(style->id.size, style->picture.size);
      EXPECT_EQ(style->id.sha256, PictureSha256(*picture));
      const auto pixels = style->picture.pixels();
      ASSERT_TRUE(pixels.ok()) << pixels.status();
      EXPECT_EQ((*pixels)->rgb, working.rgb);
      EXPECT_EQ(*style->picture.pixels(), *pixels);  // decoded once
    }
  }
}

TEST_F(StylePicturesTest, AKnownPictureIsDecodedOnlyWhereItsPixelsAreAskedFor) {
  // The header is whole, the pixels aren't: whoever decodes it says so.
  const auto cut = Encoded(Png(41, 23).substr(0, 200));
  EXPECT_EQ(PrepareStyle(cut, 16, {}, cache_).status().code(), absl::StatusCode::kInvalidArgument);
  MakeKnown(*cut);
  const auto style = PrepareStyle(cut, 16, {}, cache_);
  ASSERT_TRUE(style.ok()) << style.status();
  EXPECT_EQ(style->picture.size, (Size{16, 9}));
  EXPECT_EQ(style->picture.pixels().status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(StylePicturesTest, WhatIsNoPictureIsRefusedKnownOrNot) {
  const auto bad = Encoded("no picture");
  EXPECT_EQ(PrepareStyle(bad, 16, {}, cache_).status().code(), absl::StatusCode::kInvalidArgument);
  MakeKnown(*bad);
  EXPECT_EQ(PrepareStyle(bad, 16, {}, cache_).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace impasto::app
