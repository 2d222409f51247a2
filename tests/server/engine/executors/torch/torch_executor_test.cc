#include "engine/executors/torch/torch_executor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/engine/executors/executor_conformance.h"
#include "tests/testing/reference_net.h"
#include "tests/testing/small_nets.h"

namespace impasto::engine {
namespace {

ExecutorCase Case(const std::string& name, TorchMemoryFormat format) {
  return {name, [format](const Graph& graph, Weights weights) {
            return std::move(*MakeTorchExecutor(graph, std::move(weights),
                                                {.device = "cpu", .threads = 2, .memory_format = format}));
          }};
}

INSTANTIATE_TEST_SUITE_P(Torch, ExecutorConformance,
                         ::testing::Values(Case("nchw", TorchMemoryFormat::kNchw),
                                           Case("channels_last", TorchMemoryFormat::kChannelsLast)),
                         [](const auto& info) { return info.param.name; });

absl::StatusOr<std::unique_ptr<const Executor>> Make(const TorchOptions& options) {
  const Graph graph = testing::SmallNet(Vgg16(), 32);
  return MakeTorchExecutor(graph, testing::SeededWeights(graph, 1), options);
}

absl::StatusCode Refusal(const std::string& device) {
  return Make({.device = device, .threads = 1}).status().code();
}

TEST(TorchExecutorTest, RefusesAnUnknownDevice) {
  EXPECT_EQ(Refusal("gpu"), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Refusal("cuda:x"), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Refusal("cuda:-1"), absl::StatusCode::kInvalidArgument);
}

TEST(TorchExecutorTest, RefusesACardThatIsNotThere) {
  EXPECT_EQ(Refusal("cuda:99"), absl::StatusCode::kFailedPrecondition);
}

TEST(TorchExecutorTest, MeasuresItsFormatOnce) {
  const auto first = Make({.device = "cpu", .threads = 2});
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_THAT((*first)->description(), ::testing::AnyOf("LibTorch on the CPU, 2 threads, NCHW",
                                                        "LibTorch on the CPU, 2 threads, channels_last"));
  // Later ones get what the first found: one model can't run in another format than the next.
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ((*Make({.device = "cpu", .threads = 2}))->description(), (*first)->description());
  }
}

TEST(TorchExecutorTest, Tf32IsForCards) {
  const auto tf32 = Make({.device = "cpu", .threads = 1, .precision = TorchPrecision::kTf32});
  EXPECT_EQ(tf32.status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(TorchExecutorTest, KnowsWhichDevicesAreCards) {
  EXPECT_EQ(*MeansCuda("cpu"), false);
  EXPECT_EQ(MeansCuda("tpu").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(MeansCuda("cuda:99").status().code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace impasto::engine
