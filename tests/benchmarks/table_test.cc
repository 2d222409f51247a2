#include "tests/benchmarks/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/nets/graph.h"
#include "engine/recipe.h"
#include "tests/benchmarks/case.h"
#include "tests/benchmarks/child.h"
#include "tests/benchmarks/flops.h"
#include "tests/benchmarks/peak.h"

namespace impasto::bench {
namespace {

TEST(SizeTest, ALongSideIsOfAPhotograph) {
  const auto size = ParseSize("512");
  ASSERT_TRUE(size.ok());
  EXPECT_EQ(size->width, 512);
  EXPECT_EQ(size->height, 384);
}

TEST(SizeTest, WidthAndHeight) {
  const auto size = ParseSize("512x340");
  ASSERT_TRUE(size.ok());
  EXPECT_EQ(size->width, 512);
  EXPECT_EQ(size->height, 340);
}

TEST(SizeTest, RefusesWhatIsNoSize) {
  for (const char* text : {"", "x", "512x", "x512", "512x384x3", "15", "16", "9000", "-512"}) {
    EXPECT_EQ(ParseSize(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

TEST(BytesPerPixelTest, IsTheSlopeBetweenTheTwoLargest) {
  EXPECT_EQ(BytesPerPixel({400, 100, 1600}, {1000, 900, 7000}), 5);
  EXPECT_EQ(BytesPerPixel({100}, {900}), 0);
  EXPECT_EQ(BytesPerPixel({100, 100}, {900, 950}), 0);
}

TEST(DirectFlopsTest, OneConvolutionByHand) {
  // 3 -> 64 channels, 3 x 3: 27 multiply-adds for each of 64 x 20 x 10 numbers, forward and back.
  EXPECT_EQ(*DirectFlops(engine::Vgg19(), {"block1_conv1"}, 20, 10), 4.0 * 27 * 64 * 20 * 10);
}

TEST(DirectFlopsTest, TheReferenceRecipeOfVgg19) {
  // The whole of VGG19 up to block5_conv2: 292 GFLOP at 512 x 384, and block5_conv3 and conv4 not among them.
  const Case c{.model = "vgg19", .width = 512, .height = 384, .executor = "cpu"};
  EXPECT_NEAR(*DirectFlopsOf(c), 291.3e9, 0.1e9);
  EXPECT_EQ(*DirectFlopsOf(c), *DirectFlops(engine::Vgg19(), {"block5_conv2"}, 384, 512));
}

TEST(DirectFlopsTest, RefusesAnUnknownTap) {
  EXPECT_EQ(DirectFlops(engine::Vgg19(), {"block9_conv1"}, 64, 64).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(TapsTest, EachLayerOnce) {
  engine::Recipe recipe;
  recipe.content_layers = {{"b"}, {"a"}};
  recipe.style_layers = {{"a"}, {"c"}};
  EXPECT_THAT(TapsOf(recipe), ::testing::ElementsAre("b", "a", "c"));
}

TEST(CaseTest, GoesThroughACommandLine) {
  const Case c{.model = "vgg16",
               .width = 640,
               .height = 480,
               .executor = "torch-nchw",
               .threads = 3,
               .weights = "a folder/with \"quotes\""};
  const auto back = ParseCaseArgument(CaseArgument(c));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->model, c.model);
  EXPECT_EQ(back->width, 640);
  EXPECT_EQ(back->height, 480);
  EXPECT_EQ(back->executor, c.executor);
  EXPECT_EQ(back->threads, 3);
  EXPECT_EQ(back->weights, c.weights);
  EXPECT_EQ(ParseCaseArgument("{}").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ParseCaseArgument("vgg19").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(TableTest, RefusesUnknownNames) {
  EXPECT_EQ(RunTable({.models = {"vgg11"}}).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(RunTable({.executors = {"caffe"}}).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(RunTable({.models = {"resnet50"}, .executors = {"onednn"}}).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(PeakTest, IsThere) {
  const Peak peak = MeasurePeak(1);
  EXPECT_GT(peak.gflops, 0.5);
  EXPECT_NE(peak.target, "");
}

}  // namespace
}  // namespace impasto::bench
