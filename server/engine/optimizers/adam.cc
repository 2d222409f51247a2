#include "engine/optimizers/adam.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

#include "base/resample.h"
#include "engine/optimizers/vectors.h"

namespace impasto::engine {

void Adam::Step(double /*loss*/, absl::Span<const float> gradient, absl::Span<float> x) {
  const double last_length =
      std::exchange(gradient_length_, std::sqrt(Dot(gradient.data(), gradient.data(), gradient.size())));
  if (std::exchange(objective_changed_, false) && last_length > 0) {
    RescaleMoments(gradient_length_ / last_length);
  }
  double learning_rate = options_.learning_rate;
  if (options_.cosine_steps > 0) {
    const double way = std::min(1.0, static_cast<double>(steps_ - schedule_start_) / options_.cosine_steps);
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

void Adam::RescaleMoments(double factor) {
  // Weights may change by more than a float's range.
  constexpr double kMost = std::numeric_limits<float>::max();
  for (size_t i = 0; i < m_.size(); ++i) {
    m_[i] = static_cast<float>(std::clamp(factor * m_[i], -kMost, kMost));
    v_[i] = static_cast<float>(std::min(factor * factor * v_[i], kMost));
  }
}

void Adam::SetRate(double learning_rate, int schedule_steps) {
  options_.learning_rate = learning_rate;
  if (options_.cosine_steps > 0) options_.cosine_steps = schedule_steps;
}

OptimizerState Adam::SaveState() const {
  return {.counters = {steps_, schedule_start_, objective_changed_},
          .scalars = {gradient_length_},
          .vectors = {std::make_shared<const std::vector<float>>(m_),
                      std::make_shared<const std::vector<float>>(v_)}};
}

absl::Status Adam::RestoreState(OptimizerState state) {
  const std::vector<int64_t>& counters = state.counters;
  if (counters.size() != 3 || counters[0] < 0 || counters[0] > std::numeric_limits<int>::max() ||
      counters[1] < 0 || counters[1] > counters[0] || counters[2] < 0 || counters[2] > 1 ||
      state.scalars.size() != 1 || !(state.scalars[0] >= 0) || state.vectors.size() != 2 ||
      state.vectors[0]->size() != m_.size() || state.vectors[1]->size() != v_.size()) {
    return absl::InvalidArgumentError("it isn't a state of Adam for a picture of this size");
  }
  if (!std::all_of(state.vectors[1]->begin(), state.vectors[1]->end(), [](float v) { return v >= 0; })) {
    return absl::InvalidArgumentError("Adam's mean squared gradient is negative somewhere");
  }
  steps_ = static_cast<int>(counters[0]);
  schedule_start_ = static_cast<int>(counters[1]);
  objective_changed_ = counters[2] == 1;
  gradient_length_ = state.scalars[0];
  // One after the other: never both twice.
  m_ = *std::exchange(state.vectors[0], nullptr);
  v_ = *std::exchange(state.vectors[1], nullptr);
  return absl::OkStatus();
}

OptimizerState EnlargedAdamState(const OptimizerState& state, Size from, Size to) {
  // Losses are means over positions: where a pixel becomes four, each has a quarter of its gradient. The
  // filter has no negative weights: a mean of squares stays one.
  const double share =
      static_cast<double>(from.width) * from.height / (static_cast<double>(to.width) * to.height);
  const auto enlarged = [&](const std::vector<float>& moment, double scale) {
    std::vector<float> values =
        Resampled(moment, from.width, from.height, to.width, to.height, Filter::kLinear);
    const auto factor = static_cast<float>(scale);
    for (float& value : values) value *= factor;
    return std::make_shared<const std::vector<float>>(std::move(values));
  };
  const int64_t steps = state.counters[0];
  return {.counters = {steps, steps, state.counters[2]},
          .scalars = {state.scalars[0] * std::sqrt(share)},
          .vectors = {enlarged(*state.vectors[0], share), enlarged(*state.vectors[1], share * share)}};
}

}  // namespace impasto::engine
