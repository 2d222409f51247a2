#include "engine/optimizers/adam.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace impasto::engine {
namespace {

TEST(AdamTest, FirstStepIsTheRateAgainstTheSign) {
  // m / (1 - b1) = g and sqrt(v / (1 - b2)) = |g|: the step is lr |g| / (|g| + eps / sqrt(1 - b2)).
  Adam adam({.learning_rate = 5, .epsilon = 0.1}, 2);
  std::vector<float> x = {100, 100};
  adam.Step(0, std::vector<float>{1000.0f, -2.0f}, absl::MakeSpan(x));
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
    adam.Step(0, std::vector<float>{static_cast<float>(g)}, absl::MakeSpan(x));
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
  adam.Step(0, std::vector<float>{1e4f}, absl::MakeSpan(x));
  EXPECT_EQ(x[0], 0.0f);
  adam.Step(0, std::vector<float>{-1e4f}, absl::MakeSpan(x));
  // The mean gradient is still that of both: 0.99 * 100 - 100 = -1 over its correction.
  const double m = (0.99 * 100 - 100) / (1 - std::pow(0.99, 2));
  EXPECT_NEAR(x[0], -5 * m / 1e4, 1e-3);
}

TEST(AdamTest, TheRateFallsAlongHalfACosine) {
  // A gradient that never changes, and an epsilon that doesn't count: every step is the rate.
  Adam adam({.learning_rate = 8, .epsilon = 1e-12, .cosine_steps = 4}, 1);
  std::vector<float> x = {200};
  float before = x[0];
  for (const double expected : {8.0, 4 * (1 + std::sqrt(0.5)), 4.0, 4 * (1 - std::sqrt(0.5)), 0.0, 0.0}) {
    adam.Step(0, std::vector<float>{3.0f}, absl::MakeSpan(x));
    EXPECT_NEAR(before - x[0], expected, 1e-3);
    before = x[0];
  }
}

TEST(AdamTest, ARestoredStateGoesOnBitForBit) {
  const auto gradient = [](const std::vector<float>& x, int t) {
    std::vector<float> g;
    for (const float v : x) g.push_back(std::sin(v + static_cast<float>(t)) * 40);
    return g;
  };
  const AdamOptions options{.cosine_steps = 20};
  Adam whole(options, 3), first(options, 3), second(options, 3);
  std::vector<float> x = {3, 100, 254}, y = x;
  for (int t = 0; t < 20; ++t) {
    whole.Step(0, gradient(x, t), absl::MakeSpan(x));
    if (t == 9) ASSERT_TRUE(second.RestoreState(first.SaveState()).ok());
    (t < 9 ? first : second).Step(0, gradient(y, t), absl::MakeSpan(y));
    if (t < 9) ASSERT_EQ(x, y);
  }
  EXPECT_EQ(x, y);
  EXPECT_EQ(second.steps(), 20);
}

TEST(AdamTest, StepsGoOnWhenTheObjectiveIsMultiplied) {
  // Gradients of one length whose signs change: the new ones are the old ones times 10^6.
  const AdamOptions options{.learning_rate = 2, .epsilon = 1e-12};
  Adam whole(options, 2), changed(options, 2), deaf(options, 2);
  std::vector<float> x = {100, 120}, y = x, z = x;
  const auto gradient = [](int t, float factor) {
    return std::vector<float>{t % 3 == 0 ? -3 * factor : 3 * factor, t % 2 == 0 ? factor : -factor};
  };
  float apart = 0;
  for (int t = 0; t < 30; ++t) {
    if (t == 10) changed.ObjectiveChanged();
    whole.Step(0, gradient(t, 1), absl::MakeSpan(x));
    changed.Step(0, gradient(t, t < 10 ? 1 : 1e6f), absl::MakeSpan(y));
    deaf.Step(0, gradient(t, t < 10 ? 1 : 1e6f), absl::MakeSpan(z));
    for (size_t i = 0; i < 2; ++i) ASSERT_NEAR(x[i], y[i], 1e-3) << t;
    apart = std::max(apart, std::abs(z[0] - x[0]));
  }
  EXPECT_GT(apart, 0.1);
}

TEST(AdamTest, AnotherObjectiveBeforeTheFirstStepOrAfterNoGradientIsNothing) {
  Adam adam({}, 1), other({}, 1);
  std::vector<float> x = {100}, y = x;
  adam.ObjectiveChanged();
  for (const float g : {0.0f, 4.0f, 5.0f}) {
    adam.Step(0, std::vector<float>{g}, absl::MakeSpan(x));
    other.Step(0, std::vector<float>{g}, absl::MakeSpan(y));
    if (g == 0) adam.ObjectiveChanged();
    EXPECT_EQ(x, y);
  }
}

TEST(AdamTest, MomentsStayFiniteWhateverTheWeights) {
  Adam adam({}, 1);
  std::vector<float> x = {100};
  adam.Step(0, std::vector<float>{1e-12f}, absl::MakeSpan(x));
  adam.ObjectiveChanged();
  adam.Step(0, std::vector<float>{1e18f}, absl::MakeSpan(x));
  const OptimizerState state = adam.SaveState();
  EXPECT_TRUE(std::isfinite((*state.vectors[0])[0]));
  EXPECT_TRUE(std::isfinite((*state.vectors[1])[0]));
  EXPECT_TRUE(x[0] >= 0 && x[0] <= 255);
}

TEST(AdamTest, TheCosineGoesOnAlongItsNewLength) {
  Adam adam({.learning_rate = 8, .epsilon = 1e-12, .cosine_steps = 4}, 1);
  std::vector<float> x = {200};
  const auto step = [&] {
    const float before = x[0];
    adam.Step(0, std::vector<float>{3.0f}, absl::MakeSpan(x));
    return before - x[0];
  };
  step();
  step();
  adam.SetRate(10, 8);  // a quarter of the way
  EXPECT_NEAR(step(), 5 * (1 + std::sqrt(0.5)), 1e-3);
  Adam constant({.learning_rate = 8, .epsilon = 1e-12}, 1);
  constant.SetRate(3, 10);
  std::vector<float> y = {100};
  constant.Step(0, std::vector<float>{3.0f}, absl::MakeSpan(y));
  EXPECT_NEAR(y[0], 97, 1e-3);
}

TEST(AdamTest, AnEnlargedStateHasASmallerGradientAPixelAndANewSchedule) {
  // A flat picture's moments stay flat: 2 x 2 pixels to 4 x 4, a quarter of the gradient each.
  const AdamOptions options{.learning_rate = 8, .epsilon = 1e-12, .cosine_steps = 3};
  Adam coarse(options, 12);
  std::vector<float> x(12, 100);
  for (int t = 0; t < 3; ++t) coarse.Step(0, std::vector<float>(12, 8.0f), absl::MakeSpan(x));
  coarse.ObjectiveChanged();
  const OptimizerState before = coarse.SaveState();
  const OptimizerState state = EnlargedAdamState(before, {2, 2}, {4, 4});
  ASSERT_EQ(state.vectors[0]->size(), 48u);
  for (size_t i = 0; i < 48; ++i) {
    EXPECT_NEAR((*state.vectors[0])[i], (*before.vectors[0])[0] / 4, 1e-5);
    EXPECT_NEAR((*state.vectors[1])[i], (*before.vectors[1])[0] / 16, 1e-7);
  }
  // |g| of 48 numbers of 2 is half that of 12 numbers of 8.
  EXPECT_DOUBLE_EQ(state.scalars[0], before.scalars[0] / 2);
  Adam fine(options, 48);
  ASSERT_TRUE(fine.RestoreState(state).ok());
  std::vector<float> y(48, 100);
  fine.Step(0, std::vector<float>(48, 2.0f), absl::MakeSpan(y));
  EXPECT_NEAR(y[0], 92, 1e-2);  // the whole rate: the schedule begins, the averages go on
}

TEST(AdamTest, RefusesAStateThatIsNotItsOwn) {
  const OptimizerState good = Adam({}, 2).SaveState();
  Adam adam({}, 2);
  EXPECT_TRUE(adam.RestoreState(good).ok());
  OptimizerState bad = good;
  bad.counters[0] = -1;
  EXPECT_EQ(adam.RestoreState(bad).code(), absl::StatusCode::kInvalidArgument);
  bad = good;
  bad.vectors[1] = std::make_shared<const std::vector<float>>(3);
  EXPECT_EQ(adam.RestoreState(bad).code(), absl::StatusCode::kInvalidArgument);
  bad = good;
  bad.vectors[1] = std::make_shared<const std::vector<float>>(std::vector<float>{0, -1e-9f});
  EXPECT_EQ(adam.RestoreState(bad).code(), absl::StatusCode::kInvalidArgument);
  bad = good;
  bad.counters[1] = 1;
  EXPECT_EQ(adam.RestoreState(bad).code(), absl::StatusCode::kInvalidArgument);
  bad = good;
  bad.counters[2] = 2;
  EXPECT_EQ(adam.RestoreState(bad).code(), absl::StatusCode::kInvalidArgument);
  bad = good;
  bad.scalars[0] = std::nan("");
  EXPECT_EQ(adam.RestoreState(bad).code(), absl::StatusCode::kInvalidArgument);
  bad = good;
  bad.vectors.pop_back();
  EXPECT_EQ(adam.RestoreState(bad).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(adam.RestoreState({}).code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace impasto::engine
