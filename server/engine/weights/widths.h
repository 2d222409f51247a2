// How many channels each layer of a network has, where a weights file decides it. The published graph is the
// template: names, operations and kernel sizes are its; a file may have fewer channels, if its layers agree
// with one another.
#pragma once

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "engine/nets/graph.h"

namespace impasto::engine {

// What a file says of one layer.
struct LayerWidth {
  int out = 0;
  int in = 0;  // a batch norm: as out
};

// The template with the file's channels. Layers that `known` lacks take theirs from their neighbours where
// those decide it (a ReLU has its input's, both sides of a sum are alike), and otherwise the template's.
// INVALID_ARGUMENT, naming the layers, where two widths contradict each other, or one is over the template's.
absl::StatusOr<Graph> AdaptWidths(const Graph& graph,
                                  const std::map<std::string, LayerWidth, std::less<>>& known);

}  // namespace impasto::engine
