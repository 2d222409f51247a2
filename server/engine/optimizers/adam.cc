#include "engine/optimizers/adam.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

namespace impasto::engine {

void Adam::Step(double /*loss*/, absl::Span<const float> gradient, absl::Span<float> x) {
  double learning_rate = options_.learning_rate;
  if (options_.cosine_steps > 0) {
    const double way = std::min(1.0, static_cast<double>(steps_) / options_.cosine_steps);
    learning_rate *= (1 + std::cos(std::numbers::pi * way)) / 2;
  }
  ++steps_;
  const double correction1 = 1 - std::pow(options_.beta1, steps_);
  const double correction2 = 1 - std::pow(options_.beta2, steps_);
  const auto rate = static_cast<float>(learning_rate * std::sqrt(correction2) / correction1);
  const auto b1 = static_cast<float>(options_.beta1);
  const auto b2 = static_cast<float>(options_.beta2);
  const auto a1 = static_cast<float>(1 - options_.beta1);
  const auto a2 = static_cast<float>(1 - options_.beta2);
  const auto epsilon = static_cast<float>(options_.epsilon);
  for (size_t i = 0; i < x.size(); ++i) {
    const float g = gradient[i];
    m_[i] = b1 * m_[i] + a1 * g;
    v_[i] = b2 * v_[i] + a2 * g * g;
    x[i] = std::clamp(x[i] - rate * m_[i] / (std::sqrt(v_[i]) + epsilon), options_.lower, options_.upper);
  }
}

OptimizerState Adam::SaveState() const { return {.counters = {steps_}, .vectors = {m_, v_}}; }

absl::Status Adam::RestoreState(OptimizerState state) {
  if (state.counters.size() != 1 || state.counters[0] < 0 ||
      state.counters[0] > std::numeric_limits<int>::max() || !state.scalars.empty() ||
      state.vectors.size() != 2 || state.vectors[0].size() != m_.size() ||
      state.vectors[1].size() != v_.size()) {
    return absl::InvalidArgumentError("it isn't a state of Adam for a picture of this size");
  }
  if (!std::all_of(state.vectors[1].begin(), state.vectors[1].end(), [](float v) { return v >= 0; })) {
    return absl::InvalidArgumentError("Adam's mean squared gradient is negative somewhere");
  }
  steps_ = static_cast<int>(state.counters[0]);
  m_ = std::move(state.vectors[0]);
  v_ = std::move(state.vectors[1]);
  return absl::OkStatus();
}

}  // namespace impasto::engine
