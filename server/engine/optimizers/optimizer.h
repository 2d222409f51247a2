// What moves the picture: a step at a time, from the loss and the gradient of where it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"

namespace impasto::engine {

// What an optimiser knows, as plain numbers. What they mean is the optimiser's own.
struct OptimizerState {
  std::vector<int64_t> counters;
  std::vector<double> scalars;
  std::vector<std::vector<float>> vectors;
};

// Not thread-safe.
class Optimizer {
 public:
  virtual ~Optimizer() = default;

  // Moves `x`, at which the objective has `loss` and `gradient`, one step within the box. `x` is what the
  // step before left, to the bit. All of the size that the optimiser was made for; loss and gradient are
  // finite.
  virtual void Step(double loss, absl::Span<const float> gradient, absl::Span<float> x) = 0;

  // A copy of all that later steps depend on, besides x. An optimiser of the same options that restores it
  // makes the same steps, to the bit.
  virtual OptimizerState SaveState() const = 0;
  // INVALID_ARGUMENT, and nothing has changed: it isn't a state of such an optimiser of this size.
  virtual absl::Status RestoreState(OptimizerState state) = 0;
};

}  // namespace impasto::engine
