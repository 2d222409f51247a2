#include "engine/optimizers/adam.h"

#include <algorithm>
#include <cmath>

namespace impasto::engine {

void Adam::Step(absl::Span<const float> gradient, absl::Span<float> x) {
  ++steps_;
  const double correction1 = 1 - std::pow(options_.beta1, steps_);
  const double correction2 = 1 - std::pow(options_.beta2, steps_);
  const auto rate = static_cast<float>(options_.learning_rate * std::sqrt(correction2) / correction1);
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

}  // namespace impasto::engine
