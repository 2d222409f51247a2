#include "engine/optimizers/adam.h"

#include <gtest/gtest.h>

#include <cmath>

namespace impasto::engine {
namespace {

TEST(AdamTest, FirstStepIsTheRateAgainstTheSign) {
  // m / (1 - b1) = g and sqrt(v / (1 - b2)) = |g|: the step is lr |g| / (|g| + eps / sqrt(1 - b2)).
  Adam adam({.learning_rate = 5, .epsilon = 0.1}, 2);
  std::vector<float> x = {100, 100};
  adam.Step(std::vector<float>{1000.0f, -2.0f}, absl::MakeSpan(x));
  const double epsilon = 0.1 / std::sqrt(1e-3);
  EXPECT_NEAR(x[0], 100 - 5 * 1000 / (1000 + epsilon), 1e-4);
  EXPECT_NEAR(x[1], 100 + 5 * 2 / (2 + epsilon), 1e-4);
}

TEST(AdamTest, FollowsTheFormulaInDouble) {
  Adam adam({}, 1);
  std::vector<float> x = {128};
  double expected = 128, m = 0, v = 0;
  for (int t = 1; t <= 50; ++t) {
    const double g = 3 * std::sin(t) + 1;
    adam.Step(std::vector<float>{static_cast<float>(g)}, absl::MakeSpan(x));
    m = 0.99 * m + 0.01 * g;
    v = 0.999 * v + 0.001 * g * g;
    expected -= 5 * std::sqrt(1 - std::pow(0.999, t)) / (1 - std::pow(0.99, t)) * m / (std::sqrt(v) + 0.1);
    expected = std::fmin(std::fmax(expected, 0), 255);
    ASSERT_NEAR(x[0], expected, 1e-3) << t;
  }
}

TEST(AdamTest, ClipsTheValueAndKeepsTheMoments) {
  Adam adam({}, 1);
  std::vector<float> x = {2};
  adam.Step(std::vector<float>{1e4f}, absl::MakeSpan(x));
  EXPECT_EQ(x[0], 0.0f);
  adam.Step(std::vector<float>{-1e4f}, absl::MakeSpan(x));
  // The mean gradient is still that of both: 0.99 * 100 - 100 = -1 over its correction.
  const double m = (0.99 * 100 - 100) / (1 - std::pow(0.99, 2));
  EXPECT_NEAR(x[0], -5 * m / 1e4, 1e-3);
}

}  // namespace
}  // namespace impasto::engine
