// Random networks with random taps and random gradients at them: branches, sums and pools in orders that no
// real network has, so that what is fused, shared, made in place or put into another's place shows.

#include <gtest/gtest.h>

#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/executors/cpu/cpu_executor.h"
#include "engine/executors/cpu/plan.h"
#include "engine/nets/builder.h"
#include "tests/server/engine/executors/cpu/decided_reference.h"
#include "tests/server/engine/executors/cpu/test_maps.h"

namespace impasto::engine {
namespace {

using testing::DecidedReference;
using testing::Floats;
using testing::Map;
using testing::RandomMap;
using testing::RelativeError;
using testing::SeededWeights;

class CpuExecutorRandomTest : public cpu::TargetTest {};
IMPASTO_INSTANTIATE_FOR_TARGETS(CpuExecutorRandomTest);

class Random {
 public:
  explicit Random(uint32_t seed) : generator_(seed) {}
  int Below(int n) { return static_cast<int>(generator_() % static_cast<uint32_t>(n)); }
  bool OneIn(int n) { return Below(n) == 0; }

 private:
  std::mt19937 generator_;
};

// A network of `size` nodes for a picture of height x width; every map has at least one position.
Graph RandomGraph(int size, int height, int width, Random& random) {
  GraphBuilder b;
  std::vector<TensorShape> shapes = {{3, height, width}};
  b.Input("input");
  const int kChannels[] = {1, 3, 16, 17, 20, 33};
  while (static_cast<int>(shapes.size()) < size) {
    const std::string name = absl::StrCat("n", shapes.size());
    // Mostly what came last, so that there are chains to fuse; at times an older one, for branches.
    const int last = static_cast<int>(shapes.size()) - 1;
    const int x = random.OneIn(3) ? random.Below(last + 1) : last;
    TensorShape shape = shapes[x];
    const int channels = kChannels[random.Below(6)];
    const auto after = [&shape](int kernel, int stride, int padding) {
      shape.height = (shape.height + 2 * padding - kernel) / stride + 1;
      shape.width = (shape.width + 2 * padding - kernel) / stride + 1;
    };
    const int side = std::min(shape.height, shape.width);
    switch (random.Below(12)) {
      case 0:
      case 1:
      case 2:
        b.Conv(name, x, channels, 3, 1, 1, random.OneIn(2));
        shape.channels = channels;
        break;
      case 3:
      case 4:
        b.Conv(name, x, channels, 1, 1, 0, random.OneIn(2));
        shape.channels = channels;
        break;
      case 5: {
        const int kernel = 1 + random.Below(5), stride = 1 + random.Below(2), padding = random.Below(2);
        if (side + 2 * padding < kernel) continue;
        b.Conv(name, x, channels, kernel, stride, padding, random.OneIn(2));
        shape.channels = channels;
        after(kernel, stride, padding);
        break;
      }
      case 6:
        b.BatchNorm(name, x);
        break;
      case 7:
        b.Relu(name, x);
        break;
      case 8: {
        const int padding = 1 + random.Below(2);
        b.ZeroPad(name, x, padding);
        after(1, 1, padding);
        break;
      }
      case 9: {
        const int kernel = 2 + random.Below(2);
        if (side < 2 * kernel) continue;
        b.MaxPool(name, x, kernel, 2);
        after(kernel, 2, 0);
        break;
      }
      default: {
        // A sum with any map of the same shape, itself perhaps.
        std::vector<int> same;
        for (int i = 0; i <= last; ++i) {
          if (shapes[i] == shape) same.push_back(i);
        }
        b.AddMaps(name, x, same[random.Below(static_cast<int>(same.size()))]);
        break;
      }
    }
    shapes.push_back(shape);
  }
  return std::move(b).Build("random");
}

std::string Describe(const Graph& graph) {
  static const char* const kOps[] = {"input", "conv",     "batch_norm",   "relu",
                                     "pad",   "max_pool", "average_pool", "add"};
  return absl::StrJoin(graph.nodes(), "; ", [](std::string* out, const Node& node) {
    absl::StrAppend(out, node.name, " ", kOps[static_cast<int>(node.op)], node.relu ? "+relu" : "", "(",
                    absl::StrJoin(node.inputs, ","), ") c", node.channels, " k", node.kernel, " s",
                    node.stride, " p", node.padding);
  });
}

// D F of a map of n channels.
Map Times(const std::vector<float>& d, const Map& f, size_t n) {
  const size_t m = f.size() / n;
  Map product(f.size());
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < n; ++j) {
      for (size_t p = 0; p < m; ++p) product[i * m + p] += static_cast<double>(d[i * n + j]) * f[j * m + p];
    }
  }
  return product;
}

struct RandomCase {
  int height, width;
  std::vector<std::string> taps;
  Graph graph;  // pruned to them
};

RandomCase MakeCase(Random& random) {
  const int height = 9 + random.Below(16), width = 9 + random.Below(16);
  const Graph whole = RandomGraph(4 + random.Below(20), height, width, random);
  std::vector<std::string> layers = whole.LayerNames(), taps;
  const int count = 1 + random.Below(5);
  for (int t = 0; t < count && !layers.empty(); ++t) {
    // The last layer more often than not, so that most of the network is needed.
    const int at =
        t == 0 ? static_cast<int>(layers.size()) - 1 : random.Below(static_cast<int>(layers.size()));
    taps.push_back(layers[at]);
    layers.erase(layers.begin() + at);
  }
  return {height, width, taps, *whole.Prune(taps)};
}

// One network with one set of taps, two rounds of one plan. Returns whether the picture's decisions were far
// enough apart to say anything.
bool CheckNetwork(uint32_t seed, double* worst) {
  Random random(seed);
  const auto [height, width, taps, graph] = MakeCase(random);
  const Weights weights = SeededWeights(graph, static_cast<int>(seed));
  DecidedReference reference(graph, weights, height, width);
  if (reference.Choose(2e-5) < 2e-5) return false;
  SCOPED_TRACE(absl::StrCat("seed ", seed, ", ", height, "x", width, ", taps ", absl::StrJoin(taps, ","),
                            ": ", Describe(graph)));
  const auto executor = *MakeCpuExecutor(graph, weights, 2);
  const auto compiled = executor->Compile(taps, height, width, Pooling::kMax);
  EXPECT_TRUE(compiled.ok()) << compiled.status();
  Plan& plan = **compiled;
  std::vector<std::unique_ptr<StoredMap>> stored;
  std::vector<std::vector<float>> targets;
  EXPECT_TRUE(plan.Forward(Floats(RandomMap(reference.picture().size(), seed + 7)), false).ok());
  for (size_t t = 0; t < taps.size(); ++t) {
    stored.push_back(*plan.Store(static_cast<int>(t)));
    targets.push_back(*plan.CopyTap(static_cast<int>(t)));
  }
  for (int round = 0; round < 2; ++round) {
    EXPECT_TRUE(plan.Forward(Floats(reference.picture()), true).ok());
    std::map<std::string, Map> gradients;
    for (int t = 0; t < static_cast<int>(taps.size()); ++t) {
      const Map& f = reference.value(taps[t]);
      const auto n = static_cast<size_t>(plan.tap_shape(t).channels);
      EXPECT_LT(RelativeError(*plan.CopyTap(t), f), 1e-3) << taps[t];
      Map gram(n * n);
      for (size_t i = 0; i < n * n; ++i) {
        const size_t m = f.size() / n;
        for (size_t p = 0; p < m; ++p)
          gram[i] += f[i / n * m + p] * f[i % n * m + p] / static_cast<double>(m);
      }
      std::vector<float> got;
      EXPECT_TRUE(plan.Gram(t, &got).ok());
      EXPECT_LT(RelativeError(got, gram), 1e-3) << taps[t];
      double distance = 0, size = 0;
      for (size_t i = 0; i < f.size(); ++i) {
        distance += std::pow(f[i] - targets[t][i], 2);
        size += f[i] * f[i];
      }
      EXPECT_NEAR(*plan.SquaredDistance(t, *stored[t]), distance, 1e-4 * distance + 1e-9 * size) << taps[t];
      // Each kind of gradient or none, of about one size.
      Map gradient(f.size());
      if (random.OneIn(2)) {
        std::vector<float> d = cpu::RandomFloats(n * n, seed + t);
        for (size_t i = 0; i < n; ++i) {
          for (size_t j = 0; j < i; ++j) d[i * n + j] = d[j * n + i];
        }
        EXPECT_TRUE(plan.AddMatrixTimesMap(t, d).ok());
        const Map product = Times(d, f, n);
        for (size_t i = 0; i < f.size(); ++i) gradient[i] += product[i];
      }
      // Where ReLUs leave nothing of the picture, the difference is rounding.
      if (random.OneIn(3) && distance > 1e-3 * size) {
        EXPECT_TRUE(plan.AddDifference(t, *stored[t], 2).ok());
        for (size_t i = 0; i < f.size(); ++i) gradient[i] += 2 * (f[i] - targets[t][i]);
      }
      if (random.OneIn(3)) {
        const Map own = RandomMap(f.size(), seed + 50 + t);
        EXPECT_TRUE(plan.AddGradient(t, Floats(own)).ok());
        for (size_t i = 0; i < f.size(); ++i) gradient[i] += own[i];
      }
      gradients[taps[t]] = std::move(gradient);
    }
    std::vector<float> got(reference.picture().size(), 3.0f);
    EXPECT_TRUE(plan.Backward(absl::MakeSpan(got)).ok());
    const Map expected = reference.Gradient(gradients);
    const double error = RelativeError(got, expected);
    EXPECT_LT(error, 1e-3) << "round " << round;
    *worst = std::max(*worst, error);
  }
  return true;
}

TEST_P(CpuExecutorRandomTest, NetworksTapsAndGradients) {
  int checked = 0;
  double worst = 0;
  for (uint32_t seed = 0; seed < 600; ++seed) checked += CheckNetwork(seed, &worst);
  std::printf("%d networks, gradients at most %.1e off\n", checked, worst);
  EXPECT_GT(checked, 300);
}

TEST(CpuExecutorForecastTest, IsWhatThePlanAllocates) {
  int pooled = 0, lazy = 0;
  for (uint32_t seed = 0; seed < 600; ++seed) {
    Random random(seed);
    const auto [height, width, taps, graph] = MakeCase(random);
    const auto executor = *MakeCpuExecutor(graph, SeededWeights(graph, 1), 1 + static_cast<int>(seed % 3));
    for (const Pooling pooling : {Pooling::kMax, Pooling::kAverage}) {
      SCOPED_TRACE(absl::StrCat("seed ", seed, ", ", height, "x", width, ", taps ", absl::StrJoin(taps, ","),
                                ": ", Describe(*graph.Prune(taps, pooling))));
      const PlanForecast both = *executor->Forecast(taps, height, width, pooling, /*keep_gradient=*/true);
      const PlanForecast forward = *executor->Forecast(taps, height, width, pooling, false);
      const std::unique_ptr<Plan> plan = *executor->Compile(taps, height, width, pooling);
      ASSERT_EQ(both.plan, static_cast<int64_t>(cpu::PlanBytes(*plan)));
      ASSERT_LE(forward.plan, both.plan);
      ASSERT_EQ(forward.weights, both.weights);
      ASSERT_EQ(both.taps.size(), taps.size());
      // Once the layers are prepared, no plan needs them again.
      ASSERT_EQ(executor->Forecast(taps, height, width, pooling, true)->weights, 0);
      lazy += both.weights > 0;
      pooled += Describe(graph).find("max_pool") != std::string::npos && forward.plan < both.plan;
    }
  }
  EXPECT_GT(lazy, 400);
  EXPECT_GT(pooled, 100);
}

}  // namespace
}  // namespace impasto::engine
