// Internal to this folder: what a plan on LibTorch will take, from its shapes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/nets/graph.h"

namespace impasto::engine::torch_executor {

// Bytes that a plan holds at its peak: maps, what autograd saves, gradients at all taps and, on a CPU, the
// copies that a convolution makes of what it reads and writes in its library's own layout. `graph` is pruned
// to the taps, `shapes` are those of its nodes. A card's convolutions take workspace beside it, of a size
// that cuDNN chooses.
int64_t PlanBytes(const Graph& graph, const std::vector<TensorShape>& shapes,
                  const std::vector<std::string>& taps, bool channels_last, bool keep_gradient);

}  // namespace impasto::engine::torch_executor
