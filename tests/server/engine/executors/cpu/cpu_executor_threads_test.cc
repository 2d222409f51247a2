// What the number of threads, the timing and other plans may not change: a single bit of a result.

#include <gtest/gtest.h>

#include <thread>

#include "engine/executors/cpu/cpu_executor.h"
#include "tests/server/engine/executors/cpu/test_maps.h"
#include "tests/testing/reference_net.h"
#include "tests/testing/small_nets.h"

namespace impasto::engine {
namespace {

using testing::SeededWeights;
using testing::SmallNet;

class CpuExecutorThreadsTest : public cpu::TargetTest {};
IMPASTO_INSTANTIATE_FOR_TARGETS(CpuExecutorThreadsTest);

// All that a plan says about a picture: maps, Gram matrices, distances, the gradient.
struct Results {
  std::vector<std::vector<float>> maps, grams;
  std::vector<double> distances;
  std::vector<float> gradient;
  bool operator==(const Results&) const = default;
};

Results RunPlan(Plan& plan, int height, int width, uint32_t seed) {
  Results results;
  const size_t numbers = 3 * static_cast<size_t>(height) * width;
  const int taps = static_cast<int>(plan.taps().size());
  EXPECT_TRUE(plan.Forward(cpu::RandomFloats(numbers, seed + 1), false).ok());
  std::vector<std::unique_ptr<StoredMap>> stored;
  for (int t = 0; t < taps; ++t) stored.push_back(*plan.Store(t));
  EXPECT_TRUE(plan.Forward(cpu::RandomFloats(numbers, seed), true).ok());
  for (int t = 0; t < taps; ++t) {
    results.maps.push_back(*plan.CopyTap(t));
    EXPECT_TRUE(plan.Gram(t, &results.grams.emplace_back()).ok());
    results.distances.push_back(*plan.SquaredDistance(t, *stored[t]));
    // All kinds of gradients, in turn and together.
    if (t % 3 != 1) {
      EXPECT_TRUE(plan.AddMatrixTimesMap(t, results.grams.back()).ok());
    }
    if (t % 3 != 2) {
      EXPECT_TRUE(plan.AddDifference(t, *stored[t], 0.7).ok());
    }
    if (t % 2 == 0) {
      EXPECT_TRUE(plan.AddGradient(t, cpu::RandomFloats(results.maps.back().size(), 5)).ok());
    }
  }
  results.gradient.resize(numbers);
  EXPECT_TRUE(plan.Backward(absl::MakeSpan(results.gradient)).ok());
  return results;
}

struct Net {
  Graph graph;
  std::vector<std::string> taps;
};
std::vector<Net> Nets() {
  return {
      {SmallNet(Vgg19(), 8),
       {"block5_conv2", "block1_conv1", "block2_conv1", "block3_conv1", "block4_conv1", "block5_conv1"}},
      {SmallNet(ResNet50(), 8),
       {"conv5_block3_3_bn", "conv2_block2_2_bn", "conv3_block1_0_bn", "conv3_block1_0_conv",
        "conv4_block1_2_bn", "conv5_block1_3_bn"}},
  };
}

TEST_P(CpuExecutorThreadsTest, AnyNumberOfThreadsGivesTheSameBits) {
  for (const Net& net : Nets()) {
    const Weights weights = SeededWeights(net.graph, 3);
    // Small, and large enough that each thread has tiles of its own.
    for (const auto& [height, width] : {std::pair{33, 47}, {150, 131}}) {
      Results first;
      for (const int threads : {1, 2, 3, 5}) {
        const auto executor = *MakeCpuExecutor(net.graph, weights, threads);
        const auto plan = *executor->Compile(net.taps, height, width, Pooling::kMax);
        const Results results = RunPlan(*plan, height, width, 1);
        // The same plan again, after another picture.
        RunPlan(*plan, height, width, 77);
        EXPECT_TRUE(RunPlan(*plan, height, width, 1) == results)
            << net.graph.model() << ", " << threads << " threads";
        if (threads == 1) {
          first = results;
        } else {
          EXPECT_TRUE(results == first) << net.graph.model() << ", " << threads << " threads";
        }
      }
    }
  }
}

TEST_P(CpuExecutorThreadsTest, DeepLayersOfAllChannelsToo) {
  // 512 channels: the threads share each part of the tiles.
  const Graph graph = *Vgg19().Prune({"block4_conv2"});
  const Weights weights = SeededWeights(graph, 3);
  Results first;
  for (const int threads : {1, 2, 3, 5}) {
    const auto executor = *MakeCpuExecutor(graph, weights, threads);
    const auto plan = *executor->Compile({"block4_conv2", "block4_conv1"}, 47, 64, Pooling::kMax);
    const Results results = RunPlan(*plan, 47, 64, 1);
    if (threads == 1) {
      first = results;
    } else {
      EXPECT_TRUE(results == first) << threads << " threads";
    }
  }
}

TEST_P(CpuExecutorThreadsTest, PlansOfOneExecutorInSeveralThreads) {
  // Compile may be called from any thread, and a plan used by one at a time; they share the pool and the
  // weights.
  const Net net = Nets()[1];
  const auto executor = *MakeCpuExecutor(net.graph, SeededWeights(net.graph, 3), 2);
  const auto run = [&](int height, int width) {
    return RunPlan(**executor->Compile(net.taps, height, width, Pooling::kMax), height, width, 1);
  };
  std::vector<Results> results(4);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back([&, i] { results[i] = run(40 + i % 2, 45); });
  for (std::thread& thread : threads) thread.join();
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(results[i] == run(40 + i % 2, 45)) << i;
}

TEST_P(CpuExecutorThreadsTest, TapsDoNotChangeOneAnother) {
  // Which layers are tapped decides what is fused, and may change the last bits; but not more.
  const Graph graph = SmallNet(ResNet50(), 8);
  const auto executor = *MakeCpuExecutor(graph, SeededWeights(graph, 3), 2);
  const std::vector<float> picture = cpu::RandomFloats(size_t{3} * 40 * 45, 1);
  const auto map = [&](const std::vector<std::string>& taps) {
    const auto plan = *executor->Compile(taps, 40, 45, Pooling::kMax);
    EXPECT_TRUE(plan->Forward(picture, false).ok());
    return *plan->CopyTap(0);
  };
  std::vector<std::string> all = graph.LayerNames();
  std::erase(all, "conv4_block6_out");
  all.insert(all.begin(), "conv4_block6_out");
  EXPECT_LT(cpu::WorstError(map({"conv4_block6_out"}), map(all)), 2e-5);
}

TEST_P(CpuExecutorThreadsTest, AForwardWithoutGradientGivesTheSameMaps) {
  const Net net = Nets()[0];
  const auto executor = *MakeCpuExecutor(net.graph, SeededWeights(net.graph, 3), 2);
  const auto plan = *executor->Compile(net.taps, 37, 41, Pooling::kMax);
  const std::vector<float> picture = cpu::RandomFloats(size_t{3} * 37 * 41, 1);
  std::vector<std::vector<float>> maps[2];
  for (const bool keep : {false, true}) {
    ASSERT_TRUE(plan->Forward(picture, keep).ok());
    for (size_t t = 0; t < net.taps.size(); ++t) maps[keep].push_back(*plan->CopyTap(static_cast<int>(t)));
  }
  EXPECT_EQ(maps[0], maps[1]);
  ASSERT_TRUE(plan->Forward(picture, false).ok());
  std::vector<float> gradient(picture.size());
  EXPECT_EQ(plan->Backward(absl::MakeSpan(gradient)).code(), absl::StatusCode::kInternal);
}

}  // namespace
}  // namespace impasto::engine
