#include "tests/server/engine/executors/executor_conformance.h"

#include <gmock/gmock.h>

#include <cmath>
#include <random>

#include "absl/strings/str_cat.h"
#include "engine/nets/builder.h"
#include "tests/testing/reference_net.h"
#include "tests/testing/small_nets.h"

namespace impasto::engine {
namespace {

using impasto::testing::Map;
using impasto::testing::ReferenceBackward;
using impasto::testing::ReferenceForward;
using impasto::testing::RelativeError;
using impasto::testing::SeededWeights;
using impasto::testing::SmallNet;
using ::testing::HasSubstr;

Map RandomMap(size_t n, int seed, double deviation = 1) {
  std::mt19937 generator(seed);
  std::normal_distribution<double> normal(0, deviation);
  Map map(n);
  // Exact in float32, so that both sides see the same numbers.
  for (double& v : map) v = static_cast<float>(normal(generator));
  return map;
}

std::vector<float> Floats(const Map& map) { return {map.begin(), map.end()}; }

class Harness {
 public:
  Harness(const ExecutorCase& param, Graph graph, int height, int width, Pooling pooling = Pooling::kMax)
      : graph_(*graph.Prune(graph.LayerNames(), pooling)),
        weights_(SeededWeights(graph, 7)),
        height_(height),
        width_(width),
        map_tolerance_(param.map_tolerance) {
    executor_ = param.make(graph, weights_);
    pooling_ = pooling;
    input_ = RandomMap(3 * static_cast<size_t>(height) * width, 11);
    values_ = ReferenceForward(graph_, weights_, input_, height, width);
  }

  std::unique_ptr<Plan> Compile(const std::vector<std::string>& taps) {
    auto plan = executor_->Compile(taps, height_, width_, pooling_);
    EXPECT_TRUE(plan.ok()) << plan.status();
    return std::move(*plan);
  }

  // Forward with these taps: each tap's map against the reference. Then a random gradient at every tap: the
  // picture's gradient.
  void Check(const std::vector<std::string>& taps) {
    const std::unique_ptr<Plan> plan = Compile(taps);
    ASSERT_TRUE(plan->Forward(Floats(input_), true).ok());
    std::map<std::string, Map> gradients;
    for (size_t t = 0; t < taps.size(); ++t) {
      const Map& expected = values_[graph_.Find(taps[t])];
      const auto map = plan->CopyTap(static_cast<int>(t));
      ASSERT_TRUE(map.ok());
      EXPECT_LT(RelativeError(*map, expected), map_tolerance_) << taps[t];
      gradients[taps[t]] = RandomMap(expected.size(), 100 + static_cast<int>(t));
      ASSERT_TRUE(plan->AddGradient(static_cast<int>(t), Floats(gradients[taps[t]])).ok());
    }
    std::vector<float> gradient(input_.size());
    ASSERT_TRUE(plan->Backward(absl::MakeSpan(gradient)).ok());
    const Map expected = ReferenceBackward(graph_, weights_, values_, height_, width_, gradients);
    EXPECT_LT(RelativeError(gradient, expected), 1e-4) << taps.front() << " ... " << taps.back();
  }

  const Graph& graph() const { return graph_; }
  const Map& input() const { return input_; }
  const Map& value(const std::string& name) const { return values_[graph_.Find(name)]; }

 private:
  Graph graph_;
  Weights weights_;
  int height_, width_;
  double map_tolerance_;
  Pooling pooling_;
  std::unique_ptr<const Executor> executor_;
  Map input_;
  std::vector<Map> values_;
};

// One operator behind a 1x1 convolution to `channels`, so that its input is no picture.
template <typename Operator>
Graph OneOperator(int channels, Operator&& add) {
  GraphBuilder b;
  const int x = b.Conv("first", b.Input("input"), channels, 1, 1, 0, false);
  add(b, x);
  return std::move(b).Build("test");
}

TEST_P(ExecutorConformance, EachOperatorForwardAndBackward) {
  const struct {
    const char* name;
    std::function<void(GraphBuilder&, int)> add;
  } cases[] = {
      {"conv 3x3 pad 1", [](GraphBuilder& b, int x) { b.Conv("op", x, 9, 3, 1, 1, false); }},
      {"conv 3x3 pad 1 relu", [](GraphBuilder& b, int x) { b.Conv("op", x, 16, 3, 1, 1, true); }},
      {"conv 1x1", [](GraphBuilder& b, int x) { b.Conv("op", x, 5, 1, 1, 0, false); }},
      {"conv 1x1 stride 2", [](GraphBuilder& b, int x) { b.Conv("op", x, 16, 1, 2, 0, false); }},
      {"conv 7x7 stride 2", [](GraphBuilder& b, int x) { b.Conv("op", x, 8, 7, 2, 0, false); }},
      {"batch norm", [](GraphBuilder& b, int x) { b.BatchNorm("op", x); }},
      {"relu", [](GraphBuilder& b, int x) { b.Relu("op", x); }},
      {"zero pad", [](GraphBuilder& b, int x) { b.ZeroPad("op", x, 3); }},
      {"max pool 2/2", [](GraphBuilder& b, int x) { b.MaxPool("op", x, 2, 2); }},
      {"max pool 3/2", [](GraphBuilder& b, int x) { b.MaxPool("op", x, 3, 2); }},
      {"add", [](GraphBuilder& b, int x) { b.AddMaps("op", x, b.Conv("other", x, 16, 1, 1, 0, false)); }},
  };
  for (const auto& c : cases) {
    for (const auto& [height, width] : {std::pair{17, 23}, {12, 12}, {33, 9}}) {
      SCOPED_TRACE(absl::StrCat(c.name, " ", height, "x", width));
      Harness(GetParam(), OneOperator(16, c.add), height, width).Check({"op"});
    }
  }
}

TEST_P(ExecutorConformance, AveragePool) {
  Harness(GetParam(), OneOperator(16, [](GraphBuilder& b, int x) { b.MaxPool("op", x, 2, 2); }), 13, 18,
          Pooling::kAverage)
      .Check({"op"});
}

TEST_P(ExecutorConformance, EveryLayerOfVggAtOnce) {
  Harness harness(GetParam(), SmallNet(Vgg19(), 16), 45, 38);
  harness.Check(harness.graph().LayerNames());
}

TEST_P(ExecutorConformance, EveryLayerOfResNetAtOnce) {
  // All taps at once: nothing fused, folded or done in place may overwrite its neighbour.
  Harness harness(GetParam(), SmallNet(ResNet50(), 16), 41, 50);
  harness.Check(harness.graph().LayerNames());
}

TEST_P(ExecutorConformance, EachLayerOfResNetAlone) {
  // And one at a time: what is fused or folded when nobody looks has to give the same.
  Harness harness(GetParam(), SmallNet(ResNet50(), 32), 35, 33);
  for (const std::string& layer : harness.graph().LayerNames()) harness.Check({layer});
}

TEST_P(ExecutorConformance, NeighbouringTaps) {
  Harness harness(GetParam(), SmallNet(ResNet50(), 16), 40, 40);
  harness.Check({"conv2_block1_1_bn", "conv2_block1_1_relu"});
  harness.Check({"conv2_block1_add", "conv2_block1_out"});
  harness.Check({"conv2_block1_0_bn", "conv2_block1_3_bn", "conv2_block1_add"});
  harness.Check({"conv2_block2_1_conv", "conv2_block2_1_bn"});
  harness.Check({"conv1_pad", "conv1_conv", "conv1_bn", "conv1_relu", "pool1_pad", "pool1_pool"});
}

TEST_P(ExecutorConformance, GramAndItsGradient) {
  Harness harness(GetParam(), SmallNet(Vgg19(), 8), 33, 46);
  const std::unique_ptr<Plan> plan = harness.Compile({"block2_conv1"});
  ASSERT_TRUE(plan->Forward(Floats(harness.input()), true).ok());
  const Map& f = harness.value("block2_conv1");
  const TensorShape shape = plan->tap_shape(0);
  const size_t n = shape.channels, m = shape.positions();
  Map gram(n * n, 0.0), product(n * m, 0.0), matrix = RandomMap(n * n, 3);
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < n; ++j) {
      matrix[j * n + i] = matrix[i * n + j];
      for (size_t p = 0; p < m; ++p) gram[i * n + j] += f[i * m + p] * f[j * m + p] / static_cast<double>(m);
    }
  }
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < n; ++j) {
      for (size_t p = 0; p < m; ++p) product[i * m + p] += matrix[i * n + j] * f[j * m + p];
    }
  }
  std::vector<float> got;
  ASSERT_TRUE(plan->Gram(0, &got).ok());
  EXPECT_LT(RelativeError(got, gram), 1e-5);
  // The gradient D F at the tap is the same as that gradient added by hand.
  ASSERT_TRUE(plan->AddMatrixTimesMap(0, Floats(matrix)).ok());
  std::vector<float> a(harness.input().size()), b(harness.input().size());
  ASSERT_TRUE(plan->Backward(absl::MakeSpan(a)).ok());
  ASSERT_TRUE(plan->Forward(Floats(harness.input()), true).ok());
  ASSERT_TRUE(plan->AddGradient(0, Floats(product)).ok());
  ASSERT_TRUE(plan->Backward(absl::MakeSpan(b)).ok());
  EXPECT_LT(RelativeError(a, Map(b.begin(), b.end())), 1e-5);
}

TEST_P(ExecutorConformance, StoredMapsAndTheirDistance) {
  Harness harness(GetParam(), SmallNet(Vgg19(), 8), 32, 40);
  const std::unique_ptr<Plan> plan = harness.Compile({"block1_conv2", "block2_conv2"});
  const std::vector<float> other = Floats(RandomMap(harness.input().size(), 77));
  ASSERT_TRUE(plan->Forward(other, false).ok());
  auto stored = plan->Store(1);
  ASSERT_TRUE(stored.ok());
  const std::vector<float> p = *plan->CopyTap(1);
  ASSERT_TRUE(plan->Forward(Floats(harness.input()), true).ok());
  const Map& f = harness.value("block2_conv2");
  double expected = 0;
  Map difference(f.size());
  for (size_t i = 0; i < f.size(); ++i) {
    expected += std::pow(f[i] - p[i], 2);
    difference[i] = 0.3 * (f[i] - p[i]);
  }
  const auto distance = plan->SquaredDistance(1, **stored);
  ASSERT_TRUE(distance.ok());
  EXPECT_NEAR(*distance, expected, 1e-5 * expected);
  ASSERT_TRUE(plan->AddDifference(1, **stored, 0.3).ok());
  std::vector<float> a(harness.input().size()), b(harness.input().size());
  ASSERT_TRUE(plan->Backward(absl::MakeSpan(a)).ok());
  ASSERT_TRUE(plan->Forward(Floats(harness.input()), true).ok());
  ASSERT_TRUE(plan->AddGradient(1, Floats(difference)).ok());
  ASSERT_TRUE(plan->Backward(absl::MakeSpan(b)).ok());
  EXPECT_LT(RelativeError(a, Map(b.begin(), b.end())), 1e-5);
}

TEST_P(ExecutorConformance, NoGradientAsksForNothing) {
  Harness harness(GetParam(), SmallNet(Vgg19(), 16), 32, 32);
  const std::unique_ptr<Plan> plan = harness.Compile({"block1_conv1"});
  ASSERT_TRUE(plan->Forward(Floats(harness.input()), true).ok());
  std::vector<float> gradient(harness.input().size(), 5.0f);
  ASSERT_TRUE(plan->Backward(absl::MakeSpan(gradient)).ok());
  EXPECT_THAT(gradient, ::testing::Each(0.0f));
}

TEST_P(ExecutorConformance, RepeatsBitForBit) {
  Harness harness(GetParam(), SmallNet(Vgg19(), 4), 64, 48);
  std::vector<std::vector<float>> gradients;
  for (int run = 0; run < 2; ++run) {
    const std::unique_ptr<Plan> plan = harness.Compile({"block3_conv1", "block1_conv1"});
    ASSERT_TRUE(plan->Forward(Floats(harness.input()), true).ok());
    std::vector<float> gram;
    ASSERT_TRUE(plan->Gram(0, &gram).ok());
    ASSERT_TRUE(plan->AddMatrixTimesMap(0, gram).ok());
    gradients.emplace_back(harness.input().size());
    ASSERT_TRUE(plan->Backward(absl::MakeSpan(gradients.back())).ok());
  }
  EXPECT_EQ(gradients[0], gradients[1]);
}

TEST_P(ExecutorConformance, ForecastsGrowWithThePicture) {
  for (const Graph& net : {Vgg19(), ResNet50()}) {
    const Graph graph = SmallNet(net, 4);
    const std::vector<std::string> layers = graph.LayerNames(), taps = {layers[layers.size() / 2], layers[1]};
    const std::unique_ptr<const Executor> executor = GetParam().make(graph, SeededWeights(graph, 1));
    int64_t before = 0;
    // Not at every single pixel: a larger picture may be cut, or its maps placed, a little better.
    for (int side = 64; side <= 512; side += side / 4) {
      const PlanForecast both = *executor->Forecast(taps, side, side, Pooling::kMax, true);
      const PlanForecast forward = *executor->Forecast(taps, side, side, Pooling::kMax, false);
      EXPECT_GT(both.plan, before) << side;
      EXPECT_LT(forward.plan, both.plan) << side;
      // Every kept map and its stored copy have at least its numbers.
      ASSERT_EQ(both.taps.size(), 2u);
      const std::unique_ptr<Plan> plan = *executor->Compile(taps, side, side, Pooling::kMax);
      for (int tap = 0; tap < 2; ++tap) {
        EXPECT_GE(both.taps[tap].stored, static_cast<int64_t>(4 * plan->tap_shape(tap).elements()));
      }
      before = both.plan;
    }
  }
}

TEST_P(ExecutorConformance, RefusesWhatItCantCompile) {
  const Graph graph = SmallNet(Vgg19(), 16);
  Weights weights = SeededWeights(graph, 1);
  weights.layers.erase("block4_conv2");
  const std::unique_ptr<const Executor> executor = GetParam().make(graph, weights);
  const auto code = [&](const std::vector<std::string>& taps, int height, int width) {
    const absl::Status status = executor->Compile(taps, height, width, Pooling::kMax).status();
    EXPECT_EQ(executor->Forecast(taps, height, width, Pooling::kMax, true).status(), status);
    return status;
  };
  EXPECT_TRUE(code({"block4_conv1"}, 32, 32).ok());
  EXPECT_EQ(code({"block4_conv3"}, 32, 32).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(code({"block4_conv3"}, 32, 32).message()), HasSubstr("block4_conv2"));
  EXPECT_EQ(code({"block9_conv1"}, 32, 32).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code({"block3_conv1"}, 3, 32).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code({}, 32, 32).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code({"block1_conv1", "block1_conv1"}, 32, 32).code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace impasto::engine
