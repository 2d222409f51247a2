// Writes a graph node by node; each call returns the node's index.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/nets/graph.h"

namespace impasto::engine {

class GraphBuilder {
 public:
  int Input(std::string name) { return Add({.name = std::move(name), .op = Op::kInput, .channels = 3}); }
  int Conv(std::string name, int in, int channels, int kernel, int stride, int padding, bool relu) {
    return Add({.name = std::move(name),
                .op = Op::kConv2d,
                .inputs = {in},
                .channels = channels,
                .kernel = kernel,
                .stride = stride,
                .padding = padding,
                .relu = relu});
  }
  int BatchNorm(std::string name, int in) {
    return Add({.name = std::move(name), .op = Op::kBatchNorm, .inputs = {in}, .channels = channels(in)});
  }
  int Relu(std::string name, int in) {
    return Add({.name = std::move(name), .op = Op::kRelu, .inputs = {in}, .channels = channels(in)});
  }
  int ZeroPad(std::string name, int in, int padding) {
    return Add({.name = std::move(name),
                .op = Op::kZeroPad,
                .inputs = {in},
                .channels = channels(in),
                .padding = padding});
  }
  int MaxPool(std::string name, int in, int kernel, int stride) {
    return Add({.name = std::move(name),
                .op = Op::kMaxPool,
                .inputs = {in},
                .channels = channels(in),
                .kernel = kernel,
                .stride = stride});
  }
  int AddMaps(std::string name, int a, int b) {
    return Add({.name = std::move(name), .op = Op::kAdd, .inputs = {a, b}, .channels = channels(a)});
  }
  Graph Build(std::string model) && { return Graph(std::move(model), std::move(nodes_)); }

 private:
  int channels(int node) const { return nodes_[node].channels; }
  int Add(Node node) {
    nodes_.push_back(std::move(node));
    return static_cast<int>(nodes_.size()) - 1;
  }
  std::vector<Node> nodes_;
};

}  // namespace impasto::engine
