// How much arithmetic a step would be with direct convolutions.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/nets/graph.h"
#include "engine/recipe.h"

namespace impasto::bench {

// Floating-point operations of one pass forward through the convolutions that the taps need, and backward to
// the picture, done directly: twice the multiply-adds, and as many backward as forward. Pools, Gram matrices
// and the optimiser aren't counted. A convolution that needs fewer (Winograd) gets the same count:
// "effective". INVALID_ARGUMENT: an unknown tap, a picture too small.
absl::StatusOr<double> DirectFlops(const engine::Graph& graph, const std::vector<std::string>& taps,
                                   int height, int width);

// The layers that a recipe taps, each once.
std::vector<std::string> TapsOf(const engine::Recipe& recipe);

}  // namespace impasto::bench
