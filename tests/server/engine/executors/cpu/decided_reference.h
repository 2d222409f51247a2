// The float64 reference of a network, for a picture at which nothing is decided by a hair.
//
// A ReLU or a max pool decides, and where two numbers are nearly equal, float32 may decide otherwise than
// float64: both gradients are right then, and differ. With a picture chosen such that no decision is a near
// thing, limits can be tight.
#pragma once

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "engine/nets/graph.h"
#include "tests/testing/reference_net.h"

namespace impasto::testing {

inline Map RandomMap(size_t n, uint32_t seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal;
  Map map(n);
  // Exact in float32, so that both sides see the same numbers.
  for (double& v : map) v = normal(generator);
  return map;
}

inline std::vector<float> Floats(const Map& map) { return {map.begin(), map.end()}; }

// A network, its fused ReLUs as nodes of their own: what they decide on is a value, too.
class DecidedReference {
  using Graph = engine::Graph;
  using Node = engine::Node;
  using Op = engine::Op;
  using TensorShape = engine::TensorShape;
  using Weights = engine::Weights;

 public:
  DecidedReference(const Graph& graph, const Weights& weights, int height, int width)
      : graph_(Split(graph)), weights_(Rename(graph, weights)), height_(height), width_(width) {}

  // Takes the first picture whose nearest decision is at least `margin` away, as a share of its map's root
  // mean square; or the best of a few.
  double Choose(double margin) {
    double best = -1;
    for (uint32_t seed = 11; seed < 31 && best < margin; ++seed) {
      const Map picture = RandomMap(3 * static_cast<size_t>(height_) * width_, seed);
      std::vector<Map> values = ReferenceForward(graph_, weights_, picture, height_, width_);
      const double nearest = NearestDecision(values);
      if (nearest > best) {
        best = nearest;
        values_ = std::move(values);
      }
    }
    return best;
  }

  const Map& picture() const { return values_[0]; }
  const Map& value(const std::string& name) const { return values_[graph_.Find(name)]; }
  // The picture's, for gradients given at nodes by name.
  Map Gradient(const std::map<std::string, Map>& gradients) const {
    return ReferenceBackward(graph_, weights_, values_, height_, width_, gradients);
  }
  // The numbers that a layer's ReLU decides on, root mean square 1; empty for a layer without one.
  Map ReluInput(const std::string& layer) const {
    const int linear = graph_.Find(layer + "/linear");
    if (linear < 0) return {};
    Map map = values_[linear];
    const double scale = 1 / Rms(map);
    for (double& v : map) v *= scale;
    return map;
  }

 private:
  static bool HasRelu(const Node& node) { return node.op == Op::kConv2d && node.relu; }

  static Graph Split(const Graph& graph) {
    std::vector<Node> nodes;
    std::vector<int> at;  // of the old nodes' values
    for (Node node : graph.nodes()) {
      for (int& input : node.inputs) input = at[input];
      const bool relu = HasRelu(node);
      const std::string name = node.name;
      if (relu) {
        node.name += "/linear";
        node.relu = false;
      }
      nodes.push_back(node);
      at.push_back(static_cast<int>(nodes.size()) - 1);
      if (relu) {
        nodes.push_back({.name = name, .op = Op::kRelu, .inputs = {at.back()}, .channels = node.channels});
        ++at.back();
      }
    }
    return Graph(graph.model(), std::move(nodes));
  }

  static Weights Rename(const Graph& graph, const Weights& weights) {
    Weights renamed = weights;
    for (const Node& node : graph.nodes()) {
      if (!HasRelu(node)) continue;
      auto layer = renamed.layers.extract(node.name);
      layer.key() += "/linear";
      renamed.layers.insert(std::move(layer));
    }
    return renamed;
  }

  static double Rms(const Map& map) {
    double squares = 0;
    for (const double v : map) squares += v * v;
    return std::max(std::sqrt(squares / static_cast<double>(map.size())), 1e-30);
  }

  double NearestDecision(const std::vector<Map>& values) const {
    const std::vector<TensorShape> shapes = *graph_.Shapes(height_, width_);
    double nearest = INFINITY;
    for (size_t n = 1; n < values.size(); ++n) {
      const Node& node = graph_.nodes()[n];
      const Map& in = values[node.inputs[0]];
      double least = INFINITY;
      if (node.op == Op::kRelu) {
        for (const double v : in) least = std::min(least, std::abs(v));
      } else if (node.op == Op::kMaxPool) {
        const TensorShape& from = shapes[node.inputs[0]];
        for (size_t i = 0; i < values[n].size(); ++i) {
          const size_t c = i / shapes[n].positions(), y = i % shapes[n].positions() / shapes[n].width;
          std::vector<double> window;
          for (int k = 0; k < node.kernel * node.kernel; ++k) {
            window.push_back(in[(c * from.height + y * node.stride + k / node.kernel) * from.width +
                                i % shapes[n].width * node.stride + k % node.kernel]);
          }
          std::sort(window.rbegin(), window.rend());
          // Zeros behind a ReLU, or of padding, are equal, and whichever is chosen, no gradient gets through.
          if (window[0] > 0) least = std::min(least, window[0] - window[1]);
        }
      }
      nearest = std::min(nearest, least / Rms(in));
    }
    return nearest;
  }

  const Graph graph_;
  const Weights weights_;
  const int height_, width_;
  std::vector<Map> values_;
};

}  // namespace impasto::testing
