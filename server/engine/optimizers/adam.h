// Adam (Kingma and Ba, arXiv:1412.6980) in TensorFlow's form, with a box: what the method's figures were made
// with.
#pragma once

#include "base/size.h"
#include "engine/optimizers/optimizer.h"

namespace impasto::engine {

struct AdamOptions {
  double learning_rate = 5;
  double beta1 = 0.99;
  double beta2 = 0.999;
  // Added to sqrt(v) as it is, before the bias correction that TensorFlow puts into the rate:
  //   lr_t = lr sqrt(1 - beta2^t) / (1 - beta1^t);  x -= lr_t m / (sqrt(v) + epsilon)
  double epsilon = 0.1;
  // Above 0: the rate falls to 0 along half a cosine, (1 + cos(pi (t - 1) / cosine_steps)) / 2 in step t of
  // the schedule, and stays there.
  int cosine_steps = 0;
  float lower = 0;  // x is clipped to lower..upper after every step; the moments don't know
  float upper = 255;
};

class Adam final : public Optimizer {
 public:
  Adam(const AdamOptions& options, size_t size) : options_(options), m_(size), v_(size) {}

  void Step(double loss, absl::Span<const float> gradient, absl::Span<float> x) override;

  // Adam's steps don't depend on the objective's scale, but its moments do: with the first gradient of the
  // new objective m is multiplied by r and v by r^2, where r is that gradient's length over the last one's.
  // Else the old objective's moments would outweigh the new gradients for as long as the averages reach back
  // (1000 steps for v), or vanish beside them and let the first steps leap.
  void ObjectiveChanged() override { objective_changed_ = steps_ > 0; }
  // The cosine goes on along its new length.
  void SetRate(double learning_rate, int schedule_steps) override;

  // counters: steps made, those before the schedule began, whether the objective has changed; scalars: the
  // latest gradient's length; vectors: the moments m and v. v is nowhere negative.
  OptimizerState SaveState() const override;
  absl::Status RestoreState(OptimizerState state) override;

  int steps() const { return steps_; }

 private:
  void RescaleMoments(double factor);

  AdamOptions options_;
  int steps_ = 0;
  int schedule_start_ = 0;
  bool objective_changed_ = false;  // since the latest step
  double gradient_length_ = 0;      // Euclidean, in the latest step
  std::vector<float> m_, v_;
};

// What Adam goes on from where its picture was enlarged. The schedule begins anew.
OptimizerState EnlargedAdamState(const OptimizerState& state, Size from, Size to);

}  // namespace impasto::engine
