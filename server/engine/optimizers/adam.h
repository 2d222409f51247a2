// Adam (Kingma and Ba, arXiv:1412.6980) in TensorFlow's form, with a box: what the method's figures were made
// with.
#pragma once

#include "engine/optimizers/optimizer.h"

namespace impasto::engine {

struct AdamOptions {
  double learning_rate = 5;
  double beta1 = 0.99;
  double beta2 = 0.999;
  // Added to sqrt(v) as it is, before the bias correction that TensorFlow puts into the rate:
  //   lr_t = lr sqrt(1 - beta2^t) / (1 - beta1^t);  x -= lr_t m / (sqrt(v) + epsilon)
  double epsilon = 0.1;
  // Above 0: the rate falls to 0 along half a cosine, (1 + cos(pi (t - 1) / cosine_steps)) / 2 in step t, and
  // stays there.
  int cosine_steps = 0;
  float lower = 0;  // x is clipped to lower..upper after every step; the moments don't know
  float upper = 255;
};

class Adam final : public Optimizer {
 public:
  Adam(const AdamOptions& options, size_t size) : options_(options), m_(size), v_(size) {}

  void Step(double loss, absl::Span<const float> gradient, absl::Span<float> x) override;

  // counters: steps made; vectors: the moments m and v. v is nowhere negative.
  OptimizerState SaveState() const override;
  absl::Status RestoreState(OptimizerState state) override;

  int steps() const { return steps_; }

 private:
  AdamOptions options_;
  int steps_ = 0;
  std::vector<float> m_, v_;
};

}  // namespace impasto::engine
