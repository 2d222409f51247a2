#include "engine/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testing/reference_net.h"
#include "tests/testing/small_nets.h"

namespace impasto::engine {
namespace {

using testing::SeededWeights;
using testing::SmallNet;

TEST(ModelTest, KeepsWhatTheWeightsSay) {
  const Graph graph = SmallNet(Vgg16(), 32);
  Weights weights = SeededWeights(graph, 3);
  weights.family = WeightsFamily::kTorchvision;
  weights.sha256 = "abc";
  weights.layers.erase("block5_conv3");
  const auto model = Model::Load(graph, weights, {.device = "cpu", .threads = 1});
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ((*model)->name(), "vgg16");
  EXPECT_EQ((*model)->family(), WeightsFamily::kTorchvision);
  EXPECT_EQ((*model)->sha256(), "abc");
  EXPECT_THAT((*model)->missing_layers(), ::testing::ElementsAre("block5_conv3"));
  EXPECT_TRUE((*model)->WarmUp().ok());
}

TEST(ModelTest, WarmUpReachesAsFarAsTheWeights) {
  const Graph graph = SmallNet(ResNet50(), 32);
  Weights weights = SeededWeights(graph, 3);
  for (auto it = weights.layers.begin(); it != weights.layers.end();) {
    it = it->first.starts_with("conv5") ? weights.layers.erase(it) : std::next(it);
  }
  const auto model = Model::Load(graph, weights, {.device = "cpu", .threads = 1});
  ASSERT_TRUE(model.ok());
  EXPECT_TRUE((*model)->WarmUp().ok());
}

TEST(ModelTest, NoLayersAtAll) {
  const Graph graph = SmallNet(Vgg16(), 32);
  const auto model = Model::Load(graph, {}, {.device = "cpu", .threads = 1});
  ASSERT_TRUE(model.ok());
  EXPECT_EQ((*model)->WarmUp().code(), absl::StatusCode::kFailedPrecondition);
}

TEST(ModelTest, ADeviceThatIsNotKnown) {
  const Graph graph = SmallNet(Vgg16(), 32);
  EXPECT_EQ(Model::Load(graph, SeededWeights(graph, 3), {.device = "tpu"}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace impasto::engine
