// L-BFGS (Liu and Nocedal 1989; Nocedal and Wright, Numerical Optimization, algorithms 7.4 and 7.5) in a box,
// with one evaluation a step.
#pragma once

#include <functional>

#include "engine/optimizers/optimizer.h"

namespace impasto::engine {

struct LbfgsOptions {
  int history =
      10;  // pairs kept, at least 1; each costs 8 bytes a number, and one more waits for its gradient
  // What the first step, straight against the gradient, changes a number by on average, before the box. Later
  // steps find their own length.
  double first_change = 1;
  // A symmetric, positive definite operator, in place: what the recursion starts from in place of the
  // identity, and what steps straight against the gradient go through. Empty: the identity. It decides how
  // many steps a run takes, not where it ends.
  std::function<void(absl::Span<float>)> metric;
  float lower = 0;
  float upper = 255;
};

// A number at its bound whose gradient points out of the box is fixed for the step: the direction is found
// for the others alone, and so still leads downhill (Bertsekas, SIAM J. Control Optim. 20, 1982). The pairs
// are of the steps as they were made, after the box, so that they tell of the objective's curvature and
// nothing else.
//
// A step that raised the loss is taken back: the next one goes a part of its way, and after a few such the
// pairs are forgotten and the way is against the gradient. So the loss of accepted points never rises, and
// the worst that can happen is a standstill. Pairs without positive curvature are left out.
class Lbfgs final : public Optimizer {
 public:
  Lbfgs(const LbfgsOptions& options, size_t size);

  void Step(double loss, absl::Span<const float> gradient, absl::Span<float> x) override;

  // Begins anew: the pairs tell of another objective's curvature, and the accepted point's loss is one that
  // no step under the new objective can be held against.
  void ObjectiveChanged() override;
  void SetRate(double /*learning_rate*/, int /*schedule_steps*/) override {}

  // vectors: the pairs (s, y), the oldest first, then the latest accepted point and its gradient; all of them
  // are shared.
  OptimizerState SaveState() const override;
  absl::Status RestoreState(OptimizerState state) override;

  int pairs() const { return pairs_; }            // in use
  int rejections() const { return rejections_; }  // steps taken back so far

 private:
  // The vectors are new ones for every pair and point, and never written again: saved states share them.
  struct Pair {
    SharedNumbers s, y;     // change of x, change of the gradient
    double inverse_sy = 0;  // 1 / s.y
  };
  // The pair that is `age` steps old, 1..pairs_; 0 is the one that waits: it holds the accepted point in s
  // and the gradient there in y.
  Pair& At(int age) { return ring_[(next_ + ring_.size() - static_cast<size_t>(age)) % ring_.size()]; }
  const Pair& At(int age) const { return const_cast<Lbfgs*>(this)->At(age); }

  void KeepPair(absl::Span<const float> gradient, absl::Span<const float> x);
  void Retreat(double loss, absl::Span<float> x);
  // Both fill direction_, for the accepted point x and its gradient, and return its slope there.
  double QuasiNewtonDirection(const float* gradient, const float* x);
  double SteepestDirection(const float* gradient, const float* x);
  bool Fixed(float gradient, float x) const {
    return (x <= options_.lower && gradient > 0) || (x >= options_.upper && gradient < 0);
  }

  const LbfgsOptions options_;
  const size_t size_;
  std::vector<Pair> ring_;  // history + 1
  size_t next_ = 0;         // of ring_: the pair that waits
  int pairs_ = 0;
  bool started_ = false;
  double loss_ = 0;   // at the accepted point
  double slope_ = 0;  // of the loss along the step from there
  double scale_ = 0;  // s.y / y.My of the newest pair: what the metric M is multiplied by
  double change_;     // mean change of a step straight against the gradient
  int retreats_ = 0;  // in a row
  int rejections_ = 0;
  std::vector<float> direction_;
};

}  // namespace impasto::engine
