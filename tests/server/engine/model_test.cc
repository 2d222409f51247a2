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

absl::StatusOr<std::shared_ptr<const Model>> LoadWith(const DeviceOptions& options) {
  const Graph graph = SmallNet(Vgg16(), 32);
  return Model::Load(graph, SeededWeights(graph, 3), options);
}

TEST(ModelTest, TheExecutorSaysWhatItIs) {
  const auto nchw = LoadWith(
      {.device = "cpu", .threads = 2, .executor = "torch", .torch_memory_format = TorchMemoryFormat::kNchw});
  ASSERT_TRUE(nchw.ok()) << nchw.status();
  EXPECT_EQ((*nchw)->executor().description(), "LibTorch on the CPU, 2 threads, NCHW");
  const auto last = LoadWith({.device = "cpu",
                              .threads = 1,
                              .executor = "torch",
                              .torch_memory_format = TorchMemoryFormat::kChannelsLast});
  ASSERT_TRUE(last.ok()) << last.status();
  EXPECT_EQ((*last)->executor().description(), "LibTorch on the CPU, 1 threads, channels_last");
}

TEST(ModelTest, AutoIsTheCpuExecutorOnACpu) {
  for (const char* executor : {"auto", "cpu"}) {
    const auto model = LoadWith({.device = "cpu", .threads = 2, .executor = executor});
    ASSERT_TRUE(model.ok()) << model.status();
    EXPECT_THAT((*model)->executor().description(),
                ::testing::StartsWith("Impasto's CPU executor, 2 threads"));
  }
  // And never looks for a card where it was asked for by name.
  EXPECT_TRUE(LoadWith({.device = "auto", .threads = 1, .executor = "cpu"}).ok());
}

TEST(ModelTest, TheExecutionIsWhatDecidesBits) {
  const auto cpu = LoadWith({.device = "cpu", .threads = 2, .executor = "cpu"});
  ASSERT_TRUE(cpu.ok()) << cpu.status();
  Execution expected{.executor = "cpu",
                     .tiles = "F(6x6),F(4x4)",
                     .memory_format = "blocked16",
                     .precision = "float32",
                     .threads = 2,
                     .device = "cpu"};
  const Execution& execution = (*cpu)->executor().execution();
  EXPECT_THAT((*cpu)->executor().description(), ::testing::HasSubstr(execution.instruction_set));
  expected.instruction_set = execution.instruction_set;
  EXPECT_NE(execution.instruction_set, "");
  EXPECT_EQ(execution, expected);

  const auto torch = LoadWith(
      {.device = "cpu", .threads = 1, .executor = "torch", .torch_memory_format = TorchMemoryFormat::kNchw});
  ASSERT_TRUE(torch.ok()) << torch.status();
  expected = {.executor = "torch",
              .instruction_set = (*torch)->executor().execution().instruction_set,
              .memory_format = "nchw",
              .precision = "float32",
              .threads = 1,
              .device = "cpu"};
  EXPECT_NE(expected.instruction_set, "");
  EXPECT_EQ((*torch)->executor().execution(), expected);
}

TEST(ModelTest, AnExecutorThatIsNotKnown) {
  for (const char* name : {"", "CPU", "torch ", "cuda"}) {
    const absl::Status status = LoadWith({.device = "cpu", .executor = name}).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << name;
    EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("is not auto, cpu or torch"));
  }
}

TEST(ModelTest, TheCpuExecutorHasNoCard) {
  const absl::Status status = LoadWith({.device = "cuda:0", .executor = "cpu"}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              ::testing::HasSubstr("executor cpu runs on a CPU alone, and the device is cuda:0"));
}

TEST(ModelTest, Tf32IsForCards) {
  for (const char* executor : {"auto", "torch"}) {
    EXPECT_EQ(LoadWith({.device = "cpu", .executor = executor, .torch_precision = TorchPrecision::kTf32})
                  .status()
                  .code(),
              absl::StatusCode::kInvalidArgument)
        << executor;
  }
}

}  // namespace
}  // namespace impasto::engine
