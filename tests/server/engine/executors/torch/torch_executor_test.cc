#include "engine/executors/torch/torch_executor.h"

#include <gtest/gtest.h>

#include "tests/server/engine/executors/executor_conformance.h"
#include "tests/testing/reference_net.h"
#include "tests/testing/small_nets.h"

namespace impasto::engine {
namespace {

INSTANTIATE_TEST_SUITE_P(Torch, ExecutorConformance,
                         ::testing::Values(ExecutorCase{"cpu", [](const Graph& graph, Weights weights) {
                                                          return std::move(*MakeTorchExecutor(
                                                              graph, std::move(weights), "cpu", 2));
                                                        }}));

absl::Status Make(const std::string& device) {
  const Graph graph = testing::SmallNet(Vgg16(), 32);
  return MakeTorchExecutor(graph, testing::SeededWeights(graph, 1), device, 1).status();
}

TEST(TorchExecutorTest, RefusesAnUnknownDevice) {
  EXPECT_EQ(Make("gpu").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Make("cuda:x").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Make("cuda:-1").code(), absl::StatusCode::kInvalidArgument);
}

TEST(TorchExecutorTest, RefusesACardThatIsNotThere) {
  EXPECT_EQ(Make("cuda:99").code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace impasto::engine
