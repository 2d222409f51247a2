// A second implementation of every operator, in float64 and plain loops: what executors are held against.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/nets/graph.h"
#include "engine/weights/weights.h"

namespace impasto::testing {

using Map = std::vector<double>;  // channels x height x width

// The value of every node of the graph for `input` (3 x height x width).
std::vector<Map> ReferenceForward(const engine::Graph& graph, const engine::Weights& weights,
                                  const Map& input, int height, int width);

// The gradient at the input, for gradients given at nodes by name; `values` are ReferenceForward's.
Map ReferenceBackward(const engine::Graph& graph, const engine::Weights& weights,
                      const std::vector<Map>& values, int height, int width,
                      const std::map<std::string, Map>& gradients);

// A graph's weights, seeded: He-normal kernels, and biases and batch norms with numbers that differ, so that
// a mix-up shows.
engine::Weights SeededWeights(const engine::Graph& graph, int seed);

// |a - b| / |b|, in the Euclidean norm.
double RelativeError(const std::vector<float>& a, const Map& b);

}  // namespace impasto::testing
