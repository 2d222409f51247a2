// The picture's gradient through whole networks, and through each of their layers alone, against float64.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <set>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "engine/executors/cpu/cpu_executor.h"
#include "engine/nets/builder.h"
#include "tests/server/engine/executors/cpu/decided_reference.h"
#include "tests/server/engine/executors/cpu/targets.h"
#include "tests/testing/reference_net.h"
#include "tests/testing/small_nets.h"

namespace impasto::engine {
namespace {

using testing::DecidedReference;
using testing::Floats;
using testing::Map;
using testing::RandomMap;
using testing::RelativeError;
using testing::SeededWeights;
using testing::SmallNet;

// One executor for each set of vector instructions.
class Executors {
 public:
  Executors(const Graph& graph, const Weights& weights) {
    for (const cpu::Target& target : cpu::RunnableTargets()) {
      cpu::ForceTarget(target);
      executors_.emplace_back(target, *MakeCpuExecutor(graph, weights, /*threads=*/2));
    }
  }

  // The picture's gradient for a gradient at one tap, of each; f(target's name, map at the tap, gradient).
  template <typename F>
  void Each(const std::string& tap, const Map& picture, int height, int width, const Map& gradient,
            F f) const {
    for (const auto& [target, executor] : executors_) {
      cpu::ForceTarget(target);
      const auto plan = executor->Compile({tap}, height, width, Pooling::kMax);
      ASSERT_TRUE(plan.ok()) << plan.status();
      ASSERT_TRUE((*plan)->Forward(Floats(picture), true).ok());
      const std::vector<float> map = *(*plan)->CopyTap(0);
      ASSERT_TRUE((*plan)->AddGradient(0, Floats(gradient)).ok());
      std::vector<float> got(picture.size());
      ASSERT_TRUE((*plan)->Backward(absl::MakeSpan(got)).ok());
      f(target.name, map, got);
    }
  }

 private:
  std::vector<std::pair<cpu::Target, std::unique_ptr<const Executor>>> executors_;
};

// Every one of `taps` alone, with gradients within `limit`.
void CheckTaps(const Graph& whole, const std::vector<std::string>& taps, int height, int width, double margin,
               double limit) {
  const Graph graph = *whole.Prune(taps);
  const Weights weights = SeededWeights(graph, 7);
  const Executors executors(graph, weights);
  DecidedReference reference(graph, weights, height, width);
  const double nearest = reference.Choose(margin);
  double worst_map = 0, worst = 0;
  for (const std::string& tap : taps) {
    const Map& value = reference.value(tap);
    const Map gradient = RandomMap(value.size(), 100);
    const Map expected = reference.Gradient({{tap, gradient}});
    executors.Each(
        tap, reference.picture(), height, width, gradient,
        [&](const std::string& target, const std::vector<float>& map, const std::vector<float>& got) {
          const double map_error = RelativeError(map, value), error = RelativeError(got, expected);
          EXPECT_LT(map_error, 5e-5) << tap << " " << target;
          EXPECT_LT(error, limit) << tap << " " << target;
          worst_map = std::max(worst_map, map_error);
          worst = std::max(worst, error);
        });
  }
  std::printf("%s %dx%d, %zu taps: maps at most %.1e off, gradients %.1e; nearest decision %.1e\n",
              whole.model().c_str(), height, width, taps.size(), worst_map, worst, nearest);
}

// With a sixteenth of the channels. Decisions are further away than rounding reaches.
void CheckSmallNet(const Graph& graph) {
  const Graph small = SmallNet(graph, 16);
  for (const auto& [height, width] : {std::pair{33, 35}, {32, 47}, {37, 49}, {61, 39}})
    CheckTaps(small, small.LayerNames(), height, width, 1e-5, 1e-4);
}

TEST(CpuExecutorGradientTest, EveryTapOfSmallVgg19) { CheckSmallNet(Vgg19()); }
TEST(CpuExecutorGradientTest, EveryTapOfSmallVgg16) { CheckSmallNet(Vgg16()); }
TEST(CpuExecutorGradientTest, EveryTapOfSmallResNet50) { CheckSmallNet(ResNet50()); }

// With all channels there are so many decisions that some are as near as rounding.
TEST(CpuExecutorGradientTest, EveryTapOfVgg19) {
  CheckTaps(Vgg19(), Vgg19().LayerNames(), 33, 35, 1e-6, 1e-2);
}
TEST(CpuExecutorGradientTest, TapsOfVgg16) {
  CheckTaps(Vgg16(), {"block1_conv2", "block3_conv3", "block5_conv1", "block5_pool"}, 35, 32, 1e-6, 1e-2);
}
TEST(CpuExecutorGradientTest, TapsOfResNet50) {
  CheckTaps(
      ResNet50(),
      {"conv1_relu", "conv2_block2_2_bn", "conv3_block1_0_bn", "conv3_block1_0_conv", "conv3_block4_add",
       "conv4_block1_2_bn", "conv5_block1_3_bn", "conv5_block3_3_bn", "conv5_block3_out"},
      33, 35, 1e-6, 1e-2);
}

// Every convolution that the three networks have, each once, behind a 1x1 convolution of the picture to its
// input channels, with all its channels.
TEST(CpuExecutorGradientTest, EachConvolutionAlone) {
  std::set<std::tuple<int, int, int, int, int, bool>> seen;
  double worst = 0, worst_map = 0;
  for (const Graph& network : {Vgg19(), Vgg16(), ResNet50()}) {
    for (const Node& node : network.nodes()) {
      if (node.op != Op::kConv2d) continue;
      const Node& input = network.nodes()[node.inputs[0]];
      if (!seen.emplace(input.channels, node.channels, node.kernel, node.stride, node.padding, node.relu)
               .second)
        continue;
      SCOPED_TRACE(absl::StrCat(network.model(), " ", node.name));
      GraphBuilder b;
      int x = b.Input("input");
      if (input.channels != 3) x = b.Conv("first", x, input.channels, 1, 1, 0, false);
      b.Conv("op", x, node.channels, node.kernel, node.stride, node.padding, node.relu);
      const Graph graph = std::move(b).Build("test");
      const Weights weights = SeededWeights(graph, 3);
      constexpr int kHeight = 11, kWidth = 9;
      DecidedReference reference(graph, weights, kHeight, kWidth);
      reference.Choose(0);
      const Map& value = reference.value("op");
      Map gradient = RandomMap(value.size(), 100);
      // No gradient where the ReLU's decision is a near thing.
      const Map decided = reference.ReluInput("op");
      for (size_t i = 0; i < decided.size(); ++i) {
        if (std::abs(decided[i]) < 1e-4) gradient[i] = 0;
      }
      const Map expected = reference.Gradient({{"op", gradient}});
      Executors(graph, weights)
          .Each("op", reference.picture(), kHeight, kWidth, gradient,
                [&](const std::string& target, const std::vector<float>& map, const std::vector<float>& got) {
                  const double map_error = RelativeError(map, value), error = RelativeError(got, expected);
                  EXPECT_LT(map_error, 2e-5) << target;
                  EXPECT_LT(error, 1e-4) << target;
                  worst_map = std::max(worst_map, map_error);
                  worst = std::max(worst, error);
                });
    }
  }
  std::printf("%zu convolutions: maps at most %.1e off, gradients %.1e\n", seen.size(), worst_map, worst);
}

}  // namespace
}  // namespace impasto::engine
