#include "engine/executors/cpu/cpu_executor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "engine/executors/cpu/kernels/kernels.h"
#include "engine/nets/builder.h"
#include "tests/server/engine/executors/cpu/test_maps.h"
#include "tests/server/engine/executors/executor_conformance.h"
#include "tests/testing/reference_net.h"
#include "tests/testing/small_nets.h"

namespace impasto::engine {
namespace {

// One case for each set of vector instructions that this processor has.
std::vector<ExecutorCase> Cases() {
  std::vector<ExecutorCase> cases;
  for (const cpu::Target& target : cpu::RunnableTargets()) {
    cases.push_back({.name = target.name,
                     .make =
                         [target](const Graph& graph, Weights weights) {
                           cpu::ForceTarget(target);
                           return std::move(*MakeCpuExecutor(graph, std::move(weights), /*threads=*/2));
                         },
                     // Winograd's rounding, of some 5e-6 a layer.
                     .map_tolerance = 5e-5});
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Cpu, ExecutorConformance, ::testing::ValuesIn(Cases()),
                         [](const auto& info) { return info.param.name; });

class CpuExecutorTest : public cpu::TargetTest {};
IMPASTO_INSTANTIATE_FOR_TARGETS(CpuExecutorTest);

TEST_P(CpuExecutorTest, SaysWhatItIs) {
  const Graph graph = testing::SmallNet(Vgg19(), 16);
  const auto executor = *MakeCpuExecutor(graph, testing::SeededWeights(graph, 1), 3);
  EXPECT_THAT(executor->description(), ::testing::HasSubstr("3 threads"));
  EXPECT_THAT(executor->description(), ::testing::HasSubstr(GetParam().name));
}

// One convolution on the picture itself, both directions.
void CheckFirstLayer(int out, int kernel, int stride, int pad, int padding, int height, int width) {
  SCOPED_TRACE(absl::StrCat(out, " channels, kernel ", kernel, " stride ", stride, " pad ", pad, "+", padding,
                            ", ", height, "x", width));
  GraphBuilder b;
  int x = b.Input("input");
  if (pad > 0) x = b.ZeroPad("pad", x, pad);
  b.Conv("op", x, out, kernel, stride, padding, false);
  const Graph graph = std::move(b).Build("test");
  const Weights weights = testing::SeededWeights(graph, 2);
  const std::vector<float> picture = cpu::RandomFloats(size_t{3} * height * width, 3);
  const testing::Map reference_picture(picture.begin(), picture.end());
  const std::vector<testing::Map> values =
      testing::ReferenceForward(graph, weights, reference_picture, height, width);
  const auto executor = *MakeCpuExecutor(graph, weights, 2);
  const auto plan = *executor->Compile({"op"}, height, width, Pooling::kMax);
  ASSERT_TRUE(plan->Forward(picture, true).ok());
  EXPECT_LT(testing::RelativeError(*plan->CopyTap(0), values.back()), 1e-5);
  const std::vector<float> gradient = cpu::RandomFloats(values.back().size(), 4);
  ASSERT_TRUE(plan->AddGradient(0, gradient).ok());
  std::vector<float> got(picture.size(), 9.0f);
  ASSERT_TRUE(plan->Backward(absl::MakeSpan(got)).ok());
  const testing::Map expected = testing::ReferenceBackward(
      graph, weights, values, height, width, {{"op", testing::Map(gradient.begin(), gradient.end())}});
  EXPECT_LT(testing::RelativeError(got, expected), 1e-5);
}

TEST_P(CpuExecutorTest, FirstLayersOfEveryKind) {
  for (int kernel = 1; kernel <= 7; ++kernel) {
    for (int stride = 1; stride <= 3; ++stride) {
      for (int padding = 0; padding <= 3; ++padding) {
        CheckFirstLayer(4, kernel, stride, 0, padding, 9, 21);
        CheckFirstLayer(17, kernel, stride, padding, 1, 17, 8);
      }
    }
  }
  for (const auto& [height, width] :
       {std::pair{1, 1}, {1, 50}, {50, 1}, {2, 2}, {33, 65}, {65, 33}, {100, 7}})
    CheckFirstLayer(64, 3, 1, 0, 1, height, width);
}

TEST_P(CpuExecutorTest, AStepsTimesAreNamedAndCounted) {
  const Graph graph = testing::SmallNet(Vgg19(), 16);
  const auto executor = *MakeCpuExecutor(graph, testing::SeededWeights(graph, 1), 2);
  const auto times = ProfileSteps(*executor, {"block2_conv1", "block1_conv1"}, 40, 48, 2);
  ASSERT_TRUE(times.ok()) << times.status();
  ASSERT_EQ(times->size(), 3u);
  const char* const names[] = {"block1_conv1", "block1_conv2+block1_pool", "block2_conv1"};
  // 2 x outputs x inputs of a window.
  const double flops[] = {2.0 * 4 * 40 * 48 * 27, 2.0 * 4 * 40 * 48 * 36, 2.0 * 8 * 20 * 24 * 36};
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ((*times)[i].step, names[i]);
    EXPECT_EQ((*times)[i].direct_flops, flops[i]);
    EXPECT_GT((*times)[i].forward_seconds, 0);
    EXPECT_GT((*times)[i].backward_seconds, 0);
  }
}

}  // namespace
}  // namespace impasto::engine
