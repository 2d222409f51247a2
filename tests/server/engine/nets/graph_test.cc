#include "engine/nets/graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace impasto::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> Names(const Graph& graph) {
  std::vector<std::string> names;
  for (const Node& node : graph.nodes()) names.push_back(node.name);
  return names;
}

TEST(GraphTest, PruneKeepsOnlyWhatTheTapsNeed) {
  const absl::StatusOr<Graph> graph = Vgg19().Prune({"block2_conv1", "block1_conv2"});
  ASSERT_TRUE(graph.ok());
  EXPECT_THAT(Names(*graph),
              ElementsAre("input", "block1_conv1", "block1_conv2", "block1_pool", "block2_conv1"));
  EXPECT_THAT(graph->nodes()[4].inputs, ElementsAre(3));
}

TEST(GraphTest, PruneDropsBranchesThatNoTapReads) {
  // The shortcut of the first block is a branch of its own: its tap needs none of the three convolutions
  // beside it.
  const absl::StatusOr<Graph> graph = ResNet50().Prune({"conv2_block1_0_bn"});
  ASSERT_TRUE(graph.ok());
  EXPECT_THAT(Names(*graph),
              ElementsAre("input", "conv1_pad", "conv1_conv", "conv1_bn", "conv1_relu", "pool1_pad",
                          "pool1_pool", "conv2_block1_0_conv", "conv2_block1_0_bn"));
}

TEST(GraphTest, PruneTurnsMaxPoolsIntoAveragePools) {
  const absl::StatusOr<Graph> graph = Vgg19().Prune({"block1_pool"}, Pooling::kAverage);
  ASSERT_TRUE(graph.ok());
  EXPECT_EQ(graph->nodes().back().op, Op::kAveragePool);
}

TEST(GraphTest, UnknownTapNamesTheNearest) {
  const absl::Status status = Vgg19().Prune({"block5_conv22"}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("block5_conv2"));
}

TEST(GraphTest, TheInputIsNoTap) {
  EXPECT_EQ(Vgg19().Prune({"input"}).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(GraphTest, ShapesRoundDownAsKerasDoes) {
  const Graph graph = Vgg19();
  const auto shapes = graph.Shapes(75, 61);
  ASSERT_TRUE(shapes.ok());
  EXPECT_EQ((*shapes)[graph.Find("block1_conv2")], (TensorShape{64, 75, 61}));
  EXPECT_EQ((*shapes)[graph.Find("block2_conv1")], (TensorShape{128, 37, 30}));
  EXPECT_EQ((*shapes)[graph.Find("block5_pool")], (TensorShape{512, 2, 1}));
}

TEST(GraphTest, APictureTooSmallNamesTheLayer) {
  const auto shapes = Vgg19().Shapes(40, 15);
  EXPECT_EQ(shapes.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(shapes.status().message()), HasSubstr("block4_pool"));
}

TEST(GraphTest, UnknownModelListsTheKnown) {
  const auto graph = MakeGraph("vgg18");
  EXPECT_EQ(graph.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(graph.status().message()), HasSubstr("vgg19, vgg16, resnet50"));
}

}  // namespace
}  // namespace impasto::engine
