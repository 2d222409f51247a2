// Networks of few channels with the real ones' names and topology: everything is right but the numbers, and
// quick.
#pragma once

#include <algorithm>
#include <vector>

#include "engine/nets/graph.h"

namespace impasto::testing {

// Every node's channels over `divisor`, at least 2; the input stays.
inline engine::Graph SmallNet(const engine::Graph& graph, int divisor) {
  std::vector<engine::Node> nodes = graph.nodes();
  for (engine::Node& node : nodes) {
    const int from_input = node.inputs.empty() ? 3 : nodes[node.inputs[0]].channels;
    if (node.op == engine::Op::kConv2d) {
      node.channels = std::max(2, node.channels / divisor);
    } else {
      node.channels = from_input;
    }
  }
  return engine::Graph(graph.model(), std::move(nodes));
}

}  // namespace impasto::testing
