// Adam (Kingma and Ba, arXiv:1412.6980) in TensorFlow's form, with a box: what the method's figures were made
// with.
#pragma once

#include <cstddef>
#include <vector>

#include "absl/types/span.h"

namespace impasto::engine {

struct AdamOptions {
  double learning_rate = 5;
  double beta1 = 0.99;
  double beta2 = 0.999;
  // Added to sqrt(v) as it is, before the bias correction that TensorFlow puts into the rate:
  //   lr_t = lr sqrt(1 - beta2^t) / (1 - beta1^t);  x -= lr_t m / (sqrt(v) + epsilon)
  double epsilon = 0.1;
  float lower = 0;  // x is clipped to lower..upper after every step; the moments don't know
  float upper = 255;
};

// Not thread-safe.
class Adam {
 public:
  Adam(const AdamOptions& options, size_t size) : options_(options), m_(size), v_(size) {}

  // One step of `x` along `gradient`, both of the size given.
  void Step(absl::Span<const float> gradient, absl::Span<float> x);
  int steps() const { return steps_; }

 private:
  AdamOptions options_;
  int steps_ = 0;
  std::vector<float> m_, v_;
};

}  // namespace impasto::engine
