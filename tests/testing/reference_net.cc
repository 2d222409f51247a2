#include "tests/testing/reference_net.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace impasto::testing {
namespace {

using engine::Graph;
using engine::LayerWeights;
using engine::Node;
using engine::Op;
using engine::TensorShape;

// Calls f(input index, output index, kernel index) for every product of a convolution, along the rows of the
// output, where both indices rise evenly.
template <typename F>
void EachProduct(const Node& node, const TensorShape& in, const TensorShape& out, F f) {
  for (int o = 0; o < out.channels; ++o) {
    for (int i = 0; i < in.channels; ++i) {
      for (int k = 0; k < node.kernel * node.kernel; ++k) {
        const size_t weight = (static_cast<size_t>(o) * in.channels + i) * node.kernel * node.kernel + k;
        const int shift = k % node.kernel - node.padding;
        int first = 0, last = out.width - 1;
        while (first * node.stride + shift < 0) ++first;
        while (last * node.stride + shift >= in.width) --last;
        for (int y = 0; y < out.height; ++y) {
          const int from_y = y * node.stride + k / node.kernel - node.padding;
          if (from_y < 0 || from_y >= in.height) continue;
          const size_t from = (static_cast<size_t>(i) * in.height + from_y) * in.width;
          const size_t to = (static_cast<size_t>(o) * out.height + y) * out.width;
          for (int x = first; x <= last; ++x) f(from + x * node.stride + shift, to + x, weight);
        }
      }
    }
  }
}

// Calls f(output index, input indices of the window).
template <typename F>
void EachWindow(const Node& node, const TensorShape& in, const TensorShape& out, F f) {
  std::vector<size_t> window;
  for (int c = 0; c < out.channels; ++c) {
    for (int y = 0; y < out.height; ++y) {
      for (int x = 0; x < out.width; ++x) {
        window.clear();
        for (int ky = 0; ky < node.kernel; ++ky) {
          for (int kx = 0; kx < node.kernel; ++kx) {
            window.push_back((static_cast<size_t>(c) * in.height + y * node.stride + ky) * in.width +
                             x * node.stride + kx);
          }
        }
        f((static_cast<size_t>(c) * out.height + y) * out.width + x, window);
      }
    }
  }
}

size_t Largest(const Map& values, const std::vector<size_t>& window) {
  size_t best = window[0];
  for (const size_t i : window) {
    if (values[i] > values[best]) best = i;
  }
  return best;
}

double Scale(const Node& node, const LayerWeights& w, size_t c) {
  return w.gamma[c] / std::sqrt(w.variance[c] + node.epsilon);
}

// Index of the padded map's element that an element of the unpadded map becomes.
size_t Padded(const TensorShape& in, const TensorShape& out, int padding, size_t i) {
  const size_t x = i % in.width;
  const size_t y = i / in.width % in.height;
  const size_t c = i / in.width / in.height;
  return (c * out.height + y + padding) * out.width + x + padding;
}

}  // namespace

std::vector<Map> ReferenceForward(const Graph& graph, const engine::Weights& weights, const Map& input,
                                  int height, int width) {
  const std::vector<TensorShape> shapes = *graph.Shapes(height, width);
  std::vector<Map> values(graph.nodes().size());
  values[0] = input;
  for (size_t n = 1; n < values.size(); ++n) {
    const Node& node = graph.nodes()[n];
    const Map& x = values[node.inputs[0]];
    const TensorShape& in = shapes[node.inputs[0]];
    const TensorShape& out = shapes[n];
    Map& y = values[n];
    y.assign(out.elements(), 0.0);
    switch (node.op) {
      case Op::kConv2d: {
        const LayerWeights& w = weights.layers.at(node.name);
        for (size_t i = 0; i < y.size(); ++i) y[i] = w.bias[i / out.positions()];
        EachProduct(node, in, out, [&](size_t from, size_t to, size_t k) { y[to] += x[from] * w.kernel[k]; });
        if (node.relu) {
          for (double& v : y) v = std::max(v, 0.0);
        }
        break;
      }
      case Op::kBatchNorm: {
        const LayerWeights& w = weights.layers.at(node.name);
        for (size_t i = 0; i < y.size(); ++i) {
          const size_t c = i / out.positions();
          y[i] = (x[i] - w.mean[c]) * Scale(node, w, c) + w.beta[c];
        }
        break;
      }
      case Op::kRelu:
        for (size_t i = 0; i < y.size(); ++i) y[i] = std::max(x[i], 0.0);
        break;
      case Op::kZeroPad:
        for (size_t i = 0; i < x.size(); ++i) y[Padded(in, out, node.padding, i)] = x[i];
        break;
      case Op::kMaxPool:
        EachWindow(node, in, out,
                   [&](size_t to, const std::vector<size_t>& window) { y[to] = x[Largest(x, window)]; });
        break;
      case Op::kAveragePool:
        EachWindow(node, in, out, [&](size_t to, const std::vector<size_t>& window) {
          for (const size_t i : window) y[to] += x[i] / static_cast<double>(window.size());
        });
        break;
      case Op::kAdd:
        for (size_t i = 0; i < y.size(); ++i) y[i] = x[i] + values[node.inputs[1]][i];
        break;
      case Op::kInput:
        break;
    }
  }
  return values;
}

Map ReferenceBackward(const Graph& graph, const engine::Weights& weights, const std::vector<Map>& values,
                      int height, int width, const std::map<std::string, Map>& gradients) {
  const std::vector<TensorShape> shapes = *graph.Shapes(height, width);
  std::vector<Map> g(values.size());
  for (size_t n = 0; n < g.size(); ++n) {
    const auto given = gradients.find(graph.nodes()[n].name);
    g[n] = given == gradients.end() ? Map(values[n].size(), 0.0) : given->second;
  }
  for (size_t n = g.size(); n-- > 1;) {
    const Node& node = graph.nodes()[n];
    const Map& x = values[node.inputs[0]];
    const TensorShape& in = shapes[node.inputs[0]];
    const TensorShape& out = shapes[n];
    Map& gx = g[node.inputs[0]];
    Map gy = g[n];
    if (std::all_of(gy.begin(), gy.end(), [](double v) { return v == 0; })) continue;
    switch (node.op) {
      case Op::kConv2d: {
        const LayerWeights& w = weights.layers.at(node.name);
        for (size_t i = 0; i < gy.size(); ++i) {
          if (node.relu && values[n][i] <= 0) gy[i] = 0;
        }
        EachProduct(node, in, out,
                    [&](size_t from, size_t to, size_t k) { gx[from] += gy[to] * w.kernel[k]; });
        break;
      }
      case Op::kBatchNorm:
        for (size_t i = 0; i < gy.size(); ++i)
          gx[i] += gy[i] * Scale(node, weights.layers.at(node.name), i / out.positions());
        break;
      case Op::kRelu:
        for (size_t i = 0; i < gy.size(); ++i) gx[i] += x[i] > 0 ? gy[i] : 0;
        break;
      case Op::kZeroPad:
        for (size_t i = 0; i < gx.size(); ++i) gx[i] += gy[Padded(in, out, node.padding, i)];
        break;
      case Op::kMaxPool:
        EachWindow(node, in, out,
                   [&](size_t to, const std::vector<size_t>& window) { gx[Largest(x, window)] += gy[to]; });
        break;
      case Op::kAveragePool:
        EachWindow(node, in, out, [&](size_t to, const std::vector<size_t>& window) {
          for (const size_t i : window) gx[i] += gy[to] / static_cast<double>(window.size());
        });
        break;
      case Op::kAdd:
        for (size_t i = 0; i < gy.size(); ++i) {
          gx[i] += gy[i];
          g[node.inputs[1]][i] += gy[i];
        }
        break;
      case Op::kInput:
        break;
    }
  }
  return g[0];
}

engine::Weights SeededWeights(const Graph& graph, int seed) {
  // The standard fixes this generator's numbers, though not its distributions': golden values rest on them.
  std::mt19937 generator(static_cast<uint32_t>(seed));
  const auto unit = [&] { return static_cast<float>(generator() >> 8) / 16777216.0f; };
  const auto normal = [&] { return (unit() + unit() + unit() + unit() - 2) * 1.7320508f; };  // variance 1
  const auto uniform = [&] { return 0.5f + unit(); };
  engine::Weights weights;
  weights.model = graph.model();
  weights.preprocessing = engine::CaffePreprocessing();
  weights.origin = "seeded";
  weights.sha256 = "seeded";
  for (const Node& node : graph.nodes()) {
    if (!node.HasParameters()) continue;
    LayerWeights& layer = weights.layers[node.name];
    const int in = graph.nodes()[node.inputs[0]].channels;
    if (node.op == Op::kConv2d) {
      layer.kernel_shape = {node.channels, in, node.kernel, node.kernel};
      layer.kernel.resize(static_cast<size_t>(node.channels) * in * node.kernel * node.kernel);
      const float deviation = std::sqrt(2.0f / static_cast<float>(in * node.kernel * node.kernel));
      for (float& v : layer.kernel) v = deviation * normal();
      layer.bias.resize(node.channels);
      for (float& v : layer.bias) v = 0.1f * normal();
      continue;
    }
    for (std::vector<float>* p : {&layer.gamma, &layer.beta, &layer.mean, &layer.variance})
      p->resize(node.channels);
    for (int c = 0; c < node.channels; ++c) {
      layer.gamma[c] = uniform();
      layer.beta[c] = 0.3f * normal();
      layer.mean[c] = 0.3f * normal();
      layer.variance[c] = uniform();
    }
  }
  return weights;
}

double RelativeError(const std::vector<float>& a, const Map& b) {
  if (a.size() != b.size()) return INFINITY;
  double difference = 0, norm = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    difference += std::pow(a[i] - b[i], 2);
    norm += b[i] * b[i];
  }
  return norm == 0 ? std::sqrt(difference) : std::sqrt(difference / norm);
}

}  // namespace impasto::testing
