#include <cmath>
#include <numbers>
#include <random>

#include "absl/strings/str_cat.h"
#include "engine/weights/reader.h"
#include "engine/weights/sha256.h"

namespace impasto::engine {
namespace {

// The standard library's normal_distribution differs between implementations; the same seed has to give the
// same network anywhere.
class NormalSource {
 public:
  explicit NormalSource(uint64_t seed) : bits_(seed) {}

  float Next(double deviation) {
    // Box-Muller; the first number is never zero, so the logarithm is finite.
    const double radius = std::sqrt(-2 * std::log(1 - Uniform()));
    return static_cast<float>(deviation * radius * std::cos(2 * std::numbers::pi * Uniform()));
  }

 private:
  double Uniform() { return static_cast<double>(bits_() >> 11) * 0x1p-53; }  // [0, 1)

  std::mt19937_64 bits_;
};

}  // namespace

Weights RandomWeights(const Graph& graph, uint64_t seed) {
  const std::string origin = absl::StrCat("random:", seed);
  Weights weights{.model = graph.model(),
                  .family = WeightsFamily::kRandom,
                  .preprocessing = CaffePreprocessing(),
                  .origin = origin,
                  .sha256 = Sha256OfString(origin)};
  NormalSource normal(seed);
  for (const Node& node : graph.nodes()) {
    if (!node.HasParameters()) continue;
    LayerWeights& layer = weights.layers[node.name];
    const size_t channels = static_cast<size_t>(node.channels);
    if (node.op == Op::kConv2d) {
      const int in = graph.nodes()[static_cast<size_t>(node.inputs[0])].channels;
      layer.kernel_shape = {node.channels, in, node.kernel, node.kernel};
      const size_t fan_in = static_cast<size_t>(in) * static_cast<size_t>(node.kernel * node.kernel);
      layer.kernel.resize(channels * fan_in);
      const double deviation = std::sqrt(2.0 / static_cast<double>(fan_in));
      for (float& value : layer.kernel) value = normal.Next(deviation);
      layer.bias.assign(channels, 0);
    } else {
      layer.gamma.assign(channels, 1);
      layer.beta.assign(channels, 0);
      layer.mean.assign(channels, 0);
      layer.variance.assign(channels, 1);
    }
  }
  return weights;
}

}  // namespace impasto::engine
