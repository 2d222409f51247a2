// What moves the picture: a step at a time, from the loss and the gradient of where it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"

namespace impasto::engine {

// A vector of numbers that never changes again: it may be shared with other threads.
using SharedNumbers = std::shared_ptr<const std::vector<float>>;

// What an optimiser knows, as plain numbers. What they mean is the optimiser's own.
struct OptimizerState {
  std::vector<int64_t> counters;
  std::vector<double> scalars;
  std::vector<SharedNumbers> vectors;  // none is null
};

// Not thread-safe.
class Optimizer {
 public:
  virtual ~Optimizer() = default;

  // Moves `x`, at which the objective has `loss` and `gradient`, one step within the box. `x` is what the
  // step before left, to the bit. All of the size that the optimiser was made for; loss and gradient are
  // finite.
  virtual void Step(double loss, absl::Span<const float> gradient, absl::Span<float> x) = 0;

  // From the next Step on loss and gradient are those of another objective, at the same x.
  virtual void ObjectiveChanged() = 0;
  // From the next Step on; of what has no learning rate, nothing.
  virtual void SetRate(double learning_rate, int schedule_steps) = 0;

  // All that later steps depend on, besides x. An optimiser of the same options that restores it makes the
  // same steps, to the bit. Vectors that the optimiser never writes again are shared, others copied.
  virtual OptimizerState SaveState() const = 0;
  // INVALID_ARGUMENT, and nothing has changed: it isn't a state of such an optimiser of this size.
  virtual absl::Status RestoreState(OptimizerState state) = 0;
};

}  // namespace impasto::engine
