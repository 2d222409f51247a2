// The rival has to compute the same as everyone else, or its time says nothing.
#include "tests/benchmarks/onednn_direct.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/testing/reference_net.h"
#include "tests/testing/small_nets.h"

namespace impasto::bench {
namespace {

using testing::Map;

TEST(OneDnnDirectTest, GivesTheMapAndTheGradient) {
  const engine::Graph graph = *testing::SmallNet(engine::Vgg19(), 4).Prune({"block4_conv2"});
  const engine::Weights weights = testing::SeededWeights(graph, 7);
  constexpr int kHeight = 37, kWidth = 50;
  std::mt19937 generator(3);
  std::normal_distribution<float> normal;
  std::vector<float> input(3 * kHeight * kWidth);
  for (float& v : input) v = normal(generator);
  const std::vector<Map> values =
      testing::ReferenceForward(graph, weights, Map(input.begin(), input.end()), kHeight, kWidth);
  std::vector<float> gradient(values.back().size());
  for (float& v : gradient) v = normal(generator);
  const Map expected = testing::ReferenceBackward(graph, weights, values, kHeight, kWidth,
                                                  {{"block4_conv2", Map(gradient.begin(), gradient.end())}});

  const auto net = OneDnnDirect::Create(graph, weights, kHeight, kWidth);
  ASSERT_TRUE(net.ok()) << net.status();
  for (int run = 0; run < 2; ++run) {  // the second one finds the first one's numbers in the buffers
    std::vector<float> output(gradient.size()), input_gradient(input.size());
    ASSERT_TRUE((*net)->Run(input, gradient, absl::MakeSpan(output), absl::MakeSpan(input_gradient)).ok());
    EXPECT_LT(testing::RelativeError(output, values.back()), 1e-5);
    EXPECT_LT(testing::RelativeError(input_gradient, expected), 1e-4);
  }
}

TEST(OneDnnDirectTest, RefusesWhatIsNoChain) {
  const engine::Graph graph = testing::SmallNet(engine::ResNet50(), 4);
  EXPECT_EQ(OneDnnDirect::Create(graph, testing::SeededWeights(graph, 1), 64, 64).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(OneDnnDirectTest, RefusesMapsOfAnotherSize) {
  const engine::Graph graph = *testing::SmallNet(engine::Vgg16(), 4).Prune({"block1_conv1"});
  const auto net = OneDnnDirect::Create(graph, testing::SeededWeights(graph, 1), 16, 16);
  ASSERT_TRUE(net.ok()) << net.status();
  std::vector<float> small(5);
  EXPECT_EQ((*net)->Run(small, small, absl::MakeSpan(small), absl::MakeSpan(small)).code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace impasto::bench
