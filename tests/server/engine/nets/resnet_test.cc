#include <gtest/gtest.h>

#include <algorithm>

#include "engine/nets/graph.h"

namespace impasto::engine {
namespace {

const Node& Get(const Graph& graph, const char* name) { return graph.nodes()[graph.Find(name)]; }

TEST(ResNetTest, TheStrideIsInTheFirst1x1) {
  const Graph graph = ResNet50();
  EXPECT_EQ(Get(graph, "conv3_block1_1_conv").stride, 2);
  EXPECT_EQ(Get(graph, "conv3_block1_1_conv").kernel, 1);
  EXPECT_EQ(Get(graph, "conv3_block1_2_conv").stride, 1);
  EXPECT_EQ(Get(graph, "conv3_block1_0_conv").stride, 2);
  EXPECT_EQ(Get(graph, "conv2_block1_1_conv").stride, 1);
  EXPECT_EQ(Get(graph, "conv3_block2_1_conv").stride, 1);
}

TEST(ResNetTest, PaddingIsExplicit) {
  const Graph graph = ResNet50();
  EXPECT_EQ(Get(graph, "conv1_pad").padding, 3);
  EXPECT_EQ(Get(graph, "conv1_conv").padding, 0);
  EXPECT_EQ(Get(graph, "pool1_pad").padding, 1);
  EXPECT_EQ(Get(graph, "pool1_pool").kernel, 3);
  EXPECT_EQ(Get(graph, "pool1_pool").stride, 2);
}

TEST(ResNetTest, CountsAndShapes) {
  const Graph graph = ResNet50();
  const auto convolutions = std::count_if(graph.nodes().begin(), graph.nodes().end(),
                                          [](const Node& n) { return n.op == Op::kConv2d; });
  EXPECT_EQ(convolutions, 53);
  const auto shapes = graph.Shapes(224, 224);
  ASSERT_TRUE(shapes.ok());
  EXPECT_EQ(shapes->back(), (TensorShape{2048, 7, 7}));
  EXPECT_EQ((*shapes)[graph.Find("conv1_conv")], (TensorShape{64, 112, 112}));
  EXPECT_EQ((*shapes)[graph.Find("pool1_pool")], (TensorShape{64, 56, 56}));
}

TEST(ResNetTest, BatchNormsHaveKerasEpsilon) {
  EXPECT_EQ(Get(ResNet50(), "conv5_block3_3_bn").epsilon, 1.001e-5);
}

}  // namespace
}  // namespace impasto::engine
