// What every executor does first when it compiles: the part of a graph that some taps need, checked.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/nets/graph.h"

namespace impasto::engine {

struct TappedGraph {
  Graph graph;
  std::vector<TensorShape> shapes;  // of its nodes
};

// Errors as Executor::Compile has them. has_weights: whether there are weights for a layer of this name.
absl::StatusOr<TappedGraph> MakeTappedGraph(const Graph& graph, const std::vector<std::string>& taps,
                                            int height, int width, Pooling pooling,
                                            const std::function<bool(const std::string&)>& has_weights);

}  // namespace impasto::engine
