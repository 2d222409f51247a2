#include "tests/benchmarks/flops.h"

#include <algorithm>

#include "base/status_macros.h"

namespace impasto::bench {

absl::StatusOr<double> DirectFlops(const engine::Graph& graph, const std::vector<std::string>& taps,
                                   int height, int width) {
  IMPASTO_ASSIGN_OR_RETURN(const engine::Graph pruned, graph.Prune(taps));
  IMPASTO_ASSIGN_OR_RETURN(const std::vector<engine::TensorShape> shapes, pruned.Shapes(height, width));
  double multiply_adds = 0;
  for (size_t i = 0; i < pruned.nodes().size(); ++i) {
    const engine::Node& node = pruned.nodes()[i];
    if (node.op != engine::Op::kConv2d) continue;
    multiply_adds += static_cast<double>(shapes[i].elements()) *
                     shapes[static_cast<size_t>(node.inputs[0])].channels * node.kernel * node.kernel;
  }
  return multiply_adds * 2 /* operations */ * 2 /* forward and backward */;
}

std::vector<std::string> TapsOf(const engine::Recipe& recipe) {
  std::vector<std::string> taps;
  for (const auto* layers : {&recipe.content_layers, &recipe.style_layers}) {
    for (const engine::LayerWeight& layer : *layers) {
      if (std::find(taps.begin(), taps.end(), layer.layer) == taps.end()) taps.push_back(layer.layer);
    }
  }
  return taps;
}

}  // namespace impasto::bench
