#include "engine/weights/widths.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace impasto::engine {
namespace {

using ::testing::HasSubstr;

int Channels(const Graph& graph, const std::string& name) {
  return graph.nodes()[static_cast<size_t>(graph.Find(name))].channels;
}

TEST(WidthsTest, NothingKnownIsTheTemplate) {
  const Graph graph = ResNet50();
  const absl::StatusOr<Graph> adapted = AdaptWidths(graph, {});
  ASSERT_TRUE(adapted.ok());
  for (size_t i = 0; i < graph.nodes().size(); ++i)
    EXPECT_EQ(adapted->nodes()[i].channels, graph.nodes()[i].channels);
}

TEST(WidthsTest, NeighboursDecideMissingLayers) {
  const absl::StatusOr<Graph> graph = AdaptWidths(Vgg19(), {{"block2_conv1", {6, 5}}});
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_EQ(Channels(*graph, "block1_conv1"), 64);
  EXPECT_EQ(Channels(*graph, "block1_conv2"), 5) << "its output is the known input";
  EXPECT_EQ(Channels(*graph, "block1_pool"), 5);
  EXPECT_EQ(Channels(*graph, "block2_conv1"), 6);
  EXPECT_EQ(Channels(*graph, "block2_conv2"), 128);
}

TEST(WidthsTest, ResidualSumsTieAWholeStage) {
  const absl::StatusOr<Graph> graph = AdaptWidths(ResNet50(), {{"conv3_block1_0_bn", {12, 12}}});
  ASSERT_TRUE(graph.ok()) << graph.status();
  for (const char* name :
       {"conv3_block1_0_conv", "conv3_block1_3_conv", "conv3_block2_3_bn", "conv3_block4_out"}) {
    EXPECT_EQ(Channels(*graph, name), 12) << name;
  }
  EXPECT_EQ(Channels(*graph, "conv3_block1_1_conv"), 128);
  EXPECT_EQ(Channels(*graph, "conv4_block1_0_conv"), 1024);
}

TEST(WidthsTest, Contradictions) {
  const auto message = [](const std::map<std::string, LayerWidth, std::less<>>& known) {
    const absl::Status status = AdaptWidths(ResNet50(), known).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  EXPECT_THAT(message({{"conv1_conv", {8, 3}}, {"conv1_bn", {7, 7}}}),
              HasSubstr("the output of conv1_conv says 8, the output of conv1_bn says 7"));
  EXPECT_THAT(
      message({{"conv2_block1_0_conv", {8, 4}}, {"conv2_block3_3_conv", {9, 4}}}),
      HasSubstr("the output of conv2_block1_0_conv says 8, the output of conv2_block3_3_conv says 9"));
  EXPECT_THAT(message({{"conv1_conv", {8, 4}}}), HasSubstr("makes 8 channels of 4"));
  EXPECT_THAT(message({{"conv1_conv", {8, 2}}}),
              HasSubstr("the picture says 3, the input of conv1_conv says 2"));
  EXPECT_THAT(message({{"conv1_conv", {65, 3}}}),
              HasSubstr("makes 65 channels of 3; that of resnet50 makes 64 of 3"));
}

}  // namespace
}  // namespace impasto::engine
