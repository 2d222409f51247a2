// A convolution and its gradient as plain loops in float64, for the tests of this folder.
#pragma once

#include <vector>

#include "engine/nets/graph.h"
#include "engine/weights/weights.h"

namespace impasto::engine::cpu {

struct ReferenceConvolution {
  int in = 1, out = 1, kernel = 3, stride = 1, padding = 1;

  TensorShape OutShape(const TensorShape& shape) const {
    return {out, (shape.height + 2 * padding - kernel) / stride + 1,
            (shape.width + 2 * padding - kernel) / stride + 1};
  }

  // y(o) += sum over i of x(i) k(o, i); all planar, kernels [out][in][kernel][kernel].
  std::vector<double> Forward(const std::vector<float>& kernels, const std::vector<float>& x,
                              const TensorShape& shape) const {
    const TensorShape to = OutShape(shape);
    std::vector<double> y(to.elements());
    EachRow(shape, [&](size_t from, size_t at, size_t k, int columns) {
      for (int i = 0; i < columns; ++i)
        y[at + i] += static_cast<double>(x[from + static_cast<size_t>(i) * stride]) * kernels[k];
    });
    return y;
  }

  // The gradient at x, whose shape is `shape`, for the gradient `g` at y.
  std::vector<double> Backward(const std::vector<float>& kernels, const std::vector<float>& g,
                               const TensorShape& shape) const {
    std::vector<double> x(shape.elements());
    EachRow(shape, [&](size_t from, size_t at, size_t k, int columns) {
      for (int i = 0; i < columns; ++i)
        x[from + static_cast<size_t>(i) * stride] += static_cast<double>(g[at + i]) * kernels[k];
    });
    return x;
  }

  LayerWeights Layer(std::vector<float> kernels, std::vector<float> bias) const {
    LayerWeights layer;
    layer.kernel_shape = {out, in, kernel, kernel};
    layer.kernel = std::move(kernels);
    layer.bias = std::move(bias);
    return layer;
  }

 private:
  // f(index in x, index in y, index in kernels, columns): a row of products that lie next to one another.
  template <typename F>
  void EachRow(const TensorShape& shape, F f) const {
    const TensorShape to = OutShape(shape);
    for (int o = 0; o < out; ++o) {
      for (int i = 0; i < in; ++i) {
        for (int k = 0; k < kernel * kernel; ++k) {
          const int shift = k % kernel - padding;
          int first = 0, last = to.width - 1;
          while (first * stride + shift < 0) ++first;
          while (last * stride + shift >= shape.width) --last;
          if (last < first) continue;
          for (int y = 0; y < to.height; ++y) {
            const int from_y = y * stride + k / kernel - padding;
            if (from_y < 0 || from_y >= shape.height) continue;
            f((static_cast<size_t>(i) * shape.height + from_y) * shape.width + first * stride + shift,
              (static_cast<size_t>(o) * to.height + y) * to.width + first,
              (static_cast<size_t>(o) * in + i) * kernel * kernel + k, last - first + 1);
          }
        }
      }
    }
  }
};

}  // namespace impasto::engine::cpu
