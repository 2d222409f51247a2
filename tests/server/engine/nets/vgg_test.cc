#include <gtest/gtest.h>

#include "engine/nets/graph.h"

namespace impasto::engine {
namespace {

TEST(VggTest, LayersAreKeras) {
  EXPECT_EQ(Vgg19().LayerNames().size(), 21u);  // 16 convolutions, 5 pools
  EXPECT_EQ(Vgg16().LayerNames().size(), 18u);
  EXPECT_EQ(Vgg16().Find("block3_conv4"), -1);
  EXPECT_GT(Vgg19().Find("block3_conv4"), 0);
}

TEST(VggTest, ConvolutionsHaveTheirReluInside) {
  const Graph graph = Vgg19();
  for (const Node& node : graph.nodes()) {
    if (node.op != Op::kConv2d) continue;
    EXPECT_TRUE(node.relu);
    EXPECT_EQ(node.kernel, 3);
    EXPECT_EQ(node.stride, 1);
    EXPECT_EQ(node.padding, 1);
  }
}

}  // namespace
}  // namespace impasto::engine
